"""Customers and staff change, hold and keep subscriptions in their pages: the price is shown first, then it is done."""

import re
from datetime import timedelta

import pytest
from web_shop import Shop

from billhead import clock
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.entitlements import Entitlement
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import DayGift, Subscription, SubscriptionChange, SubscriptionComponent
from billhead.web.formatting import day_in_words


@pytest.fixture
def sold(shop: Shop):
    """Ada pays Basic by card, which is kept; Gold for 19.99 is there as well."""
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        book = tx.session.query(PriceBook).filter_by(code="eur").one()
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.details = {**basic.details, "hold": {"max_days": 30, "min_days": 3}}
        gold = Plan(seller_id=shop.seller_id, code="gold", name="Gold", kind="stream", details=basic.details, tier=2)
        tx.session.add(gold)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=gold.id, term="1 month", amount_minor=1999))
    ada = shop.customer()
    assert shop.order(ada, save="yes").status_code == 303
    shop.pay(save=True)
    shop.work()
    return shop, ada


def row(shop) -> Subscription:
    with shop.app.app_context(), reading() as session:
        return session.query(Subscription).one()


def hidden(text):
    return dict(
        re.findall(
            r'<input type="hidden" name="((?:offer|addon-[a-z]+|starts_on|ends_on|seen|plan|pay))" value="([^"]*)"',
            text,
        )
    )


def test_ten_more_plans_to_change_to_ask_nothing_more_about_the_lines(sold):
    shop, ada = sold
    ada.get("/account/subscriptions/1/change")
    with shop.asking() as before:
        ada.get("/account/subscriptions/1/change")
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        gold = tx.session.query(Plan).filter_by(code="gold").one()
        book = tx.session.query(PriceBook).filter_by(code="eur").one()
        for n in range(10):
            plan = Plan(seller_id=shop.seller_id, code=f"p{n}", name=f"P{n}", kind="stream", details=gold.details)
            tx.session.add(plan)
            tx.session.flush()
            tx.session.add(Price(book_id=book.id, plan_id=plan.id, term="1 month", amount_minor=2000 + n))
    with shop.asking() as after:
        assert "P9" in ada.get("/account/subscriptions/1/change").text
    assert len([one for one in after if "FROM service" in one]) == len([one for one in before if "FROM service" in one])


def another_plan(shop, code, name, **more):
    """Like Basic, for 9.99 a month, but for what is told."""
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        book = tx.session.query(PriceBook).filter_by(code="eur").one()
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        told = {"kind": basic.kind, "details": {**basic.details, **more}}
        plan = Plan(seller_id=shop.seller_id, code=code, name=name, **told)
        tx.session.add(plan)
        tx.session.flush()
        price = Price(book_id=book.id, plan_id=plan.id, term="1 month", amount_minor=999)
        if more.get("once_per_customer"):
            price.trial_term, price.trial_minor = "7 days", 100
        tx.session.add(price)


def test_nobody_changes_to_a_plan_to_try_beside_the_same_one_without(sold):
    shop, ada = sold
    another_plan(shop, "week", "Trial week", once_per_customer=True)
    staff = shop.person("staff", "staff@example.com", "*")
    address = "/account/subscriptions/1/change"
    for browser, page in ((ada, address), (staff, "/admin/subscriptions/1/change")):
        shown = browser.get(page).text
        assert ["Gold" in shown, "Trial week" in shown] == [True, False], page
        assert browser.get(f"{page}?offer=week|1+month").status_code == 422
    (week,) = shop.rows(Plan, Plan.code == "week")
    shop.change(Plan, week.id, tier=1)  # then it is a plan of its own, with a week to try
    assert "Trial week" in ada.get(address).text


def test_what_another_panel_serves_is_not_offered(sold):
    shop, ada = sold
    services = [{"kind": "stream", "panel": "elsewhere", "panel_plan": "", "bouquets": []}]
    another_plan(shop, "far", "Far away", services=services)
    shown = ada.get("/account/subscriptions/1/change").text
    assert ["Gold" in shown, "Far away" in shown] == [True, False]


