"""What a reseller knows of its users is put right, and a user who is there gets another line, within the subtree."""

import pytest
from reseller_area import Area
from sqlalchemy import delete
from web_shop import BOX
from white_label import WhiteLabel

from billhead import clock
from billhead.actions.accounts.add_customer import NewCustomer, add_customer
from billhead.actions.accounts.update_profile import Profile
from billhead.actions.resellers.add_user import NewUser, add_user, preview_add_user
from billhead.actions.support.take_mail import _customers_of as customers_of
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.operations import AuditEntry
from billhead.models.people import Customer, Reseller, User
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription, SubscriptionEvent

KNOWN = {"name": "Anna  Berg", "email": "Anna@Example.com", "phone": "+358 40 123", "language": "de",
         "note": "Pays in cash.\nTwo televisions."}  # fmt: skip


def test_name_address_phone_language_and_note_are_put_right(area: Area):
    aurora, baltic, coast = (area.browsers[who] for who in ("aurora", "baltic", "coast"))
    key = area.add("baltic", "Ana")
    assert f"/reseller/users/{key}/edit" in baltic.get(f"/reseller/users/{key}").text
    assert 'value="Ana"' in baltic.get(f"/reseller/users/{key}/edit").text
    assert baltic.post(f"/reseller/users/{key}/edit", KNOWN).status_code == 303
    (anna,) = area.shop.rows(Customer, Customer.reseller_id == area.ids["baltic"])
    assert (anna.name, anna.email, anna.phone, anna.language) == (
        "Anna Berg", "anna@example.com", "+358 40 123", "de",
    )  # fmt: skip
    assert anna.reseller_note.splitlines() == ["Pays in cash.", "Two televisions."]
    page = baltic.get(f"/reseller/users/{key}").text
    for told in ("Two televisions.", "Details changed", "Deutsch", "anna@example.com"):
        assert told in page, told
    assert "Anna Berg" in baltic.get("/reseller/users?q=anna@example.com").text
    # what changed stands in the history and in the audit trail, by the names of the fields alone
    (event,) = area.shop.rows(SubscriptionEvent, SubscriptionEvent.kind == "facts_changed")
    (entry,) = area.shop.rows(AuditEntry, AuditEntry.action == "resellers.edit_user")
    assert event.details["fields"] == entry.details["fields"] == ["name", "email", "phone", "language", "note"]
    assert entry.subject == f"customer:{anna.id}"
    # the same again is no change; whoever stands above may, whoever stands beside finds nobody
    assert aurora.post(f"/reseller/users/{key}/edit", KNOWN).status_code == 303
    assert len(area.shop.rows(SubscriptionEvent, SubscriptionEvent.kind == "facts_changed")) == 1
    assert coast.get(f"/reseller/users/{key}/edit").status_code == 404
    assert coast.post(f"/reseller/users/{key}/edit", KNOWN, page="/reseller/").status_code == 404


def test_what_is_no_name_address_or_language_is_refused_at_its_field(area: Area):
    baltic = area.browsers["baltic"]
    key = area.add("baltic", "Ana")
    for field, typed, told in (
        ("name", " ", "Say who it is for"),
        ("email", "anna", "is not an e-mail address"),
        ("language", "xx", "Not a valid choice"),
        ("note", "x" * 2001, "longer than 2000"),
    ):
        answer = baltic.post(f"/reseller/users/{key}/edit", {**KNOWN, field: typed})
        assert answer.status_code == 422, field
        assert told in answer.text, field
    # a suspended reseller looks, and changes nothing
    area.shop.change(Reseller, area.ids["baltic"], suspended=True)
    assert baltic.post(f"/reseller/users/{key}/edit", KNOWN, page="/reseller/").status_code == 403
    assert area.shop.rows(Customer, Customer.reseller_id == area.ids["baltic"])[0].name == "Ana"


