"""The reseller's own account: what a customer has, in the reseller's area, and nothing of its users or of others."""

from reseller_area import Area

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.documents import Document
from billhead.models.notices import NoticeChoice
from billhead.models.operations import AuditEntry
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer, Reseller
from billhead.models.support import Department, Ticket

HOME = {"name": "Baltic TV", "country": "EE", "zone": "Europe/Tallinn", "phone": "+372 5555"}


def test_a_reseller_looks_after_its_own_account(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    assert 'href="/account/documents"' in baltic.get("/reseller/").text
    # the credits that it buys are on its invoices, and an open one is paid from there
    ordered = baltic.post("/reseller/credits/buy", {"package": "hundred"})
    papers = baltic.get("/account/documents")
    assert f'href="{ordered.location}"' in papers.text
    assert 'class="has-side staff reseller"' in papers.text
    assert "My services" not in papers.text  # it never bought any
    baltic.post(ordered.location, {"account": shop.accounts["cards"], "save": "1"}, page=ordered.location)
    shop.pay(save=True)
    shop.work()
    assert area.credits("baltic") == 20000
    invoice = shop.rows(Document, Document.kind == "invoice")[0]
    assert invoice.number_text in baltic.get("/account/documents").text
    assert baltic.get(f"/account/documents/{invoice.id}.pdf").mimetype == "application/pdf"
    assert baltic.get(f"/pay/{invoice.id}").location == f"/account/documents/{invoice.id}"
    assert "Visa" in baltic.get("/account/payment-methods").text
    # who it is: it holds for times, too
    assert baltic.post("/account/profile", HOME | {"zone": "Moon/Crater"}).status_code == 422
    assert baltic.post("/account/profile", HOME).status_code == 303
    assert "Europe/Tallinn" in baltic.get("/reseller/").text
    done = shop.rows(AuditEntry, AuditEntry.action == "accounts.update_profile")
    assert [(one.actor.split(":")[0], one.role) for one in done] == [("reseller", "customer")]
    assert baltic.post("/account/notifications", {"billing": ["email"], "quiet_from": "25"}).status_code == 422
    assert baltic.get("/account/notifications").status_code == 200
    assert baltic.post("/account/payment-methods/1/remove").status_code == 303
    assert area.credits("baltic") == 20000


def test_nobody_else_is_in_it(area: Area):
    """Not who stands above, beside or below, nor its users; and a suspended one still pays and asks for help."""
    shop, baltic = area.shop, area.browsers["baltic"]
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(Department(seller_id=shop.seller_id, name="Sales", staff_ids=[], position=0))
        own = {row.buys_for_reseller_id: row.id for row in tx.session.query(Customer)}[area.ids["baltic"]]
        tx.session.add(PaymentMethod(customer_id=own, account_id=1, token="t", label="Visa", created_at=clock.now()))
    user = area.add("baltic", "Anna")
    shop.change(Reseller, area.ids["baltic"], suspended=True)
    words = {"department": "1", "about": "", "subject": "Credits", "text": "May I have more?"}
    assert baltic.post("/account/tickets/new", words).status_code == 303
    ticket = shop.rows(Ticket)[0]
    assert ticket.customer_id == own
    assert "May I have more?" in baltic.get(f"/account/tickets/{ticket.id}").text
    # a user of its own is in its area, not in its account
    assert baltic.get(f"/reseller/users/{user}").status_code == 200
    assert baltic.get(f"/account/subscriptions/{user}").status_code == 404
    shop.change(Reseller, area.ids["baltic"], suspended=False)
    order = baltic.post("/reseller/credits/buy", {"package": "hundred"}).location
    shop.app.config["WTF_CSRF_ENABLED"] = False
    for who in ("aurora", "coast", "gulf"):
        client = area.browsers[who].client
        for path in (f"/account/tickets/{ticket.id}", order, f"/account/documents/{order.split('/')[-1]}"):
            assert client.get(path).status_code == 404, (who, path)
        for path in ("/account/payment-methods/1/remove", f"/account/tickets/{ticket.id}/close", order):
            assert client.post(path, data={"account": "1"}).status_code == 404, (who, path)
    with shop.asking("seller") as few:
        baltic.get("/account/documents")
    assert len(few) < 20


def test_a_reseller_chooses_how_often_it_is_told_of_its_shop(area: Area):
    baltic = area.browsers["baltic"]
    page = baltic.get("/account/notifications").text
    assert "Orders that wait for credits" in page
    assert "What customers write in tickets" in page
    ways = {"bills": ["email"], "line": ["email"], "support": ["email"]}
    chosen = {"often_shop_waiting": "daily", "often_ticket_news": "off"}
    assert baltic.post("/account/notifications", {**ways, **chosen}).status_code == 303
    (row,) = area.shop.rows(NoticeChoice)
    assert row.often == {"shop_waiting": "daily", "ticket_news": "off"}
    assert baltic.post("/account/notifications", {**ways, "often_shop_waiting": "off"}).status_code == 422
