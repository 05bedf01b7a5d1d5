"""The catalogue behind the counter: plans, prices, changes of many, coupons, each shown, refused and saved."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Bouquet, Plan, Price, PriceBook, Reprice
from billhead.models.coupons import Coupon
from billhead.models.operations import AuditEntry
from billhead.models.panels import Panel
from billhead.models.subscriptions import Subscription
from billhead.web.formatting import day_in_words


@pytest.fixture(autouse=True)
def november():
    with clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        yield


PLAN = {
    "name": "Hotel", "kind": "line", "connections": "2", "tier": "1", "tax_class": "tv", "min_units": "1",
    "max_units": "5",
    "renewal_from": "later", "cancel_policy": "end_of_term", "proration": "actual_days", "listed": "y",
    "country_rule": "", "cancel_money": "nothing", "open_invoices": "", "hold_min_days": "1", "hold_way": "",
    "changes": "",
}  # fmt: skip


def panel(counter):
    return counter.row(Panel, 1).code


def test_a_plan_is_added_priced_and_sold(any_counter):
    counter = any_counter
    assert "Add a plan" in counter.get("/admin/catalogue").text
    refused = counter.post("/admin/catalogue/new", code="Hotel!", services=f"stream {panel(counter)}", **PLAN)
    assert refused.status_code == 422
    assert "is no code" in refused.text
    saved = counter.post("/admin/catalogue/new", code="hotel", services=f"stream {panel(counter)}", **PLAN)
    shown = counter.get(saved.location).text
    assert "It has no price" in shown
    address = f"{saved.location}/prices/new"
    asked = {"book": "1", "term": "month", "amount": "20.00", "setup": "0", "trial": "0", "tell_days": "30"}
    seen = counter.post(address, reason="new", **asked)
    assert "Version" in seen.text
    digest = seen.text.partition('name="seen" type="hidden" value="')[2][:16]
    done = counter.post(address, reason="new", seen=digest, **asked)
    assert "€20.00" in counter.get(done.location).text
    assert "€20.00" in counter.shop.visitor().get("/plans/hotel").text
    plan = int(saved.location.rpartition("/")[2])
    edited = counter.get(f"/admin/catalogue/{plan}/edit").text
    assert f"stream {panel(counter)}" in edited
    assert (
        counter.post(f"/admin/catalogue/{plan}/edit", code="hotel", services="stream nowhere", **PLAN).status_code
        == 422
    )
    assert counter.row(Plan, plan).details["max_units"] == 5


def priced(counter, code):
    """The newest version of a plan's only price."""
    with counter.shop.app.app_context(), reading() as session:
        plan = select(Plan.id).where(Plan.code == code).scalar_subquery()
        return session.scalars(select(Price).where(Price.plan_id == plan).order_by(Price.version.desc())).first()


REPRICED = {"currency": "EUR", "way": "percent", "amount": "10", "rounding": "0", "whom": "all", "tell_days": "30"}


def test_many_prices_are_shown_changed_and_taken_back(counter):
    asked = {**REPRICED, "prices": [str(priced(counter, "basic").id)]}
    offered = counter.get("/admin/price-changes/new").text
    assert "Basic, 1 month: €9.99" in offered
    assert "to amounts like €9.99" in offered
    wrong = counter.post("/admin/price-changes/new", reason="dearer", existing_from="2026-11-10", **asked)
    assert "not before 2026-12-" in wrong.text
    asked["existing_from"] = "2027-01-01"
    seen = counter.post("/admin/price-changes/new", reason="dearer", **asked)
    assert "Basic, 1 month (eur)" in seen.text
    assert "€9.99 → €10.99: 1 subscription, +€1.00 a month" in seen.text
    digest = seen.text.partition('name="seen" type="hidden" value="')[2][:16]
    assert counter.post("/admin/price-changes/new", reason="dearer", seen=digest, **asked).status_code == 303
    assert "+€1.00" in counter.get("/admin/price-changes").text
    assert "Until" in counter.get("/admin/price-changes").text
    assert counter.get("/admin/price-changes/1/customers.csv").text[1:].startswith("customer,name,email")
    counter.confirm("/admin/price-changes/1/withdraw")
    assert counter.row(Reprice, 1).state == "withdrawn"
    assert counter.trail("catalogue.withdraw_reprice")[0][1:] == ("reprice:1", "asked by phone")
    assert [price for price in (counter.row(Price, n) for n in range(1, 99)) if price and price.withdrawn_on]