def test_a_customer_sees_the_price_before_the_plan_changes(sold):
    shop, ada = sold
    assert "Change plan or add-ons" in ada.get("/account/subscriptions/1").text
    form = ada.get("/account/subscriptions/1/change").text
    assert "Gold" in form
    assert "What you have now" in form
    assert "Hidden" not in form
    shown = ada.get("/account/subscriptions/1/change?offer=gold|1+month&addon-screen=0").text
    assert "To pay" in shown
    assert "€10.00" in shown  # 19.99 − 9.99 on the first day
    done = ada.post("/account/subscriptions/1/change", hidden(shown), page="/account/subscriptions/1/change")
    assert done.status_code == 303, done.text
    with shop.app.app_context(), reading() as session:
        plans = [session.get_one(Plan, one.plan_id).code for one in session.query(SubscriptionComponent).all()]
        assert session.get_one(Plan, session.query(Subscription).one().plan_id).code == "gold"
    assert plans == ["basic", "gold"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("offer=nothing|1+month", "Choose one of the plans"),
        ("offer=hidden|1+month", "Choose one of the plans"),
        ("offer=basic|1+month", "has already"),
        ("offer=basic|1+month&addon-screen=9", "choose a number"),
        ("offer=basic|1+month&addon-screen=-1", "choose a number"),
        ("offer=basic|1+month&addon-screen=%D9%A1", "choose a number"),
    ],
)
def test_what_is_not_offered_is_refused_above_the_form(sold, query, words):
    _, ada = sold
    answer = ada.get(f"/account/subscriptions/1/change?{query}")
    assert answer.status_code in (409, 422)
    assert words in answer.text


def test_a_plan_says_when_it_is_changed(sold):
    """Gold costs more a day, and still comes at the end of the term; another screen comes at once."""
    shop, ada = sold
    staff = shop.person("staff", "boss@example.com", "*")
    form = staff.get("/admin/catalogue/1/edit").text
    assert '<option selected value="">as the prices have it</option>' in form
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.details = {**basic.details, "changes": "end_of_term"}
    path = "/account/subscriptions/1/change"
    assert "To pay" in ada.get(f"{path}?offer=basic|1+month&addon-screen=1").text
    shown = ada.get(f"{path}?offer=gold|1+month&addon-screen=0").text
    assert "€10.00" not in shown
    assert ada.post(path, hidden(shown), page=path).status_code == 303
    with shop.app.app_context(), reading() as session:
        assert [one.kind for one in session.query(SubscriptionChange)] == ["change"]
        assert len(session.query(Document).all()) == 2


def test_another_customer_finds_nothing(sold):
    shop, _ = sold
    eve = shop.customer("eve@example.com", name="Eve")
    for path in ("change", "hold", "cancel", "resume", "keep", "buy"):
        assert eve.get(f"/account/subscriptions/1/{path}").status_code == 404
    for path in ("change", "hold", "resume", "keep"):
        assert eve.post(f"/account/subscriptions/1/{path}", {"offer": "gold|1 month"}).status_code == 404
    assert row(shop).state == "active"


