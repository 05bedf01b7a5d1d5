"""The customer's own area: only their own things, with what is needed to watch, to pay and to leave."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from web_shop import BOX, Browser, Shop

from billhead import clock
from billhead.actions.payments._refund_outcome import apply_refund_outcome
from billhead.actions.payments.refund import refund
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.documents import Document
from billhead.models.payments import PaymentMethod, Refund
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import AttemptState, Outcome
from billhead.plugin_host import vault


@pytest.fixture
def ada(shop: Shop) -> Browser:
    """Ada, who watches: one month is ordered and paid by card, and the card is kept."""
    browser = shop.customer()
    shop.order(browser, save="1")
    shop.pay(save=True)
    shop.work()
    return browser


def first(shop: Shop, table):
    with shop.app.app_context(), reading() as session:
        return session.scalars(select(table).order_by(table.id)).first()


def test_a_new_customer_is_shown_where_to_begin(shop: Shop):
    browser = shop.customer()
    for path, told in (
        ("/account/", "Nothing here yet"),
        ("/account/documents", "No invoices yet"),
        ("/account/payment-methods", "No saved payment methods"),
    ):
        assert told in browser.get(path).text


def test_the_dashboard_says_until_when_and_how_it_renews(shop: Shop, ada: Browser):
    page = ada.get("/account/").text
    paid_until = first(shop, Subscription).paid_through - timedelta(days=1)  # the last day
    assert f'datetime="{paid_until.isoformat()}"' in page
    assert "By card, automatically" in page


def test_addresses_have_copy_buttons_that_show_up_only_with_scripts(shop: Shop, ada: Browser):
    page = ada.get("/account/subscriptions/1").text
    assert "Playlist (M3U)" in page
    assert "TV guide (EPG)" in page
    assert 'data-copy="http://tv.example:8080" hidden>' in page


def test_a_box_gets_its_portal_and_no_password(shop: Shop):
    browser = shop.customer()
    shop.order(browser, "box", mac=BOX)
    shop.pay()
    shop.work()
    page = browser.get("/account/subscriptions/1").text
    assert "http://tv.example:8080/c/" in page
    assert BOX in page
    assert "Password</dt>" not in page


def test_a_line_that_is_being_set_up_looks_again_by_itself(shop: Shop, ada: Browser):
    shop.change(Service, 1, sync="pending", converged_version=0, observed={}, observed_at=None)
    page = ada.get("/account/subscriptions/1").text
    assert "provisioning</span>" in page
    assert 'data-look="/account/subscriptions/1?looks=1" data-look-every="4"' in page
    assert "http-equiv" not in ada.get("/account/subscriptions/1?looks=40").text


@pytest.mark.parametrize(("sync", "label"), [("failed", "failed"), ("unknown", "unknown")])
def test_trouble_with_a_panel_is_told_without_its_words(shop: Shop, ada: Browser, sync, label):
    shop.change(Service, 1, sync=sync, sync_error="SQLSTATE[42S02]", observed={}, observed_at=None)
    page = ada.get("/account/subscriptions/1").text
    assert f"{label}</span>" in page
    assert "We are on it" in page
    assert "SQLSTATE" not in page


def test_a_panel_whose_module_is_gone_leaves_the_page_standing(shop: Shop, ada: Browser):
    from billhead.models.panels import Panel

    shop.change(Panel, shop.panel_id, module="uninstalled")
    assert ada.get("/account/subscriptions/1").status_code == 200


def test_nobody_sees_what_is_somebody_elses(shop: Shop, ada: Browser):
    eve = shop.customer("eve@example.com")
    for path in (
        "/account/subscriptions/1", "/account/subscriptions/1/cancel", "/account/documents/1",
        "/account/documents/1.pdf", "/pay/1", "/pay/on/1", "/pay/1/return",
    ):  # fmt: skip
        assert ada.get(path).status_code in (200, 303), path
        assert eve.get(path).status_code == 404, path
    for path in ("/account/subscriptions/1/cancel", "/pay/1", "/account/payment-methods/1/remove"):
        assert eve.post(path, {"account": shop.accounts["cards"]}).status_code == 404, path
    assert first(shop, PaymentMethod).usable


def test_the_invoice_as_page_list_csv_and_pdf(shop: Shop, ada: Browser):
    page = ada.get("/account/documents").text
    number = next(d.number_text for d in documents(shop) if d.kind == "invoice")
    assert number in page
    assert "/account/documents/1" not in page, "her order, which the invoice stands for"
    shown = ada.get("/account/documents/2").text
    assert "Satamakatu 4" in shown
    assert "€9.99" in shown
    table = ada.get("/account/documents.csv")
    assert table.mimetype == "text/csv"
    assert f"{number},invoice," in table.text
    assert "9.99,0.00" in table.text
    assert len(table.text.splitlines()) == 2
    pdf = ada.get("/account/documents/2.pdf")
    assert pdf.data.startswith(b"%PDF-")
    assert f'filename="{number}.pdf"' in pdf.headers["Content-Disposition"]


def test_a_refund_is_claimed_from_ones_own_pages_until_it_is(shop: Shop, ada: Browser):
    eve = shop.customer("eve@example.com")
    pages = "/account/documents", "/account/documents/2"
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        owed = refund(tx, 1, 400, "source", reason="a week without pictures").refund_id
        row = tx.session.get_one(Refund, owed)
        apply_refund_outcome(tx, row, Outcome(AttemptState.PROCESSING, "pp1", action_url="https://coins.example/pp1"))
    for path in pages:
        shown = ada.get(path).text
        assert "€4.00 are ready to go back to you." in shown, path
        assert 'href="https://coins.example/pp1"' in shown, path
    assert "coins.example" not in eve.get(pages[0]).text
    assert eve.get(pages[1]).status_code == 404
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        apply_refund_outcome(tx, tx.session.get_one(Refund, owed), Outcome(AttemptState.SUCCEEDED, "pp1"))
    assert not any("coins.example" in ada.get(path).text for path in pages)


def documents(shop: Shop) -> list[Document]:
    with shop.app.app_context(), reading() as session:
        return list(session.scalars(select(Document).order_by(Document.id)))


def test_canceling_says_until_when_and_then_stops(shop: Shop, ada: Browser):
    until = first(shop, Subscription).paid_through
    asked = ada.get("/account/subscriptions/1/cancel").text
    last = until - timedelta(days=1)  # as everywhere: the last day that is paid
    assert f'datetime="{last.isoformat()}"' in asked
    ada.post("/account/subscriptions/1/cancel")
    ended = first(shop, Subscription)
    assert ended.service_ends_on == until
    assert ended.state == "active"
    assert "Cancel this subscription" not in ada.get("/account/subscriptions/1").text


def test_the_profile_keeps_what_is_right_and_marks_what_is_not(shop: Shop, ada: Browser):
    told = {"name": "Ada King", "country": "GB", "zone": "Europe/London", "city": "London", "street": "12 St James's"}
    assert ada.post("/account/profile", told).status_code == 303
    customer = first(shop, Customer)
    assert (customer.name, customer.country, customer.address["city"]) == ("Ada King", "GB", "London")
    wrong = ada.post("/account/profile", {**told, "name": ""})
    assert wrong.status_code == 422
    assert 'id="name-error"' in wrong.text
    assert first(shop, Customer).name == "Ada King"


def test_a_time_zone_that_no_list_has_stays_until_another_is_chosen(shop: Shop):
    """Eve signs up in a browser that names its zone by the hours from Greenwich."""
    eve = shop.customer("eve@example.com", zone="Etc/GMT-3")
    sam = shop.person("staff", "sam@example.com", "customers.write")
    kept = '<option selected value="Etc/GMT-3">'
    assert kept in eve.get("/account/profile").text
    assert kept in sam.get("/admin/customers/1/profile").text
    told = {"name": "Eve Online", "country": "FI", "zone": "Etc/GMT-3"}
    assert eve.post("/account/profile", told).status_code == 303
    assert sam.post("/admin/customers/1/profile", told | {"reason": "she rang"}).status_code == 303
    assert first(shop, Customer).zone == "Etc/GMT-3"
    assert eve.post("/account/profile", told | {"zone": "Europe/Moscow"}).status_code == 303
    assert kept not in eve.get("/account/profile").text


def test_a_new_vat_number_has_to_be_checked(shop: Shop, ada: Browser):
    ada.post("/account/profile", {"name": "Ada", "country": "FI", "zone": "UTC", "vat_id": "FI01234562"})
    assert first(shop, Customer).vat_id_state == "pending"


def test_a_removed_card_pays_no_more(shop: Shop, ada: Browser):
    assert "Visa •••• 4242" in ada.get("/account/payment-methods").text
    ada.post("/account/payment-methods/1/remove")
    assert "No saved payment methods" in ada.get("/account/payment-methods").text
    assert first(shop, PaymentMethod).token == ""
    kept = first(shop, Subscription)
    assert (kept.payment_method_id, kept.collection) == (None, "manual")


def test_a_declined_card_cannot_be_chosen(shop: Shop, ada: Browser):
    shop.change(PaymentMethod, 1, usable=False, is_default=False)
    assert "declined" in ada.get("/account/payment-methods").text
    assert ada.post("/account/payment-methods/1/default").status_code == 409


def test_saved_methods_are_moved_up_and_down(any_shop: Shop):
    """Visa pays renewals; SEPA and Amex were saved after it, and the Amex was declined for good."""
    shop, ada = any_shop, any_shop.customer()
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        kept = {"customer_id": 1, "account_id": 1, "token": vault().encrypt("t"), "created_at": clock.now()}
        tx.session.add(PaymentMethod(**kept, label="Visa", is_default=True, position=0))
        tx.session.add(PaymentMethod(**kept, label="SEPA", position=1))
        tx.session.add(PaymentMethod(**kept, label="Amex", position=2, usable=False))

    def order() -> list[tuple[str, bool]]:
        rows = shop.rows(PaymentMethod)
        return [(one.label, one.is_default) for one in sorted(rows, key=lambda one: (not one.is_default, one.position))]

    def move(key: int, way: str, who: Browser = ada) -> int:
        return who.post(f"/account/payment-methods/{key}/move", {"way": way}).status_code

    page = ada.get("/account/payment-methods").text
    assert (page.count(">Move up<"), page.count(">Move down<")) == (2, 2)
    assert move(3, "up") == 303
    assert order() == [("Visa", True), ("Amex", False), ("SEPA", False)]
    assert move(3, "up") == 409, "what was declined can't come first"
    assert move(1, "down") == 409
    assert ">Move up<" in ada.get("/account/payment-methods").text
    assert (move(2, "up"), move(2, "up")) == (303, 303)
    assert order() == [("SEPA", True), ("Visa", False), ("Amex", False)]
    assert (move(2, "up"), move(3, "down")) == (303, 303), "there is no place further"
    assert order() == [("SEPA", True), ("Visa", False), ("Amex", False)]
    assert move(1, "sideways") == 422
    bob = shop.customer("bob@example.com")
    assert move(1, "up", bob) == 404


def test_signing_out_everywhere_else(shop: Shop, ada: Browser):
    other = shop.visitor()
    other.sign_in("ada@example.com")
    ada.post("/security/sessions/end-others")
    assert other.get("/account/").status_code == 303
    assert ada.get("/account/").status_code == 200


def test_the_statement_tells_what_was_billed_and_paid(shop: Shop, ada: Browser):
    page = ada.get("/account/statement").text
    assert "You owe</dt><dd>€0.00" in page
    assert page.index("Payment") < page.index("Invoice <a")


def test_several_are_paid_at_once(shop: Shop):
    browser = shop.customer()
    shop.order(browser)
    shop.order(browser, "box", mac=BOX)
    assert "Pay all" in browser.get("/account/documents").text
    page = browser.get("/pay/several").text
    assert "€19.98 for what is marked" in page
    fields = {"document": ["1", "2"], "account": str(shop.accounts["cards"])}
    begun = browser.post("/pay/several", fields)
    assert begun.status_code == 303
    assert "/pay/on/" in begun.location
    refused = browser.post("/pay/several", {"document": ["1", "99"], "account": fields["account"]})
    assert refused.status_code == 409
    assert browser.post("/pay/several", {"account": fields["account"]}).status_code == 422
    for account in ("²", "9" * 30):
        assert browser.post("/pay/several", {**fields, "account": account}).status_code == 422
        assert browser.post("/pay/1", {"account": account}).status_code == 422
