"""Staff add a customer who called, let them sign in, and correct what is known about one."""

import json
import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from web_shop import PASSWORD, Shop

from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
from billhead.cli import main
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Price, PriceBook
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer, User
from billhead.models.subscriptions import SubscriptionComponent
from billhead.plugin_host import vault

BEN = {
    "name": "Ben  Okri", "email": "Ben@Example.com ", "company": "Okri Oy", "vat_id": "", "phone": "+358 40 1",
    "street": "Katu 1", "postcode": "00100", "city": "Helsinki", "region": "", "country": "FI",
    "zone": "Europe/Helsinki", "language": "de", "currency": "EUR", "price_group": "staff",
}  # fmt: skip


def link_of(shop: Shop, email: str) -> str:
    notice = [one for one in shop.rows(Notice, Notice.kind == "welcome") if one.recipient == email][-1]
    with shop.app.app_context():
        return f"/set-password/{vault().decrypt(notice.data['sealed_token'])}"


@pytest.fixture
def sam(shop: Shop):
    shop.change(PriceBook, 2, price_group="staff")
    return shop.person("staff", "sam@example.com", "customers.write")


def test_somebody_who_called_is_added_and_signs_in_by_the_link(shop: Shop, sam):
    page = sam.get("/admin/customers/new").text
    assert re.search(r'<option selected value="FI">', page), "as the seller"
    answer = sam.post("/admin/customers/new", {**BEN, "invite": "y"})
    assert answer.status_code == 303, answer.text
    (ben,) = shop.rows(Customer)
    assert answer.location == f"/admin/customers/{ben.id}"
    assert (ben.name, ben.email, ben.company, ben.country) == ("Ben Okri", "ben@example.com", "Okri Oy", "FI")
    assert (ben.currency, ben.language, ben.price_group, ben.zone) == ("EUR", "de", "staff", "Europe/Helsinki")
    assert ben.address == {"street": "Katu 1", "postcode": "00100", "city": "Helsinki"}
    (line,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.add_customer")
    assert (line.subject, line.details["email"]) == (f"customer:{ben.id}", "ben@example.com")

    shown = sam.get(f"/admin/customers/{ben.id}/logins").text
    assert "invited" in shown
    first = link_of(shop, "ben@example.com")
    assert sam.post(f"/admin/customers/{ben.id}/invite", {"reason": "mail was lost"}).status_code == 303
    browser = shop.visitor()
    assert browser.post(first, {"password": PASSWORD}).status_code == 409, "the newer link alone holds"
    assert browser.post(link_of(shop, "ben@example.com"), {"password": PASSWORD}).location == "/sign-in"
    assert browser.sign_in("ben@example.com").location == "/account/"
    assert sam.post(f"/admin/customers/{ben.id}/invite", {"reason": "once more"}).status_code == 422


def test_who_is_there_already_is_shown_and_not_added_twice(shop: Shop, sam):
    shop.customer("ada@example.com")
    answer = sam.post("/admin/customers/new", {**BEN, "email": "ADA@example.com"})
    assert answer.status_code == 422
    assert "Ada@example.com has a login at this seller already" in answer.text
    assert '<a href="/admin/customers/1">Ada Lovelace, No. 1</a>' in answer.text
    assert sam.post("/admin/customers/new", {**BEN, "email": "sam@example.com"}).status_code == 422, "of staff"
    sent = {**BEN, "_key": "0" * 32}
    assert sam.post("/admin/customers/new", sent).location == sam.post("/admin/customers/new", sent).location
    assert len(shop.rows(Customer)) == 2
    assert not shop.rows(User, User.email == "ben@example.com"), "a login was not asked for"
    assert "Let them sign in" in sam.get("/admin/customers/2/logins").text
    assert sam.post("/admin/customers/2/invite", {"reason": "wants to see bills"}).status_code == 303
    assert [one.customer_id for one in shop.rows(User, User.email == "ben@example.com")] == [2]


@pytest.mark.parametrize(
    ("field", "typed"),
    [("name", "B"), ("email", "ben"), ("email", ""), ("country", "Finland"), ("zone", "Mars/One"), ("language", "xx"),
     ("currency", "GBP"), ("price_group", "friends"), ("region", "far away")],
)  # fmt: skip
def test_wrong_input_is_refused_at_its_field(shop: Shop, sam, field, typed):
    answer = sam.post("/admin/customers/new", {**BEN, field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert shop.rows(Customer) == []


def test_what_is_known_is_corrected_with_a_reason(shop: Shop, sam):
    shop.customer("ada@example.com")
    told = {name: BEN[name] for name in BEN if name not in ("email", "language", "currency", "price_group")}
    assert "Ada Lovelace" in sam.get("/admin/customers/1/profile").text
    assert sam.post("/admin/customers/1/profile", told).status_code == 422, "without a reason"
    assert (
        sam.post("/admin/customers/1/profile", {**told, "name": "Ada King", "reason": "she married"}).status_code == 303
    )
    (ada,) = shop.rows(Customer)
    assert (ada.name, ada.email) == ("Ada King", "ada@example.com")
    (line,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.update_profile")
    assert (line.subject, line.reason) == ("customer:1", "she married")
    assert sam.get("/admin/customers/7/profile").status_code == 404
    assert sam.get("/admin/customers/7/invite").status_code == 404


def test_from_a_terminal(shop: Shop):
    run = lambda *args: CliRunner().invoke(main, ["customers", *args, "--json"], obj=shop.app)  # noqa: E731
    done = run("add", "eve@example.com", "--name", "Eve Online", "--country", "DE", "--invite")
    assert json.loads(done.output)["customer_id"] == 1, done.output
    again = run("add", "eve@example.com", "--name", "Eve Online")
    assert again.exit_code == 1
    assert "at this seller already" in again.output
    assert run("invite", "1").exit_code == 0
    assert [one.country for one in shop.rows(Customer)] == ["DE"]
    assert [one.recipient for one in shop.rows(Notice, Notice.kind == "welcome")] == ["eve@example.com"] * 2


def test_a_price_group_is_given_later_with_what_it_means_shown_first(shop: Shop, sam):
    ada = shop.customer("ada@example.com")
    shop.change(PriceBook, 2, price_group="")
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        book = PriceBook(seller_id=1, code="friends", currency="EUR", price_group="vip", tax_inclusive=True)
        tx.session.add(book)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=1, term="1 month", amount_minor=700))
        save_policy(tx, PolicyEntry(1, price_group="vip", name="Patient"))
        save_policy(tx, PolicyEntry(1, plan_id=1, price_group="vip", name="Patient with Basic"))
    shop.order(ada)
    shop.pay()
    shop.work()
    path = "/admin/customers/1/price-group"
    assert path in sam.get("/admin/customers/1").text
    shown = " ".join(re.sub(r"<[^>]+>", " ", sam.get(path).text).split())
    assert "everybody now – defaults of the house" in shown
    assert "vip friends Patient with Basic, Patient" in shown
    assert sam.post(path, {"price_group": "vip"}).status_code == 422, "without a reason"
    assert sam.post(path, {"price_group": "vap", "reason": "x"}).status_code == 422
    assert sam.post(path, {"price_group": "vip", "reason": "ten years with us"}).status_code == 303
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.set_price_group")
    assert (entry.subject, entry.reason, entry.details) == (
        "customer:1", "ten years with us", {"before": "", "after": "vip"},
    )  # fmt: skip
    assert "7.00" in ada.get("/plans/basic").text
    with shop.app.app_context(), reading() as session:
        assert session.scalars(select(SubscriptionComponent.price_id)).one() == 1, "what runs keeps its price"
    run = lambda *args: CliRunner().invoke(main, ["customers", "set-price-group", "1", *args], obj=shop.app)  # noqa: E731
    assert "'vap' is not one of vip" in run("vap", "--reason", "x").output
    assert run("", "--reason", "no more").output == (
        "Price books beside everybody's: none. Dunning: defaults of the house.\n"
    )
    assert "9.99" in ada.get("/plans/basic").text
    assert shop.person("staff", "eye@example.com").get(path).status_code == 403