def test_a_customer_holds_resumes_cancels_and_keeps(sold):
    shop, ada = sold
    path = "/account/subscriptions/1"
    assert "Say until when" in ada.get(f"{path}/hold?starts_on=").text
    assert "is not a day" in ada.get(f"{path}/hold?starts_on=tomorrow").text
    with shop.app.app_context():
        today = clock.today_in("Europe/Helsinki")
    until = today.replace(year=today.year + 1)
    assert "days of hold are left" in ada.get(f"{path}/hold?ends_on={until}").text
    week = today + timedelta(days=8)
    shown = ada.get(f"{path}/hold?ends_on={week}").text
    assert "Hold it" in shown
    changed = ada.post(f"{path}/hold", hidden(shown) | {"seen": "something else"}, page=f"{path}/hold")
    assert (changed.status_code, "Hold it" in changed.text) == (409, True)
    assert row(shop).state == "active", "what comes back has changed since it was shown"
    assert ada.post(f"{path}/hold", hidden(shown), page=f"{path}/hold").status_code == 303
    assert (row(shop).state, row(shop).suspended_for) == ("suspended", "customer")
    today += timedelta(days=3)  # a hold of this plan is three days or longer: until then no button that is refused
    assert "End the hold" not in ada.get(path).text
    assert f'You can end it from <time datetime="{today}">' in ada.get(path).text
    early = ada.post(f"{path}/resume", page=f"{path}/hold")
    assert (early.status_code, "a hold is 3 days or longer" in early.text) == (409, True)
    assert ada.get(f"{path}/resume").status_code == 409, "there is no button that is refused"
    with clock.business_time(clock.business_now() + timedelta(days=3)):
        assert "End the hold" in ada.get(path).text
        shown = ada.get(f"{path}/resume").text
        assert "Your lines run again from today." in shown
        last = day_in_words(row(shop).billed_through - timedelta(days=1))
        assert re.search(r"<dt>Is charged now</dt><dd>€[1-9]\.\d\d</dd>", shown), "the days that are left"
        assert f"<dt>Paid until</dt><dd>{last}</dd>" in shown
        assert row(shop).state == "suspended", "it was only asked"
        again = ada.post(f"{path}/resume", {"seen": "something else"}, page=f"{path}/hold")
        assert (again.status_code, "has changed since it was shown" in again.text) == (409, True)
        assert row(shop).state == "suspended", "it would cost something else"
        assert ada.post(f"{path}/resume", hidden(again.text), page=f"{path}/hold").status_code == 303
    assert row(shop).state == "active"
    assert [ada.get(f"{path}/{act}").status_code for act in ("resume", "keep")] == [409, 409], "there is nothing to end"
    assert ada.post(f"{path}/cancel", page=f"{path}/hold").status_code == 303
    assert "Keep it after all" in ada.get(path).text
    shown = ada.get(f"{path}/keep").text
    assert "It does not end on" in shown
    assert "<dt>Is charged now</dt><dd>€0.00</dd>" in shown
    assert row(shop).service_ends_on is not None, "it was only asked"
    again = ada.post(f"{path}/keep", {"seen": "something else"}, page=f"{path}/hold")
    assert (again.status_code, row(shop).service_ends_on is None) == (409, False)
    assert ada.post(f"{path}/keep", hidden(shown), page=f"{path}/hold").status_code == 303
    assert row(shop).service_ends_on is None


def test_what_comes_back_of_a_cancellation_is_the_plans_rule(sold):
    shop, ada = sold
    path = "/account/subscriptions/1/cancel"
    shown = ada.get(path).text  # it may be watched to its end
    assert "<dt>Comes back</dt><dd>Nothing</dd>" in shown
    last = row(shop).paid_through - timedelta(days=1)
    assert f'You can watch until <time datetime="{last}">' in shown
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.cancel_policy, basic.details = "start_of_term", {**basic.details, "cancel_money": "refund"}
    shown = ada.get(path).text
    assert "€9.99, to where it came from" in shown
    assert "It ends at once" in shown
    assert "You can watch until" not in shown
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.details = {**basic.details, "cancel_money": "credit"}
    shown = ada.get(path).text
    assert "€9.99 as credit" in shown
    done = ada.post(path, hidden(shown), page=path)
    assert done.status_code == 303
    assert "Canceled. It has ended." in ada.get(done.location).text
    assert row(shop).state == "canceled"
    with shop.app.app_context(), reading() as session:
        assert [one.remaining_minor for one in session.query(CustomerCredit).all()] == [999]


def test_the_last_day_is_told_as_everywhere_else(sold):
    shop, ada = sold
    path = "/account/subscriptions/1"
    last = row(shop).paid_through - timedelta(days=1)
    done = ada.post(f"{path}/cancel", hidden(ada.get(f"{path}/cancel").text), page=f"{path}/cancel")
    told = ada.get(done.location).text
    assert f"Canceled. You can watch until {day_in_words(last)}." in told
    assert f'Ends <time datetime="{last}">' in told


def test_what_is_owed_is_paid_by_what_comes_back(sold):
    shop, ada = sold
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.cancel_policy, basic.details = "start_of_term", {**basic.details, "cancel_money": "credit"}
        paid = tx.session.query(Document).filter_by(kind="invoice").one()
        paid.state, paid.settled_minor = "partly_paid", 400
    shown = ada.get("/account/subscriptions/1/cancel").text
    assert "<dt>Not owed any more</dt><dd>€5.99</dd>" in shown  # 9.99 less the 4.00 that were paid
    assert "€4.00 as credit" in shown