def test_a_user_who_is_there_gets_a_second_line_of_its_own(area: Area):
    aurora, baltic, coast = (area.browsers[who] for who in ("aurora", "baltic", "coast"))
    key = area.add("baltic", "Anna", language="de")
    area.shop.work()
    path = f"/reseller/users/{key}/another-line"
    assert path in baltic.get(f"/reseller/users/{key}").text
    form = baltic.get(path).text
    assert 'data-words="Basic 1 month" selected' in form  # what they have
    assert "leaves 78.00" in form  # 100.00 − 10.00 − 12.00 for a box
    assert baltic.post(path, {"offer": "box|1 month", "mac": "nonsense"}).status_code == 422
    assert baltic.post(path, {"offer": "box|2 months", "mac": BOX}).status_code == 422
    assert coast.post(path, {"offer": "basic|1 month"}, page="/reseller/").status_code == 404
    added = baltic.post(path, {"offer": "box|1 month", "mac": BOX})
    assert added.status_code == 303
    assert added.location.endswith("/ready")
    area.shop.work()
    first, second = area.shop.rows(Subscription)
    assert second.customer_id == first.customer_id
    assert second.payer_reseller_id == area.ids["baltic"]
    assert area.credits("baltic") == 7800
    assert f"/reseller/users/{second.id}" in baltic.get(f"/reseller/users/{key}").text
    assert f"/reseller/users/{key}" in baltic.get(f"/reseller/users/{second.id}").text
    # whoever stands above adds it for them: who looks after the user pays
    shown = aurora.get(path).text
    assert "Baltic pays for it" in shown
    assert "leaves 68.00" in shown  # of Baltic's, not of Aurora's 100.00
    assert aurora.post(path, {"offer": "basic|1 month"}).status_code == 303
    assert (area.credits("baltic"), area.credits("aurora")) == (6800, 10000)
    assert len(area.shop.rows(Customer, Customer.reseller_id == area.ids["baltic"])) == 1


def test_a_customer_of_the_reseller_s_shop_keeps_its_address_and_orders_there(white_label: WhiteLabel):
    white_label.sell("ada@example.com")
    area = white_label.area
    aurora, (one,) = area.browsers["aurora"], area.shop.rows(Subscription)
    page = aurora.get(f"/reseller/users/{one.id}").text
    assert "Add another line" not in page
    assert "<dt>Renewal</dt>" not in page  # they renew there themselves
    assert "They order in your shop" in aurora.get(f"/reseller/users/{one.id}/another-line").text
    tried = aurora.post(f"/reseller/users/{one.id}/another-line", {"offer": "basic|1 month"}, page="/reseller/users")
    assert tried.status_code == 422
    assert len(area.shop.rows(Subscription)) == 1
    edit = f"/reseller/users/{one.id}/edit"
    told = {**KNOWN, "email": "other@example.com"}
    refused = aurora.post(edit, told)
    assert refused.status_code == 422
    assert "they sign in with their address" in refused.text.lower()
    assert aurora.post(edit, {**told, "email": "ada@example.com"}).status_code == 303
    (ada,) = area.shop.rows(Customer, Customer.id == one.customer_id)
    assert (ada.name, ada.email) == ("Anna Berg", "ada@example.com")


def test_what_nobody_changed_is_neither_refused_nor_changed(area: Area):
    """A panel's users come with what was written there: addresses that are none, and languages that are not spoken."""
    baltic, key = area.browsers["baltic"], area.add("baltic", "Ana")
    (row,) = area.shop.rows(Subscription)
    for email in ("Anna@Example.com", "anna@home"):
        area.shop.change(Customer, row.customer_id, email=email, language="pt")
        form = baltic.get(f"/reseller/users/{key}/edit").text
        assert '<option selected value="pt">Português</option>' in form
        told = {"name": "Ana", "email": email, "phone": "0401", "language": "pt", "note": ""}
        assert baltic.post(f"/reseller/users/{key}/edit", told).status_code == 303
        (ana,) = area.shop.rows(Customer, Customer.id == row.customer_id)
        assert (ana.email, ana.phone, ana.language) == (email, "0401", "pt")
    events = area.shop.rows(SubscriptionEvent, SubscriptionEvent.kind == "facts_changed")
    assert [event.details["fields"] for event in events] == [["phone"]]
    assert "Português" in baltic.get(f"/reseller/users/{key}").text
    # a new address is checked as ever, and another language has to be one that is spoken here
    for field, typed in (("email", "anna@work"), ("language", "xx")):
        assert baltic.post(f"/reseller/users/{key}/edit", {**told, field: typed}).status_code == 422


