"""Trials in a reseller's shop: two days for 1.00 EUR, which take 1.00 credit; then Basic for 25.00 EUR and 10.00.

Aurora has 100.00 credits, and may give two trials a day.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from white_label import WhiteLabel

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.resellers._trials import trials_left
from billhead.actions.shops.set_shop_trial import set_shop_trial
from billhead.actions.subscriptions.lapse import lapse
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price
from billhead.models.documents import Document
from billhead.models.people import Reseller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Impossible
from billhead.plugin_host import plugins

TRIAL = "1 month|trial"


@contextmanager
def on(month: int, day: int) -> Iterator[None]:
    """At noon in 2027."""
    with clock.business_time(datetime(2027, month, day, 12, tzinfo=UTC)):
        yield


def may_try(white: WhiteLabel) -> WhiteLabel:
    white.act(set_shop_trial, white.area.ids["aurora"], "basic", "1 month", Money(100, "EUR"), who="aurora")
    return white


@pytest.fixture
def shops(white_label: WhiteLabel) -> WhiteLabel:
    return may_try(white_label)


def tries(white: WhiteLabel, email: str = "ada@example.com") -> None:
    assert white.order(white.customer("aurora", email), "aurora", term=TRIAL).status_code == 303
    assert white.pay("aurora").status_code == 200
    white.shop.work()


def renew(white: WhiteLabel, day: date) -> None:
    with white.shop.app.app_context():
        run_billing(day)
    asked = white.shop.rows(Document, Document.kind == "proforma", Document.state == "open")[-1]
    assert asked.total_minor == 2500
    browser = white.visitor("aurora")
    browser.sign_in("ada@example.com")
    assert browser.post(f"/pay/{asked.id}", {"account": str(white.accounts["aurora"])}).status_code == 303
    assert white.pay("aurora").status_code == 200
    white.shop.work()


def states(white: WhiteLabel) -> list[tuple[str, int | None]]:
    return [(row.state, row.credits_minor) for row in white.shop.rows(ShopSupply)]


def test_a_trial_takes_1_credit_and_the_month_after_it_runs_on_the_same_line(any_white_label: WhiteLabel):
    shops = may_try(any_white_label)
    with on(6, 1):
        assert "Try it for 2 days" in shops.visitor("aurora").get("/plans/basic").text
        tries(shops)
        (subscription,), (line,) = shops.shop.rows(Subscription), shops.shop.rows(Service)
        assert (subscription.state, subscription.phase, subscription.paid_through) == (
            "trial",
            "trial",
            date(2027, 6, 3),
        )
        assert (line.sync, line.trial) == ("ok", True)
        assert states(shops) == [("supplied", 100)]
        assert shops.area.credits("aurora") == 9900
    with on(6, 2):
        renew(shops, date(2027, 6, 2))
        (after,), (same,) = shops.shop.rows(Subscription), shops.shop.rows(Service)
        assert (after.state, after.phase, after.paid_through) == ("active", "recurring", date(2027, 7, 3))
        assert (same.id, same.trial, same.sync) == (line.id, False, "ok")
        assert states(shops) == [("supplied", 100), ("supplied", 1000)]
        assert shops.area.credits("aurora") == 8900


def test_who_comes_back_after_the_trial_has_the_same_line(shops: WhiteLabel):
    with on(6, 1):
        tries(shops)
        with shops.shop.app.app_context():
            run_billing(date(2027, 6, 2))
    with on(6, 10):
        shops.act(lapse)
        assert shops.shop.rows(Subscription)[0].state == "expired"
        renew(shops, date(2027, 6, 10))
        (subscription,) = shops.shop.rows(Subscription)
        assert (subscription.state, subscription.paid_through) == ("active", date(2027, 7, 10))
        assert len(shops.shop.rows(Service)) == 1


def test_a_trial_that_waits_for_its_credits_begins_when_they_come(shops: WhiteLabel):
    with on(6, 1):
        shops.leave(0)
        tries(shops)
        assert states(shops) == [("waiting", 100)]
    with on(6, 5):
        shops.act(lapse)
        shops.grant(100)
        shops.shop.work()
        (subscription,) = shops.shop.rows(Subscription)
        assert (subscription.state, subscription.paid_through, subscription.phase_ends_on) == (
            "trial", date(2027, 6, 7), date(2027, 6, 7))  # fmt: skip
        renew(shops, date(2027, 6, 6))
        assert shops.shop.rows(Subscription)[0].paid_through == date(2027, 7, 7)


def test_a_shop_gives_as_many_trials_a_day_as_its_reseller_may(shops: WhiteLabel):
    """One in the reseller's area, one in the shop: there is none left, and the shop's page offers none."""
    with on(6, 1):
        shops.area.add("aurora", "Mina", trial="yes")
        late = shops.customer("aurora", "eve@example.com")
        assert late.post("/plans/basic", {"term": TRIAL}).status_code == 303
        assert shops.order(shops.customer("aurora"), "aurora", term=TRIAL).status_code == 303
        with shops.shop.app.app_context(), reading() as session:
            aurora = session.get_one(Reseller, shops.area.ids["aurora"])
            assert trials_left(session, aurora) == 0  # ordered, and not paid yet
        assert "Try it for" not in shops.visitor("aurora").get("/plans/basic").text
        answer = late.post("/checkout", {"account": str(shops.accounts["aurora"])})
        assert answer.status_code == 303  # back to the cart, which says that it is gone
        assert len(shops.shop.rows(Subscription)) == 2
    with on(6, 2):
        assert "Try it for 2 days" in shops.visitor("aurora").get("/plans/basic").text


def test_a_trial_of_two_lines_that_the_panel_refuses_is_none(shops: WhiteLabel, monkeypatch: pytest.MonkeyPatch):
    with shops.shop.app.app_context():
        with writing(Context.system("test")) as tx:
            basic = tx.session.query(Plan).filter_by(code="basic").one()
            (line,) = basic.details["services"]
            basic.details = {**basic.details, "services": [line, line]}
        module = plugins().module("memory")
        monkeypatch.setattr(type(module), "plan", lambda *_asked: [Impossible("plan", "no such package")])
    with on(6, 1):
        tries(shops)
        assert len(shops.shop.rows(Service)) == 2
        assert states(shops) == [("refused", 100)]
        with shops.shop.app.app_context(), reading() as session:
            assert trials_left(session, session.get_one(Reseller, shops.area.ids["aurora"])) == 2


def test_a_trial_is_of_the_plan_alone_and_of_the_operators_length(shops: WhiteLabel):
    from billhead.actions.shops.set_shop_price import set_shop_price

    aurora = shops.area.ids["aurora"]
    shops.act(set_shop_price, aurora, "screen", "1 month", Money(600, "EUR"), who="aurora")
    browser = shops.customer("aurora")
    refused = browser.post("/plans/basic", {"term": TRIAL, "addon-screen": "1"})
    assert refused.status_code == 422
    assert "of the plan alone" in refused.text
    price = shops.shop.rows(Price, Price.trial_credit_minor == 100)[0]
    shops.shop.change(Price, price.id, trial_term="3 days")  # the operator's
    assert "Try it for" not in browser.get("/plans/basic").text
    shops.shop.change(Price, price.id, trial_term="2 days")
    assert "Try it for 2 days" in browser.get("/plans/basic").text
    shops.act(set_shop_price, aurora, "basic", "1 month", Money(2600, "EUR"), who="aurora")  # the trial stays
    assert "Try it for 2 days" in browser.get("/plans/basic").text
    shops.act(set_shop_trial, aurora, "basic", "1 month", None, who="aurora")
    assert "Try it for" not in browser.get("/plans/basic").text


def test_no_shop_offers_a_trial_that_its_season_would_end(shops: WhiteLabel):
    """The season ends on the 4th: a trial of two days, begun on the 2nd, would leave no day that is paid."""
    (plan,) = shops.shop.rows(Plan, Plan.code == "basic")
    shops.shop.change(Plan, plan.id, season_ends_on=date(2027, 6, 4))
    with on(6, 1):
        assert "Try it for 2 days" in shops.visitor("aurora").get("/plans/basic").text
    for path in ("/plans", "/plans/basic", "/compare"):
        with on(6, 2):
            text = shops.visitor("aurora").get(path).text
            assert "2 days" not in text, path


def test_what_a_trial_costs_is_the_resellers_matter_from_the_operators_floor_up(shops: WhiteLabel):
    aurora, row = shops.area.ids["aurora"], shops.shop.rows(Price, Price.trial_credit_minor == 100)[0]
    shown = shops.area.browsers["aurora"].get("/reseller/shop/prices").text
    assert "Basic, trial" in shown
    done = shops.area.browsers["aurora"].post(
        "/reseller/shop/prices", {"basic|1 month|trial": ""}, page="/reseller/shop/prices"
    )
    assert done.status_code == 303
    assert "Try it for" not in shops.visitor("aurora").get("/plans/basic").text
    shops.shop.change(Price, row.id, trial_minor=200)
    rights = {**shops.shop.rows(Reseller, Reseller.id == aurora)[0].rights, "floor_percent": 80}
    shops.shop.change(Reseller, aurora, rights=rights)
    set_trial = (set_shop_trial, aurora, "basic", "1 month")
    refused = shops.refusal(*set_trial, Money(159, "EUR"), who="aurora")
    assert isinstance(refused, InvalidInput)
    assert "1.60" in refused.message
    shops.act(*set_trial, Money(160, "EUR"), who="aurora")
    with pytest.raises(Conflict, match="not for sale"):
        shops.act(set_shop_trial, aurora, "basic", "12 months", Money(500, "EUR"), who="aurora")