@pytest.mark.parametrize(("pays_open", "left"), [(True, 699), (False, 999)])
def test_what_comes_back_is_what_was_shown_also_with_another_open_invoice(sold, pays_open, left):
    shop, ada = sold
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.cancel_policy, basic.details = "start_of_term", {**basic.details, "cancel_money": "credit"}
        paid = tx.session.query(Document).filter_by(kind="invoice").one()
        tx.session.get_one(Seller, paid.seller_id).money_back = {"credit_pays_open": pays_open}
        film = Document(
            seller_id=paid.seller_id, customer_id=paid.customer_id, subscription_id=1, kind="invoice", state="final",
            currency="EUR", net_minor=300, tax_minor=0, total_minor=300, created_at=paid.created_at,
            issued_on=paid.issued_on, due_on=paid.due_on,
        )  # fmt: skip
        tx.session.add(film)
        tx.session.flush()
        line = {"position": 1, "kind": "one_off", "description": "A film", "unit_minor": 300, "net_minor": 300}
        tx.session.add(DocumentLine(document_id=film.id, subscription_id=1, **line))
    path = "/account/subscriptions/1/cancel"
    shown = ada.get(path).text
    assert ("<dt>Not owed any more</dt><dd>€3.00</dd>" in shown) is pays_open
    assert f"€{left / 100} as credit" in shown
    assert ada.post(path, hidden(shown), page=path).status_code == 303
    with shop.app.app_context(), reading() as session:
        assert sum(lot.remaining_minor for lot in session.query(CustomerCredit)) == left
        assert session.query(Document).filter_by(total_minor=300).one().settled_minor == 999 - left


def test_a_cancellation_that_comes_to_something_else_by_now_is_asked_again(sold):
    shop, ada = sold
    path = "/account/subscriptions/1/cancel"
    agreed = hidden(ada.get(path).text)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.cancel_policy, basic.details = "start_of_term", {**basic.details, "cancel_money": "credit"}
    again = ada.post(path, agreed, page=path)
    assert (again.status_code, "has changed since it was shown" in again.text) == (409, True)
    assert "€9.99 as credit" in again.text
    assert row(shop).service_ends_on is None
    assert ada.post(path, hidden(again.text), page=path).status_code == 303
    assert row(shop).state == "canceled"


@pytest.mark.parametrize("who", ["customer", "staff"])
def test_a_change_that_costs_something_else_by_now_is_asked_again(sold, who):
    shop, browser = sold
    path = "/account/subscriptions/1/change"
    if who == "staff":
        browser, path = shop.person("staff", "boss@example.com", "*"), "/admin/subscriptions/1/change"
    shown = browser.get(f"{path}?offer=gold|1+month&addon-screen=0").text
    assert "€10.00" in shown  # 19.99 − 9.99 on the first day
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        gold = tx.session.query(Plan).filter_by(code="gold").one()
        tx.session.query(Price).filter_by(plan_id=gold.id).one().amount_minor = 2499
    again = browser.post(path, hidden(shown), page=path)
    assert (again.status_code, "has changed since it was shown" in again.text) == (409, True)
    assert "€15.00" in again.text  # 24.99 − 9.99
    with shop.app.app_context(), reading() as session:
        assert session.query(SubscriptionComponent).count() == 1
    assert browser.post(path, hidden(again.text), page=path).status_code == 303
    with shop.app.app_context(), reading() as session:
        assert session.get_one(Plan, session.query(Subscription).one().plan_id).code == "gold"


def test_an_event_that_costs_something_else_by_now_is_not_sold(sold):
    shop, ada = sold
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        book = tx.session.query(PriceBook).filter_by(code="eur").one()
        film = Plan(seller_id=shop.seller_id, code="film", name="Film", kind="rental", details={"hours": 48})
        tx.session.add(film)
        tx.session.flush()
        price = Price(book_id=book.id, plan_id=film.id, term="", amount_minor=299)
        tx.session.add(price)
        tx.session.flush()
        price_id = price.id
    path = "/account/subscriptions/1"
    assert f'action="{path}/buy"' in ada.get(path).text
    asked = ada.get(f"{path}/buy?plan=film&pay=now").text
    assert "Buy Film?" in asked
    assert "It costs €2.99" in asked
    agreed = hidden(asked)
    assert agreed == {"plan": "film", "pay": "now", "seen": "299"}
    shop.change(Price, price_id, amount_minor=499)
    told = ada.get(ada.post(f"{path}/buy", agreed, page=path).location).text
    assert "price has changed since it was shown" in told
    assert "€4.99" in told
    assert shop.rows(Entitlement) == []
    assert ada.post(f"{path}/buy", agreed | {"seen": "499"}, page=path).status_code == 303
    assert len(shop.rows(Entitlement)) == 1