def test_the_question_tells_what_is_billed_at_the_new_price_and_the_page_lists_it(counter):
    """Basic costs 9.99 and is billed ten days ahead; 10.99 from 2 December on is billed on 25 November to one."""
    asked = {**REPRICED, "prices": [str(priced(counter, "basic").id)], "existing_from": "2026-12-02", "tell_days": "14"}
    seen = counter.post("/admin/price-changes/new", reason="dearer", **asked)
    digest = seen.text.partition('name="seen" type="hidden" value="')[2][:16]
    assert counter.post("/admin/price-changes/new", reason="dearer", seen=digest, **asked).status_code == 303
    assert "What is billed by it" not in counter.get("/admin/price-changes/1").text
    with counter.shop.app.app_context():
        with writing(Context.system("test")) as tx:
            one = tx.session.scalars(select(Subscription)).one()
            tx.session.get_one(Plan, one.plan_id).lead_days = {"": 10}
            one.anchor = one.billed_through = one.paid_through = date(2026, 12, 2)
            one.next_bill_on, one.collection = date(2026, 11, 22), "auto"
        with clock.business_time(datetime(2026, 11, 25, 12, tzinfo=UTC)):
            run_billing(date(2026, 11, 25))
    with clock.business_time(datetime(2026, 11, 25, 12, tzinfo=UTC)):
        page = counter.get("/admin/price-changes/1").text
        assert "customers: 1, invoices: 1, +€1.00 with tax" in page
        listed = counter.get("/admin/price-changes/1/billed.csv").text.splitlines()
        assert listed[0][1:].startswith("customer,name,subscription,document,number,state")
        assert listed[1].endswith("final,Basic,2026-12-02,2027-01-01,10.99,1.00,EUR")
        question = counter.get("/admin/price-changes/1/withdraw").text
        assert "Billed at the new price already, which stays: customers: 1, invoices: 1, +€1.00 with tax" in question
        assert "These customers are told" not in question, "nobody was told that it would come"
        counter.shop.change(Reprice, 1, told=1)
        assert "These customers are told" in counter.get("/admin/price-changes/1/withdraw").text
        told = counter.confirm("/admin/price-changes/1/withdraw").text
        assert "What was billed at the new price stays: customers: 1, invoices: 1, +€1.00 with tax." in told


def test_prices_to_tick_stand_by_the_length_of_their_terms(counter):
    """As text, "12 months" comes before "3 months"."""
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        old = tx.session.get_one(Price, priced(counter, "basic").id)
        for term, minor in (("24 months", 15_999), ("3 months", 2699), ("2 weeks", 599)):
            tx.session.add(Price(book_id=old.book_id, plan_id=old.plan_id, term=term, amount_minor=minor))
    shown = counter.get("/admin/price-changes/new").text
    where = [shown.index(f"Basic, {term}: ") for term in ("2 weeks", "1 month", "3 months", "12 months", "24 months")]
    assert where == sorted(where)
    fields = [shown.index(f'name="{name}"') for name in ("valid_from", "whom", "existing_from", "tell_days")]
    assert fields == sorted(fields)