def test_an_erased_user_gets_no_other_line(area: Area):
    baltic, key = area.browsers["baltic"], area.add("baltic", "Anna")
    area.shop.work()
    (row,) = area.shop.rows(Subscription)
    area.shop.change(Customer, row.customer_id, erased_at=clock.now())
    with area.shop.app.app_context(), writing(Context.system("test")) as tx:
        wanted = NewUser("basic", "1 month", row.customer_id)
        for deed in (add_user, preview_add_user):
            with pytest.raises(NotFound):
                deed(tx, area.ids["baltic"], wanted)
    path = f"/reseller/users/{key}/another-line"
    assert baltic.post(path, {"offer": "basic|1 month"}, page="/reseller/").status_code == 422
    assert len(area.shop.rows(Subscription)) == 1
    assert area.credits("baltic") == 9000


def test_a_trial_is_sold_to_new_users_alone_and_told_there_alone(area: Area):
    baltic, key = area.browsers["baltic"], area.add("baltic", "Anna")
    assert "trial of 2 days" in baltic.get("/reseller/users/new").text
    assert "trial of" not in baltic.get(f"/reseller/users/{key}/another-line").text
    refused = baltic.post("/reseller/users/new", {"offer": "none", "name": "Bob", "language": "en"}).text
    assert 'name="offer" aria-invalid="true"' in refused


def test_renewed_by_itself_is_said_of_what_will_be(area: Area):
    """The switch for new users is on, so that each has it: a trial, one that runs, and one that ends."""
    baltic = area.browsers["baltic"]
    assert baltic.yes("/reseller/users/automatic-renewal", wish="new").status_code == 303
    trial = area.add("baltic", "Tom", trial="yes")
    anna = area.add("baltic", "Anna")
    assert "by itself, once it runs" in baltic.get(f"/reseller/users/{anna}").text
    area.shop.work()
    assert baltic.get("/reseller/users").text.count("renews by itself") == 1
    assert "<dd>by itself</dd>" in baltic.get(f"/reseller/users/{anna}").text
    assert "a trial runs out" in baltic.get(f"/reseller/users/{trial}").text
    assert baltic.yes(f"/reseller/users/{anna}/disable").status_code == 303
    assert "renews by itself" not in baltic.get("/reseller/users").text
    assert baltic.yes(f"/reseller/users/{anna}/terminate").status_code == 303
    assert "renews by itself" not in baltic.get("/reseller/users?show=ended").text
    assert "<dt>Renewal</dt>" not in baltic.get(f"/reseller/users/{anna}").text
    bob = area.add("baltic", "Bob")
    assert baltic.post(f"/reseller/users/{bob}/renewal", {"wish": "off"}).status_code == 303
    assert "<dd>by hand</dd>" in baltic.get(f"/reseller/users/{bob}").text


def test_a_user_is_renewed_by_itself_by_a_switch_that_the_lists_show(area: Area):
    baltic, coast = area.browsers["baltic"], area.browsers["coast"]
    anna = area.add("baltic", "Anna")
    area.shop.work()
    page = f"/reseller/users/{anna}"
    assert "Renew by itself" in baltic.get(page).text
    assert coast.post(f"{page}/renewal", {"wish": "on"}, page="/reseller/").status_code == 404
    assert baltic.post(f"{page}/renewal", {"wish": "on"}, page=page).status_code == 303
    assert "Do not renew by itself" in baltic.get(page).text
    assert "renews by itself" in baltic.get("/reseller/users").text
    area.shop.change(CreditRenewal, anna, why="there are not enough credits")
    assert "not renewed" in baltic.get("/reseller/users").text
    assert "there are not enough credits" in baltic.get(page).text.lower()
    assert baltic.post(f"{page}/renewal", {"wish": "off"}, page=page).status_code == 303
    assert "renews by itself" not in baltic.get("/reseller/users").text
    # what holds for new ones, and for all there are
    assert baltic.yes("/reseller/users/automatic-renewal", wish="new").status_code == 303
    bob = area.add("baltic", "Bob")
    assert [row.subscription_id for row in area.shop.rows(CreditRenewal)] == [bob]
    assert baltic.yes("/reseller/users/automatic-renewal", wish="all").status_code == 303
    assert sorted(row.subscription_id for row in area.shop.rows(CreditRenewal)) == [anna, bob]
    assert baltic.yes("/reseller/users/automatic-renewal", wish="nobody").status_code == 303
    assert area.shop.rows(CreditRenewal) == []
    assert baltic.yes("/reseller/users/automatic-renewal", wish="perhaps").status_code == 422


