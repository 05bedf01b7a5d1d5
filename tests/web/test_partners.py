"""Become a reseller in the shop: seen by all, bought by a customer, and the login is a reseller's when it is paid."""

from sqlalchemy import select

from billhead.actions.resellers._rights import Rights
from billhead.actions.resellers._wallet import balance
from billhead.actions.resellers.save_reseller_plan import ResellerPlanEntry, save_reseller_plan
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.money import CREDITS, Money
from billhead.models.documents import Document
from billhead.models.people import Customer, Reseller, User

STAFF = Context.system("test")


def plans(shop):
    with shop.app.app_context(), writing(STAFF) as tx:
        for code, tier, cost in (("seller", "reseller", 2_000), ("dealer", "super_reseller", 10_000)):
            entry = ResellerPlanEntry(
                code,
                f"The {code}",
                tier,
                (Money(cost, "EUR"),),
                Money(cost, CREDITS),
                Rights(("basic",)),
                tax_class="tv",
            )
            save_reseller_plan(tx, 1, entry)


def test_a_customer_becomes_a_reseller_by_paying(shop):
    assert "Nothing to choose here" in shop.visitor().get("/become-a-reseller").text
    assert "/become-a-reseller" not in shop.visitor().get("/").text
    plans(shop)
    assert 'href="/become-a-reseller"' in shop.visitor().get("/").text
    page = shop.visitor().get("/become-a-reseller").text
    for words in ("The seller", "€20.00", "20.00 credits to start with", "Sign in to buy"):
        assert words in page
    ada = shop.customer()
    assert "Become one" in ada.get("/become-a-reseller").text
    ordered = ada.post("/become-a-reseller/seller", {}, page="/become-a-reseller")
    assert ordered.status_code == 303
    assert ordered.location.startswith("/pay/")
    assert ada.post("/become-a-reseller/nothing", {}, page="/become-a-reseller").status_code == 404
    ada.post(ordered.location, {"account": shop.accounts["cards"]}, page=ordered.location)
    shop.pay()
    shop.work()
    with shop.app.app_context(), reading() as session:
        made = session.scalars(select(Reseller)).one()
        user = session.scalars(select(User).where(User.email == "ada@example.com")).one()
        assert (made.tier, user.role, user.reseller_id) == ("reseller", "reseller", made.id)
        assert session.get_one(Customer, user.customer_id).buys_for_reseller_id == made.id
        assert balance(Tx(STAFF, session), made).minor == 2_000
    # the same login keeps what it had as a customer, in the reseller's area
    papers = ada.get("/account/documents")
    assert 'class="has-side staff reseller"' in papers.text
    (invoice,) = shop.rows(Document, Document.kind == "invoice")
    assert f"/account/documents/{invoice.id}.pdf" in papers.text
    # and may be raised
    assert 'href="/become-a-reseller"' in ada.get("/reseller/credits/buy").text
    raised = ada.post("/become-a-reseller/dealer", {}, page="/become-a-reseller")
    assert raised.location.removeprefix("/pay/").isdigit(), "signed in, and by no link"
    assert "€100.00" in ada.get(raised.location).text
    page = ada.get("/become-a-reseller").text
    assert ("The dealer" in page, "The seller" in page) == (True, False)