def test_new_customers_alone_pay_a_new_amount(counter):
    old = priced(counter, "basic")
    asked = {**REPRICED, "way": "to", "amount": "12.50", "whom": "new"}
    assert "Tick at least one" in counter.post("/admin/price-changes/new", reason="new year", **asked).text
    asked["prices"] = [str(old.id)]
    both = counter.post("/admin/price-changes/new", reason="new year", existing_from="2027-01-01", **asked)
    assert "Leave it empty" in both.text.partition('id="existing_from-error"')[2][:200]
    fine = counter.post("/admin/price-changes/new", reason="new year", **{**asked, "amount": "12.505"})
    assert "more decimals than EUR has" in fine.text.partition('id="amount-error"')[2][:200]
    shown, _ = counter.yes("/admin/price-changes/new", **asked)
    assert "1 price, for new customers only" in shown
    assert "€9.99 → €12.50: 1 subscription keeps what it pays" in shown
    assert "a month" not in shown.partition("This will happen:")[2].partition("</dl>")[0].replace("1 month", "")
    assert (priced(counter, "basic").amount_minor, priced(counter, "basic").existing_from) == (1250, None)
    late = counter.post("/admin/price-changes/new", reason="new year", **asked)  # by a page from before
    assert "has changed in the meantime" in late.text or "not a valid choice" in late.text


def test_everybody_pays_rounded_prices_as_soon_as_they_can_be_told(counter):
    asked = {**REPRICED, "everything": "y", "amount": "+9,5", "rounding": "3"}
    shown, _ = counter.yes("/admin/price-changes/new", **asked)
    assert "€9.99 → €10.99" in shown  # 10.93905
    day = clock.latest_today() + timedelta(days=31)
    assert day_in_words(day) in shown


def test_a_change_is_of_prices_in_one_currency(counter):
    euros, yen = (counter.get(f"/admin/price-changes/new?currency={code}").text for code in ("EUR", "JPY"))
    assert "JPY, Japanese Yen" in euros
    assert "¥1,600" not in euros
    assert ("Basic, 1 month: ¥1,600" in yen, "to ¥10" in yen, "€9.99" in yen) == (True, True, False)
    asked = {**REPRICED, "currency": "JPY", "everything": "y", "amount": "12", "rounding": "1", "whom": "new"}
    shown, _ = counter.yes("/admin/price-changes/new", **asked)
    assert "¥1,600 → ¥1,790" in shown  # 1792


def test_a_coupon_is_made_used_changed_and_given(counter):
    base = {"kind": "percent", "cycles": "3", "covers_setup": "y"}
    refused = counter.post("/admin/coupons/new", code="TV", percent="abc", **base)
    assert "is not a percentage" in refused.text
    assert "is not a percentage" in counter.post("/admin/coupons/new", code="TV", percent="1e1", **base).text
    nowhere = counter.post("/admin/coupons/new", code="TV", percent="10", countries="XX", **base)
    assert nowhere.status_code == 422
    chosen = {"plans": ["basic"], "countries": ["FI", "AX"], "currency": "EUR"}
    made = counter.post("/admin/coupons/new", code="autumn", percent="25", **chosen, **base)
    again = counter.post("/admin/coupons/new", code="AUTUMN", percent="25", **chosen, **base).text
    assert "There is a coupon AUTUMN already" in again.partition('id="code-error"')[2][:200]
    countries = again.partition("Countries</legend>")[2]
    assert countries.index("Finland") < countries.index("Afghanistan")  # what is ticked stands in sight
    shown = counter.get(made.location).text
    assert "for 3 cycles" in shown
    assert counter.row(Coupon, 1).countries == ["FI", "AX"]
    assert "/promo/AUTUMN" in shown
    assert "AUTUMN" in counter.get("/admin/coupons").text
    counter.confirm("/admin/subscriptions/1/coupon", code="autumn")
    assert "Who has it" in counter.get(made.location).text
    counter.confirm(f"{made.location}/change", disabled="y")
    assert counter.row(Coupon, 1).disabled
    assert "1" in counter.get("/admin/coupons?format=csv").text