def test_an_address_that_somebody_else_has_here_is_told_to_nobody(area: Area):
    """Gulf's Gwen, and the operator's customer Ada who signs in: to Baltic their addresses are as any other."""
    shop, baltic = area.shop, area.browsers["baltic"]
    area.add("gulf", "Gwen", email="gwen@example.com")
    shop.customer("ada@example.com")
    anna = area.add("baltic", "Anna", email="gwen@example.com")
    area.add("baltic", "Bob", email="ada@example.com")
    edit = f"/reseller/users/{anna}/edit"
    known = {"name": "Anna", "phone": "", "language": "en", "note": ""}
    assert baltic.post(edit, {**known, "email": "gulf@example.com"}).status_code == 303
    # its own users it is told of, as it can look them up; who stands above it looks after them too
    for who in ("baltic", "aurora"):
        told = {"offer": "basic|1 month", "name": "Cleo", "language": "en", "email": "ada@example.com"}
        again = area.browsers[who].post("/reseller/users/new", told)
        assert again.status_code == 422
        assert "one of your users has ada@example.com already" in again.text.lower()
    # a login is of one of them: as at signing up, it is told that there is one
    (bob,) = [row.id for row in shop.rows(Subscription) if row.id not in (anna, 1)]
    refused = baltic.yes(f"/reseller/users/{bob}/let-in")
    assert refused.status_code == 422
    assert "has a login at this seller already" in refused.text


def test_mail_of_the_seller_s_customer_is_theirs_whatever_a_reseller_wrote_down(area: Area):
    """Ada signs in; Zoe does not yet. Baltic gives users their addresses and lets one of them in at Zoe's."""
    shop, baltic = area.shop, area.browsers["baltic"]
    shop.customer("ada@example.com", name="Ada Lovelace")
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        profile = Profile("Zoe Zorn", "", "", "", "", "", "FI", "", "Europe/Helsinki")
        add_customer(tx, shop.seller_id, NewCustomer("zoe@example.com", profile))
        tx.session.execute(delete(User).where(User.email == "zoe@example.com"))

    def writes(address: str) -> list[str]:
        with shop.app.app_context(), reading() as session:
            found = customers_of(Tx(Context.system("test"), session), shop.seller_id, address)
            return [one.name for one in found]

    for name, address in (("Bob", "ada@example.com"), ("Kim", "zoe@example.com"), ("Eve", "eve@example.com")):
        key = area.add("baltic", name, email=address)
    assert (writes("ada@example.com"), writes("zoe@example.com")) == (["Ada Lovelace"], ["Zoe Zorn"])
    assert baltic.yes(f"/reseller/users/{key - 1}/let-in").status_code == 303
    assert writes("zoe@example.com") == ["Zoe Zorn"], "a link that was mailed shows nothing"
    assert writes("eve@example.com") == ["Eve"]
    area.add("gulf", "Gwen", email="eve@example.com")
    assert writes("eve@example.com") == ["Eve", "Gwen"], "staff decide"


def test_a_reseller_tries_thirty_addresses_a_day_for_logins(area: Area):
    """What is refused counts too, in the area as by its key; what nobody is invited at tells nothing and is free."""
    shop, baltic = area.shop, area.browsers["baltic"]
    shop.customer("ada@example.com")
    eve, bob = area.add("baltic", "Eve", email="eve@example.com"), area.add("baltic", "Bob")
    told = {"phone": "", "language": "en", "note": ""}
    for number in range(2):
        fields = {**told, "name": "Bob", "email": f"bob{number}@example.com"}
        assert baltic.post(f"/reseller/users/{bob}/edit", fields).status_code == 303
    assert baltic.yes(f"/reseller/users/{eve}/let-in").status_code == 303  # the first
    asked = f"/reseller/users/{eve}/edit"
    fields = {**told, "name": "Eve"}
    for _ in range(29):
        refused = baltic.post(asked, fields | {"email": "ada@example.com"})
        assert "has a login at this seller already" in refused.text
    for email in ("ada@example.com", "free@example.com"):
        refused = baltic.post(asked, fields | {"email": email})
        assert refused.status_code == 422
        assert "That is enough new addresses for a day." in refused.text
    assert baltic.yes(f"/reseller/users/{bob}/let-in").status_code == 429
    assert baltic.post(asked, {**told, "name": "Eva", "email": "eve@example.com"}).status_code == 303
