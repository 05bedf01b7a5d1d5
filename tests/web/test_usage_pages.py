"""What customers and staff see of metered use, and what can be bought once on a subscription."""

import json
import re
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from counted_minutes import count_minutes
from sqlalchemy import select
from web_shop import Browser, Shop

from billhead import clock
from billhead.actions.usage.record_events import record_events
from billhead.cli import main
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.entitlements import Entitlement
from billhead.plugin import UsageReading

CTX = Context.system("test")


@pytest.fixture
def metered(shop: Shop) -> Shop:
    """Basic counts minutes; an event and a film are on sale."""
    count_minutes(shop)
    with shop.app.app_context(), writing(CTX) as tx:
        session = tx.session
        book = session.scalars(select(PriceBook.id).where(PriceBook.currency == "EUR")).one()
        today = clock.business_now()
        window = {"starts": today.isoformat(), "ends": (today + timedelta(days=9)).isoformat()}
        for code, name, kind, details in (
            ("final", "Nordic Final", "ppv", window),
            ("film", "A film for 48 hours", "rental", {"hours": 48, "on_bill": True}),
            ("pass", "Ten films", "rental", {"hours": 2160, "uses": 10, "unit": "films", "on_bill": True}),
        ):
            plan = Plan(seller_id=1, code=code, name=name, kind=kind, details=details, listed=False)
            session.add(plan)
            session.flush()
            session.add(Price(book_id=book, plan_id=plan.id, term="", amount_minor=1499 if kind == "ppv" else 399))
    return shop


@pytest.fixture
def ada(metered: Shop) -> Browser:
    browser = metered.customer()
    metered.order(browser, save="1")
    metered.pay(save=True)
    metered.work()
    return browser


def watched(shop: Shop, minutes: int, at: datetime | None = None, event="e1") -> None:
    with shop.app.app_context(), writing(CTX) as tx:
        record_events(tx, "=panel", [UsageReading(event, "subscription:1", "minutes", minutes, at or clock.now())])


def test_the_bar_shows_how_much_of_the_allowance_is_used(metered: Shop, ada: Browser):
    watched(metered, 450)
    page = ada.get("/account/subscriptions/1").text
    assert "450 of 600 minutes included" in page
    assert '<meter min="0" max="100" high="80" optimum="0" value="75"' in page
    watched(metered, 300, event="e2")
    page = ada.get("/account/subscriptions/1").text
    assert 'value="100"' in page
    assert "€2.75 so far" in page  # 100 × 0.02 + 50 × 0.015


def test_a_plan_without_metered_use_shows_none(metered: Shop):
    browser = metered.customer()
    metered.order(browser, "gift")
    assert "Your use" not in browser.get("/account/subscriptions/1").text


def test_use_as_a_file_is_ones_own_and_runs_nothing(metered: Shop, ada: Browser):
    watched(metered, 450, event="=cmd()")
    answer = ada.get("/account/subscriptions/1/usage.csv")
    assert answer.mimetype == "text/csv"
    assert ",minutes,450,minutes,,'=panel,'=cmd()" in answer.text
    stranger = metered.customer("eve@example.com")
    assert stranger.get("/account/subscriptions/1/usage.csv").status_code == 404
    assert stranger.post("/account/subscriptions/1/buy", {"plan": "film"}).status_code == 404


def bought(shop: Shop) -> list[tuple[str, bool]]:
    with shop.app.app_context(), reading() as session:
        rows = session.scalars(select(Entitlement).order_by(Entitlement.id))
        return [(row.state, row.waits_until is not None) for row in rows]


def test_an_event_is_bought_and_paid(metered: Shop, ada: Browser):
    page = ada.get("/account/subscriptions/1").text
    assert "Nordic Final" in page
    asked = ada.get("/account/subscriptions/1/buy?plan=final").text
    assert re.search(r"Begins</dt><dd><time [^>]+>[^<]+</time></dd>", asked)
    answer = ada.post("/account/subscriptions/1/buy", {"plan": "final", "pay": "now"})
    assert answer.location.startswith("/pay/")
    assert bought(metered) == [("offered", False)]
    ada.post(answer.location, {"account": str(metered.accounts["cards"])}, page=answer.location)
    metered.pay(event="evt_2")
    metered.work()
    assert bought(metered) == [("active", False)]
    page = ada.get("/account/subscriptions/1").text
    assert "Yours" in page
    assert page.count("Nordic Final") == 1  # it is not offered again