def test_books_bouquets_and_ways(counter):
    assert counter.post("/admin/price-books/new", code="eur", currency="XYZ").status_code == 422
    assert counter.post("/admin/price-books/new", code="sek", currency="SEK").status_code == 303
    assert "SEK" in counter.get("/admin/price-books").text
    assert counter.row(PriceBook, 1) is not None
    kids = {"code": "kids", "name": "Kids", "country_rule": ""}
    refused = counter.post("/admin/bouquets/new", **kids, on="nowhere 7")
    assert "there is no panel" in refused.text.lower()
    assert counter.post("/admin/bouquets/new", **kids, on=f"{panel(counter)} 7").status_code == 303
    bouquets = [row for row in (counter.row(Bouquet, n) for n in range(1, 20)) if row and row.code == "kids"]
    assert f"{panel(counter)} 7" in counter.get(f"/admin/bouquets/{bouquets[0].id}/edit").text
    way = counter.post("/admin/catalogue/1/ways", to_plan="2", term="", allowed="forbidden")
    assert "not possible" in counter.get(way.location).text


def test_a_customer_enters_a_coupon_and_sees_what_it_takes_off(counter):
    counter.post("/admin/coupons/new", code="HALF", kind="percent", percent="50", cycles="1", covers_setup="y")
    browser = counter.shop.visitor()
    browser.post("/plans/basic", {"term": "1 month"})
    refused = browser.post("/cart/coupon", {"coupon": "nope"}, page="/cart")
    assert refused.status_code == 422
    assert "NOPE is not a coupon of this shop." in refused.text
    browser.post("/cart/coupon", {"coupon": "half"}, page="/cart")
    cart = browser.get("/cart").text
    assert "(HALF)" in cart
    assert "€4.99" in cart or "€5.00" in cart
    browser.post("/cart/coupon", {"coupon": "HALF", "remove": "1"}, page="/cart")
    assert "(HALF)" not in browser.get("/cart").text
    other = counter.shop.visitor()
    other.get("/promo/half")
    other.post("/plans/basic", {"term": "1 month"})
    assert "(HALF)" in other.get("/cart").text


def test_codes_are_not_guessed_in_an_afternoon(counter):
    """Twenty wrong ones from one network, in the cart or by a link; then even the right one tells nothing."""
    counter.post("/admin/coupons/new", code="HALF", kind="percent", percent="50", cycles="1", covers_setup="y")
    browser = counter.shop.visitor()
    browser.post("/plans/basic", {"term": "1 month"})
    for number in range(10):
        assert browser.post("/cart/coupon", {"coupon": f"GUESS{number}"}, page="/cart").status_code == 422
        browser.get(f"/promo/LINK{number}")

    late = browser.post("/cart/coupon", {"coupon": "HALF"}, page="/cart")
    assert late.status_code == 429
    assert late.headers["Retry-After"] == "900"
    assert "Too many codes were tried from here." in late.text
    browser.get("/promo/HALF")
    assert "€9.99" in browser.get("/cart").text
    assert "HALF" not in browser.get("/cart").text


def test_feature_lines_are_written_put_in_order_and_shown(any_counter):
    counter = any_counter
    plan = counter.row(Plan, 1).id
    address = f"/admin/catalogue/{plan}/features"
    saved = counter.post(address, en="120 channels\n\n  <b>4K</b>   picture \nTwo weeks back", de="120 Sender")
    assert saved.status_code == 303
    assert counter.row(Plan, plan).details["features"] == {
        "de": ["120 Sender"],
        "en": ["120 channels", "<b>4K</b> picture", "Two weeks back"],
    }
    visitor = counter.shop.visitor()
    for path in ("/", "/compare", "/plans/basic"):
        shown = visitor.get(path).text
        assert (
            shown.index("120 channels") < shown.index("&lt;b&gt;4K&lt;/b&gt; picture") < shown.index("Two weeks back")
        )
        assert "120 Sender" in visitor.get(path, headers={"Accept-Language": "de"}).text
        in_turkish = visitor.get(path, headers={"Accept-Language": "tr"}).text
        assert 'lang="en"' in in_turkish.partition("120 channels")[0][-120:], "English stands in where there is nothing"
    counter.post(address, en="Two weeks back\n120 channels", de="")
    shown = visitor.get("/").text
    assert shown.index("Two weeks back") < shown.index("120 channels")
    assert "4K" not in shown
    assert "write_features" in counter.get(f"/admin/catalogue/{plan}").text
    (_first, second) = counter.shop.rows(AuditEntry, AuditEntry.action == "catalogue.write_features")
    assert second.details["before"]["de"] == ["120 Sender"], "what was taken away stands in the trail"
    assert second.details["after"]["de"] == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [("4K\n4K", "stands there twice"), ("x" * 81, "too long"), ("\n".join(map(str, range(21))), "at most 20")],
)
def test_feature_lines_that_would_burst_the_card_are_refused(counter, typed, told):
    refused = counter.post("/admin/catalogue/1/features", tr=typed)
    assert refused.status_code == 422
    assert told in refused.text
    assert "features" not in counter.row(Plan, 1).details


