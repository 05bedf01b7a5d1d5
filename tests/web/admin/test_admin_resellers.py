"""Behind the counter: resellers in their tree, what is granted, taken, suspended and removed, and what they can buy."""

import re

import pytest
from sqlalchemy import select

from billhead.actions.resellers._wallet import balance
from billhead.db import Tx, reading
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller, User

PLAN = {"code": "dealer", "name": "Dealer", "costs": "100.00 EUR", "tax_class": "tv", "tier": "super_reseller",
        "start_up": "120", "sells": "basic", "trials_per_day": "5", "terminate": "y", "floor_percent": "0",
        "offered": "y", "listed": "y"}  # fmt: skip


def credits(counter, key):
    with counter.shop.app.app_context(), reading() as session:
        return balance(Tx(Context.system("test"), session), session.get_one(Reseller, key)).minor


def one(counter, table, **where):
    with counter.shop.app.app_context(), reading() as session:
        return session.scalars(select(table).filter_by(**where)).one()


@pytest.fixture
def tree(counter):
    """A super-reseller with a plan's start-up credits, and a reseller below it; their ids."""
    assert counter.post("/admin/reseller-plans/new", **PLAN).status_code == 303
    who = {"name": "Aurora", "email": "office@aurora.example", "plan": "dealer", "country": "", "zone": "",
           "currency": "EUR", "language": "", "start_up": "", "below": ""}  # fmt: skip
    assert counter.post("/admin/resellers/new", **who).status_code == 303
    top = one(counter, Reseller, code="aurora").id
    below = {**who, "name": "Baltic", "email": "hello@baltic.example", "plan": "", "below": str(top), "start_up": "5"}
    assert counter.post("/admin/resellers/new", **below).status_code == 303
    return top, one(counter, Reseller, code="baltic").id


def test_country_zone_currency_and_language_of_a_reseller_are_chosen(counter):
    form = counter.get("/admin/resellers/new").text
    for offered in ('<option value="EE">Estonia</option>', '<option value="Europe/Tallinn">Europe/Tallinn</option>',
                    '<option value="EUR">EUR, Euro</option>', '<option value="de">Deutsch</option>'):  # fmt: skip
        assert offered in form
    assert form.count('<option selected value="">as whoever is above it</option>') == 4
    who = {"name": "Narva", "email": "tv@narva.example", "plan": "", "below": "", "start_up": "", "country": "EE",
           "zone": "Europe/Tallinn", "currency": "EUR", "language": "de"}  # fmt: skip
    for field, typed in (("country", "Estonia"), ("zone", "Tallinn"), ("currency", "euro"), ("language", "german")):
        assert counter.post("/admin/resellers/new", **{**who, field: typed}).status_code == 422, field
    assert counter.post("/admin/resellers/new", **who).status_code == 303
    payer = one(counter, Customer, name="Narva")
    assert (payer.country, payer.zone, payer.currency, payer.language) == ("EE", "Europe/Tallinn", "EUR", "de")


def test_resellers_are_added_found_and_shown_with_all_that_is_theirs(counter, tree):
    top, below = tree
    assert (credits(counter, top), credits(counter, below)) == (12_000, 500)
    assert one(counter, User, email="office@aurora.example").role == "super_reseller"
    assert one(counter, Reseller, code="aurora").rights["sells"] == ["basic"]
    listed = counter.get("/admin/resellers").text
    assert "120.00" in listed
    shown = counter.get("/admin/resellers/tree").text
    assert shown.index(">Aurora</a>") < shown.index(">Baltic</a>")
    assert re.search(r"—&nbsp;</span><a href=\"/admin/resellers/\d+\">Baltic</a>", shown)
    assert "Baltic" not in counter.get("/admin/resellers?q=office@aurora").text
    assert "Baltic" in counter.get(f"/admin/resellers?below={top}").text
    assert "aurora" in counter.get("/admin/resellers?format=csv").text
    page = counter.get(f"/admin/resellers/{below}").text
    assert f'<a href="/admin/resellers/{top}">Aurora</a>' in page
    assert "has not set its password yet" in page
    with counter.counting() as asked:
        counter.get("/admin/resellers")
    assert len(asked) <= 6
    assert counter.get("/admin/resellers/99").status_code == 404
    again = counter.post("/admin/resellers/new", name="Two", email="office@aurora.example", plan="dealer", below="",
                         country="", zone="", currency="", language="", start_up="")  # fmt: skip
    assert (again.status_code, "has a login" in again.text) == (422, True)