def test_a_customer_without_the_plans_leave_does_not_hold(sold):
    shop, ada = sold
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        basic.details = {**basic.details, "hold": None}
    assert "Put on hold" not in ada.get("/account/subscriptions/1").text
    assert ada.post("/account/subscriptions/1/hold", page="/account/subscriptions/1").status_code == 403
    assert row(shop).state == "active"


def test_staff_change_hold_and_cancel_with_figures(sold):
    shop, _ = sold
    staff = shop.person("staff", "boss@example.com", "*")
    path = "/admin/subscriptions/1"
    shown = staff.get(f"{path}/change?offer=gold|1+month&addon-screen=1&when=immediate").text
    assert "To pay" in shown
    fields = {"offer": "gold|1 month", "when": "immediate"}
    assert staff.post(f"{path}/change", fields, page=f"{path}/change").status_code == 303
    shown = staff.post(f"{path}/hold", {"reason": "asked by phone"}, page=path)
    assert "as credit" in shown.text
    assert row(shop).state == "active", "its figures are shown first"
    later = (clock.today_in("Europe/Helsinki") + timedelta(days=5)).isoformat()
    other = staff.yes(f"{path}/hold", shown, reason="asked by phone", starts_on=later)
    assert "as credit" in other.text
    assert row(shop).state == "active", "other days are other figures: they are shown again"
    assert staff.yes(f"{path}/hold", shown, reason="asked by phone").status_code == 303
    assert row(shop).state == "suspended"
    shown = staff.post(f"{path}/resume", {"reason": "back again"}, page=path)
    assert "<dt>Is charged now</dt><dd>€19.99</dd>" in shown.text, "all of the period again"
    assert row(shop).state == "suspended"
    assert staff.yes(f"{path}/resume", shown, reason="back again").status_code == 303
    assert row(shop).state == "active"
    assert [staff.get(f"{path}/{act}").status_code for act in ("resume", "keep")] == [409, 409]
    wish = {"policy": "on_date", "on": row(shop).paid_through - timedelta(days=5), "money": "credit", "reason": "x"}
    assert staff.yes(f"{path}/cancel", staff.post(f"{path}/cancel", wish, page=path), **wish).status_code == 303
    shown = staff.post(f"{path}/keep", {"reason": "stays"}, page=path)
    assert re.search(r"<dt>Is charged now</dt><dd>€[1-9]\.\d\d</dd>", shown.text), "five days that came back"
    assert row(shop).service_ends_on is not None
    assert staff.yes(f"{path}/keep", shown, reason="stays").status_code == 303
    assert row(shop).service_ends_on is None
    wish = {"policy": "on_date", "on": "2020-01-01", "money": "credit", "reason": "x"}
    assert "Must be" in staff.post(f"{path}/cancel", wish, page=path).text
    wish = {"policy": "immediate", "money": "credit", "reason": "moved away"}
    shown = staff.post(f"{path}/cancel", wish, page=path)
    assert "<dt>Comes back</dt>" in shown.text
    later = {**wish, "policy": "end_of_term"}  # something else than was shown: shown first
    assert "<dt>Comes back</dt>" not in staff.yes(f"{path}/cancel", shown, **later).text
    assert staff.yes(f"{path}/cancel", shown, **wish).status_code == 303
    assert row(shop).state == "canceled"


def figures(text):
    """The hidden field of a question that has shown its figures."""
    (field,) = re.findall(r'<input[^>]*name="seen"[^>]*>', text)
    return {"seen": re.search(r'value="([^"]*)"', field)[1]}