def test_a_plan_keeps_its_feature_lines_when_it_is_changed(counter):
    saved = counter.post("/admin/catalogue/new", code="hotel", services=f"stream {panel(counter)}", **PLAN)
    plan = int(saved.location.rpartition("/")[2])
    counter.post(f"/admin/catalogue/{plan}/features", en="4K")
    counter.post(f"/admin/catalogue/{plan}/edit", code="hotel", services=f"stream {panel(counter)}", **PLAN)
    assert counter.row(Plan, plan).details["features"] == {"en": ["4K"]}


def test_what_customers_may_do_with_a_plan_is_entered_shown_and_in_the_trail(any_counter):
    counter = any_counter
    may = {"may_hold": "y", "hold_min_days": "7", "hold_max_days": "30", "hold_way": "keep"}
    may |= {"cancel_policy": "immediate", "cancel_money": "credit", "cancel_day_counts": "y"}
    may |= {"open_invoices": "keep", "changes": "end_of_term"}
    lines = f"stream {panel(counter)}"
    wrong = counter.post("/admin/catalogue/new", **{**PLAN, **may, "hold_max_days": "5"}, code="hotel", services=lines)
    assert wrong.status_code == 422
    assert "the most is from the least to 365 days" in wrong.text.replace("The most", "the most")
    (entered,) = re.findall(r'<input[^>]* name="hold_max_days"[^>]*>', wrong.text)
    assert 'aria-invalid="true"' in entered
    saved = counter.post("/admin/catalogue/new", **{**PLAN, **may}, code="hotel", services=lines)
    plan = int(saved.location.rpartition("/")[2])
    assert {name: counter.row(Plan, plan).details[name] for name in ("hold", "cancel_money", "cancel_day_counts")} == {
        "hold": {"min_days": 7, "max_days": 30, "way": "keep"}, "cancel_money": "credit", "cancel_day_counts": True,
    }  # fmt: skip
    shown = counter.get(saved.location).text
    assert "7 to 30 days within a year" in shown
    assert "become credit, the day itself is charged" in shown
    assert "<dt>Unpaid invoices of what was canceled</dt><dd>stay owed whole</dd>" in shown
    assert "<dt>A change to another plan or term is</dt><dd>made at the end of the term</dd>" in shown
    assert "at the end of the term: so the plan has it" in counter.get(f"{saved.location}/ways").text
    edited = counter.get(f"{saved.location}/edit").text
    for field in ('id="hold_max_days" max="365" min="1" name="hold_max_days" type="number" value="30"', 'value="keep"'):
        assert field in edited
    counter.post(f"{saved.location}/edit", **PLAN, code="hotel", services=lines)
    assert counter.row(Plan, plan).details["hold"] is None
    assert "by staff only" in counter.get(saved.location).text
    trail = counter.shop.app
    with trail.app_context(), reading() as session:
        details = session.scalars(
            select(AuditEntry.details).where(AuditEntry.action == "catalogue.save_plan").order_by(AuditEntry.id)
        ).all()
    assert details[0]["hold"] == {"before": None, "after": {"min_days": 7, "max_days": 30, "way": "keep"}}
    assert details[1]["cancel_money"] == {"before": "credit", "after": "nothing"}
    assert details[1]["changes"] == {"before": "end_of_term", "after": ""}
    wrong = counter.post(f"{saved.location}/edit", **{**PLAN, "changes": "soon"}, code="hotel", services=lines)
    assert wrong.status_code == 422