def test_credits_are_granted_taken_and_passed_on_with_their_figures_first(counter, tree):
    top, below = tree
    shown, told = counter.yes(f"/admin/resellers/{top}/grant", amount="30", cost="25.00 EUR")
    assert "150.00" in shown
    assert "It has 150.00 now." in told
    counter.yes(f"/admin/resellers/{top}/pass-on", amount="50", to=str(below))
    counter.yes(f"/admin/resellers/{top}/take", amount="10")
    assert (credits(counter, top), credits(counter, below)) == (9_000, 5_500)
    statement = counter.get(f"/admin/resellers/{top}/credits").text
    for words in (
        "Granted by the operator",
        "Passed on",
        "Taken by the operator",
        "asked by phone",
        "sam@example.com",
    ):
        assert words in statement
    assert "-10.00" in counter.get(f"/admin/resellers/{top}/credits?format=csv").text
    for path, fields, refusal in (
        ("grant", {"amount": "NaN", "cost": ""}, "is not an amount"),
        ("grant", {"amount": "-100", "cost": ""}, "above zero"),
        ("grant", {"amount": "5", "cost": "5"}, "Write it like"),
        ("take", {"amount": "1000"}, "no more can be taken"),
        ("pass-on", {"amount": "1000", "to": str(below)}, "are needed"),
    ):
        answer = counter.post(f"/admin/resellers/{top}/{path}", reason="try", **fields)
        assert (answer.status_code, refusal in answer.text) == (422, True), answer.text


def test_rights_suspending_moving_and_removing_say_first_what_they_touch(counter, tree):
    top, below = tree
    rights = {
        "name": "Aurora Media",
        "sells": "basic",
        "trials_per_day": "2",
        "floor_percent": "80",
        "credit_line": "5",
    }
    shown, _ = counter.yes(f"/admin/resellers/{top}/rights", **rights)
    assert "Resellers below it" in shown
    row = one(counter, Reseller, id=top)
    assert (row.name, row.rights["terminate"], row.rights["floor_percent"], row.credit_line_minor) == (
        "Aurora Media", False, 80, 500)  # fmt: skip
    counter.add(
        Customer(seller_id=1, reseller_id=below, name="Kadri", email="", country="FI", currency="EUR",
                 created_at=row.removed_on or one(counter, User, email="office@aurora.example").created_at)
    )  # fmt: skip
    shown, _ = counter.yes(f"/admin/resellers/{top}/suspend", lines="stopped")
    assert "0 stop" in shown
    assert "with its lines" in counter.get(f"/admin/resellers/{top}").text
    counter.confirm(f"/admin/resellers/{top}/resume")
    assert "No customer" not in counter.get(f"/admin/resellers/{below}/users").text
    for asked in ("users?q=nobody", "users?expiring=7", "users?before=1", "credits?before=1"):
        answer = counter.get(f"/admin/resellers/{below}/{asked}")
        assert (answer.status_code, f"/admin/resellers/{below}/" in answer.text) == (200, True), asked
    shown, told = counter.yes(f"/admin/resellers/{below}/move-users", to=str(top))
    assert "1 customer was moved" in told
    counter.yes(f"/admin/resellers/{below}/remove", to="")
    assert credits(counter, top) == 12_500
    assert counter.get(f"/admin/resellers/{below}").status_code == 404
    assert one(counter, User, email="hello@baltic.example").disabled
    assert counter.trail("resellers.remove_reseller")[0][2] == "asked by phone"


def test_packages_and_plans_are_made_and_changed(counter):
    fields = {"code": "credits-150", "name": "150 credits", "costs": "125.00 EUR, 130.00 USD", "tax_class": "tv",
              "value": "150", "roles": "super_reseller", "offered": "y"}  # fmt: skip
    assert "Add one, like 150 credits" in counter.get("/admin/credit-packages").text
    assert counter.post("/admin/credit-packages/new", **fields).status_code == 303
    listed = counter.get("/admin/credit-packages").text
    for words in ("150 credits", "150.00", "€125.00", "super-resellers"):
        assert words in listed
    key = one(counter, Plan, code="credits-150").id
    form = counter.get(f"/admin/credit-packages/{key}").text
    assert "125.00 EUR, 130.00 USD" in form
    changed = {**fields, "costs": "120.00 EUR", "offered": ""}
    changed.pop("offered")
    assert counter.post(f"/admin/credit-packages/{key}", **changed).status_code == 303
    assert one(counter, Plan, code="credits-150").retired
    for wrong, refusal in (
        ({"costs": "125"}, "Write it like"),
        ({"costs": "-1 EUR"}, "is no price"),
        ({"value": "0"}, "above zero"),
        ({"code": "credits 150"}, "is no code"),
        ({"code": "credits-150"}, "already"),
    ):
        answer = counter.post("/admin/credit-packages/new", **{**fields, "code": "other", **wrong})
        assert (answer.status_code, refusal in answer.text) == (422, True), answer.text
    assert counter.post("/admin/reseller-plans/new", **PLAN, credit_price="120").status_code == 303
    key = one(counter, Plan, code="dealer").id
    form = counter.get(f"/admin/reseller-plans/{key}").text
    assert re.search(r'name="credit_price"[^>]*value="120.00"', form)
    assert counter.get(f"/admin/credit-packages/{key}").status_code == 404
    assert "Dealer" in counter.get("/admin/reseller-plans").text


def test_who_may_only_look_sees_no_buttons(counter, tree):
    clerk = counter.shop.person("staff", "clerk@example.com")
    page = clerk.get(f"/admin/resellers/{tree[0]}").text
    assert "Grant credits" not in page
    assert clerk.get(f"/admin/resellers/{tree[0]}/grant").status_code == 403
    assert clerk.get("/admin/credit-packages/new").status_code == 403