def test_staff_hand_over_and_set_a_billing_day(sold):
    shop, _ = sold
    shop.customer("eve@example.com", name="Eve")
    staff = shop.person("staff", "boss@example.com", "*")
    through = row(shop).paid_through
    wish = {"customer_id": "2", "money": "moves", "reason": "moved out"}
    shown = staff.post("/admin/subscriptions/1/transfer", wish, page="/admin/subscriptions/1").text
    assert "Goes along, paid until" in shown
    assert "subscription 1" not in shown
    shop.change(Customer, 2, billing_day=through.day % 28 + 1)
    shown = staff.post("/admin/subscriptions/1/transfer", wish, page="/admin/subscriptions/1").text
    bridge = rf"<dt>Basic, subscription 1</dt><dd>€\d\.\d\d for {day_in_words(through)} to "
    assert re.search(bridge, shown), "it follows the day of who gets it"
    shop.change(Customer, 2, billing_day=None)
    assert row(shop).customer_id == 1
    wish = {**wish, "money": "settled"}
    shown = staff.post("/admin/subscriptions/1/transfer", wish, page="/admin/subscriptions/1").text
    assert "Credited to" in shown
    assert "Charged to Eve" in shown
    assert row(shop).customer_id == 1
    wish |= figures(shown)
    assert staff.post("/admin/subscriptions/1/transfer", wish, page="/admin/subscriptions/1").status_code == 303
    assert row(shop).customer_id == 2
    wish = {"billing_day": "32", "reason": "x"}
    assert staff.post("/admin/customers/2/billing-day", wish, page="/admin/customers/2").status_code == 422
    wish = {"billing_day": str(through.day % 28 + 1), "reason": "asked"}
    shown = staff.post("/admin/customers/2/billing-day", wish, page="/admin/customers/2").text
    assert "Subscriptions that move" in shown
    assert "subscription 1" in shown
    wish |= figures(shown)
    assert staff.post("/admin/customers/2/billing-day", wish, page="/admin/customers/2").status_code == 303
    assert row(shop).anchor.day == through.day % 28 + 1


def test_days_are_given_after_the_figures_were_seen(sold):
    shop, ada = sold
    staff = shop.person("staff", "boss@example.com", "*")
    assert "No days were given yet" in staff.get("/admin/gifts").text
    wish = {"scope": f"panel:{shop.panel_id}", "days": "3", "reason": "The night of 9 April"}
    shown = staff.post("/admin/gifts/new", wish, page="/admin/gifts/new").text
    assert "1 subscription runs 3 days longer" in shown
    before = row(shop).paid_through
    sure = {**wish, "sure": f"panel:{shop.panel_id}|3|1"}
    assert staff.post("/admin/gifts/new", sure, page="/admin/gifts/new").status_code == 303
    shop.work()
    assert (row(shop).paid_through - before).days == 3
    last = day_in_words(before + timedelta(days=2))
    assert f"<br>Days at the end: +3, until {last}</td>" in ada.get("/account/subscriptions/1").text
    assert "1 of 1" in staff.get("/admin/gifts").text
    with shop.app.app_context(), reading() as session:
        assert session.query(DayGift).one().actor.startswith("staff:")
    assert staff.post("/admin/gifts/new", {**wish, "days": "0"}, page="/admin/gifts/new").status_code == 422
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.get_one(Subscription, 1).timing = "arrears"
    told = staff.post("/admin/gifts/new", wish, page="/admin/gifts/new").text
    assert "1 of them is paid afterwards: it does not run longer, and its next bill leaves these days out." in told
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.query(Plan).filter_by(code="basic").one().proration = "none"
    told = staff.post("/admin/gifts/new", wish, page="/admin/gifts/new").text
    assert "<dt>Left out: it is paid afterwards, in whole periods</dt><dd>1</dd>" in told
    none = {**wish, "sure": f"panel:{shop.panel_id}|3|0"}
    assert staff.post("/admin/gifts/new", none, page="/admin/gifts/new").status_code == 303
    assert "Left out: it is paid afterwards, in whole periods: 1</span>" in staff.get("/admin/gifts").text
    assert (
        staff.get("/admin/gifts?format=csv")
        .text.splitlines()[1]
        .endswith(',"it is paid afterwards, in whole periods: 1"')
    )
    clerk = shop.person("staff", "clerk@example.com", "customers.write")
    assert clerk.get("/admin/gifts/new").status_code == 403


def test_an_order_is_told_as_it_was_placed_whatever_plan_there_is_by_now(sold):
    shop, ada = sold
    page = "/account/subscriptions/1/change"
    shown = ada.get(page, query_string={"offer": "gold|1 month"}).text
    assert ada.post(page, hidden(shown), page=page).status_code == 303
    shop.work()
    boss = shop.person("staff", "boss@example.com", "*")
    for listed in (ada.get("/account/orders").text, ada.get("/orders/1").text, boss.get("/admin/orders").text):
        assert "Basic" in listed
        assert "Gold" not in listed