def test_a_film_goes_on_the_next_invoice(metered: Shop, ada: Browser):
    answer = ada.post("/account/subscriptions/1/buy", {"plan": "film", "pay": "next_invoice"})
    assert "stands on your next invoice" in ada.get(answer.location).text
    assert bought(metered) == [("active", True)]
    answer = ada.post("/account/subscriptions/1/buy", {"plan": "nothing"})
    assert "There is no plan" in ada.get(answer.location, follow_redirects=True).text.replace("no such plan", "no plan")


def test_a_pass_is_used_up_by_films_here_and_by_staff(metered: Shop, ada: Browser):
    page = "/account/subscriptions/1"
    assert "Use my pass" not in ada.get(page).text
    ada.post(f"{page}/buy", {"plan": "pass", "pay": "next_invoice"})
    shown = ada.get(page).text
    assert "10 of 10 films left" in shown
    assert shown.count("Use my pass") == 1  # for the film, not for the event or another pass
    answer = ada.post(f"{page}/buy", {"plan": "film", "pay": "pass"})
    shown = ada.get(answer.location).text
    assert "It is yours." in shown
    assert "9 of 10 films left" in shown
    assert "by your pass" in shown

    def once(*words):
        ran = CliRunner().invoke(main, ["once", *map(str, words), "--json"], obj=metered.app)
        return ran.exit_code, json.loads(ran.stdout)

    code, got = once("buy", 1, "film", "--pay", "pass")
    assert (code, got["document_id"], got["owed_minor"]) == (0, None, 0)
    assert [row["uses_left"] for row in once("list", 1)[1]["bought"] if row["plan"] == "pass"] == [8]
    assert once("give-back", got["entitlement_id"], "--reason", "no picture")[1]["credited_minor"] == 0
    assert once("buy", 1, "final", "--pay", "pass")[0] == 1
    staff = metered.person("staff", "sam@example.com", "*")
    shown = staff.get("/admin/subscriptions/1").text
    assert "9 of 10 films left" in shown
    assert "by a pass" in shown


def test_staff_see_use_prices_and_purchases_and_call_an_event_off(metered: Shop, ada: Browser):
    watched(metered, 450)
    ada.post("/account/subscriptions/1/buy", {"plan": "final", "pay": "now"})
    staff = metered.person("staff", "sam@example.com", "*")
    page = staff.get("/admin/subscriptions/1").text
    assert "Viewing time" in page
    assert "Nordic Final" in page
    assert "450,minutes" in staff.get("/admin/subscriptions/1/usage.csv").text
    with metered.app.app_context(), reading() as session:
        ids = {plan.code: plan.id for plan in session.scalars(select(Plan))}
    told = staff.get(f"/admin/catalogue/{ids['basic']}").text
    assert "600 minutes included; 0.02 each up to 100, then 0.015 each; at most 15 a period" in told
    path = f"/admin/catalogue/{ids['final']}/call-off"
    assert "1 has bought it" in staff.get(path).text
    assert staff.post(path, {"reason": ""}, page="/admin/switches").status_code == 422
    assert staff.post(path, {"reason": "It rains"}, page="/admin/switches").status_code == 303
    metered.work()
    assert bought(metered) == [("withdrawn", False)]


def test_staff_give_one_purchase_back(metered: Shop, ada: Browser):
    ada.post("/account/subscriptions/1/buy", {"plan": "film", "pay": "next_invoice"})
    staff = metered.person("staff", "sam@example.com", "*")
    assert staff.post("/admin/purchases/1/refund", {"reason": "No picture"}, page="/admin/switches").status_code == 303
    assert bought(metered) == [("refunded", False)]


def test_rejected_events_are_listed(metered: Shop, ada: Browser):
    staff = metered.person("staff", "sam@example.com", "*")
    assert "Every event that was told could be counted." in staff.get("/admin/rejected-usage").text
    with metered.app.app_context(), writing(CTX) as tx:
        record_events(tx, "panel", [UsageReading("<b>", "login:nobody", "minutes", 1, clock.now())])
    page = staff.get("/admin/rejected-usage").text
    assert "&lt;b&gt;" in page
    assert "nobody, or more than one, is known as login:nobody" in page
    assert "unknown_subscription" in staff.get("/admin/rejected-usage?format=csv").text
