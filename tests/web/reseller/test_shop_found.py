"""What a shop has sold, billed and been asked is found by whom or by number; nothing of another's."""

from white_label import WhiteLabel

from billhead.actions.shops.save_shop_department import save_shop_department
from billhead.actions.support.save_department import DepartmentEntry
from billhead.models.documents import Document
from billhead.models.people import Customer


def test_documents_and_orders_of_a_shop_are_found(any_white_label: WhiteLabel):
    white, aurora = any_white_label, any_white_label.area.browsers["aurora"]
    white.sell()
    white.shop.work()
    white.sell("bob@example.com")
    white.shop.work()
    bob = white.shop.rows(Customer, Customer.email == "bob@example.com")[0]
    white.shop.change(Customer, bob.id, name="Zoë Müller", sought_name="zoe muller")
    (invoice,) = white.shop.rows(Document, Document.customer_id == bob.id, Document.kind == "invoice")
    for page in ("/reseller/shop/documents", "/reseller/shop/orders"):
        assert "Ada Lovelace" in aurora.get(page).text
        for typed in ("zoe mul", "BOB@", invoice.number_text):
            found = aurora.get(page, query_string={"q": typed})
            assert "Zoë Müller" in found.text, (page, typed)
            assert "Ada Lovelace" not in found.text, (page, typed)
        assert "Nothing fits" in aurora.get(page, query_string={"q": "nobody %"}).text
        rows = aurora.get(page, query_string={"q": "zoe", "format": "csv"}).text
        assert ("Zoë Müller" in rows, "Ada Lovelace" in rows) == (True, False)
        assert "Zoë Müller" not in white.area.browsers["gulf"].get(page, query_string={"q": "zoe"}).text


def test_tickets_of_a_shop_are_found(white_label: WhiteLabel):
    aurora, ids = white_label.area.browsers["aurora"], white_label.area.ids
    keys = [
        white_label.act(save_shop_department, ids[who], DepartmentEntry("Desk"), who=who) for who in ("aurora", "gulf")
    ]
    told = {"text": "It is black.", "about": ""}
    for email, subject in (("ada@example.com", "No picture"), ("bob@example.com", "No sound")):
        customer = white_label.customer("aurora", email)
        form = {"department": str(keys[0]), "subject": subject, **told}
        assert customer.post("/account/tickets/new", form, page="/account/tickets/new").status_code == 303
    for typed in ("sound", "BOB@", "2"):
        page = aurora.get("/reseller/shop/tickets", query_string={"q": typed, "state": "open"}).text
        assert "No sound" in page, typed
        assert "No picture" not in page, typed
    assert "Nothing fits" in aurora.get("/reseller/shop/tickets?q=%25").text
    assert "No sound" not in white_label.area.browsers["gulf"].get("/reseller/shop/tickets?q=sound").text
