"""Orders of a reseller's shop that were paid late, checked, or have waited one after the other: whose days are whose.

A month of Basic costs 25.00 EUR in the shop of Aurora and takes 10.00 of its credits, of which it has 100.00.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from white_label import WhiteLabel

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.fraud.decide_case import decide_case
from billhead.actions.payments._time_bought import pull_back_time
from billhead.actions.provisioning._entitled import entitled_of
from billhead.actions.shops.try_again import try_again
from billhead.actions.subscriptions.lapse import lapse
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.periods import start_of_day
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.fraud import FraudCase
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Expiry, Impossible
from billhead.plugin_host import plugins


@contextmanager
def on(month: int, day: int) -> Iterator[None]:
    """At noon in 2027."""
    with clock.business_time(datetime(2027, month, day, 12, tzinfo=UTC)):
        yield


def terms(white: WhiteLabel) -> list[tuple[str, date, date]]:
    return [(row.state, row.starts_on, row.until) for row in white.shop.rows(ShopSupply)]


def day(month: int, number: int) -> date:
    return date(2027, month, number)


def ends(white: WhiteLabel) -> tuple[date, date]:
    """Until when Ada has paid, and until when her line runs."""
    (subscription,), (line,) = white.shop.rows(Subscription), white.shop.rows(Service)
    until = line.desired_expires_at.date() + timedelta(days=1)  # midnight in Helsinki is the evening before in UTC
    assert line.desired_expires_at == start_of_day(until, subscription.zone)
    return subscription.paid_through, until


def renewed_from(white: WhiteLabel, rule: str) -> None:
    (plan,) = white.shop.rows(Plan, Plan.code == "basic")
    white.shop.change(Plan, plan.id, renewal_from=rule)


def invoiced(white: WhiteLabel, month: int, number: int) -> None:
    """The next month is an invoice that waits for its money, as one that is charged by the run."""
    (subscription,) = white.shop.rows(Subscription)
    white.shop.change(Subscription, subscription.id, collection="auto", next_bill_on=day(month, number))
    with white.shop.app.app_context():
        run_billing(day(month, number))


def pays(white: WhiteLabel) -> None:
    """Ada pays the newest document that asks for money."""
    asked = white.shop.rows(Document, Document.state.in_(["open", "final"]))[-1].id
    browser = white.visitor("aurora")
    browser.sign_in("ada@example.com")
    assert browser.post(f"/pay/{asked}", {"account": str(white.accounts["aurora"])}).status_code == 303
    assert white.pay("aurora").status_code == 200
    white.shop.work()


def test_days_before_a_late_renewal_was_paid_are_no_days_of_waiting(white_label: WhiteLabel):
    """The line ended on 1 February, its renewal counts from there, and is paid on the 20th; credits are there."""
    renewed_from(white_label, "expiry")
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    with on(2, 20):
        white_label.renew()
        white_label.shop.work()
    assert terms(white_label) == [("supplied", day(1, 1), day(2, 1)), ("supplied", day(2, 1), day(3, 1))]
    assert ends(white_label) == (day(3, 1), day(3, 1))
    assert white_label.area.credits("aurora") == 10000 - 1000 - 322  # 9 of 28 days can be watched: 10.00 x 9 / 28


def test_a_panel_that_sells_time_sells_all_of_a_late_month(white_label: WhiteLabel, monkeypatch: pytest.MonkeyPatch):
    """February is paid on the 26th: its panel sells no three days, so it takes 10.00 and not 1.08."""
    with white_label.shop.app.app_context():
        module = type(plugins().module("memory"))
    renewed_from(white_label, "expiry")
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    able = module.capabilities
    with on(2, 26), monkeypatch.context() as selling:
        selling.setattr(module, "capabilities", lambda *asked: replace(able(*asked), expiry=Expiry.PURCHASED))
        white_label.renew()
        white_label.shop.work()
    assert [row.credits_minor for row in white_label.shop.rows(ShopSupply)] == [1000, 1000]


def test_a_renewal_that_is_paid_after_its_month_takes_no_credits(white_label: WhiteLabel):
    """Counted from 1 February and paid on 5 March: nothing of it can be watched, and it can be renewed again."""
    renewed_from(white_label, "expiry")
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    with on(3, 5):
        white_label.renew()
        white_label.shop.work()
    assert [row.state for row in white_label.shop.rows(ShopSupply)] == ["supplied", "dropped"]
    assert white_label.area.credits("aurora") == 10000 - 1000
    with on(3, 5), white_label.shop.app.app_context(), writing(Context.system("test")) as tx:
        assert lapse(tx).expired == 1


def test_what_is_over_waits_for_an_earlier_order_that_would_put_it_off(white_label: WhiteLabel):
    """January waits for its credits; February is paid on 5 March. With January's, February comes after them."""
    renewed_from(white_label, "expiry")
    white_label.leave(0)
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    with on(3, 5):
        white_label.renew()
        white_label.shop.work()
        assert [row.state for row in white_label.shop.rows(ShopSupply)] == ["waiting", "waiting"]
        white_label.grant(2000)
        white_label.shop.work()
    # 31 days from 5 March, then the 28 of February
    assert terms(white_label) == [("supplied", day(3, 5), day(4, 5)), ("supplied", day(4, 5), day(5, 3))]
    assert ends(white_label) == (day(5, 3), day(5, 3))


def test_what_waits_for_credits_is_not_bought_at_a_panel_either(white_label: WhiteLabel):
    white_label.leave(1000)
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    with on(1, 20):
        white_label.renew()
        white_label.shop.work()
        assert ends(white_label) == (day(3, 1), day(2, 1))
        with white_label.shop.app.app_context(), reading() as session:
            (line,) = session.scalars(select(Service))
            panel = session.get_one(Panel, line.panel_id)
            assert entitled_of(session, line, panel).ends == (day(2, 1),)


def test_a_late_renewal_gets_the_days_on_which_it_waited_for_credits(white_label: WhiteLabel):
    """Paid on 20 February for the month from the 1st; the credits come on the 25th: five days, not twenty-four."""
    renewed_from(white_label, "expiry")
    white_label.leave(1000)
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    with on(2, 20):
        white_label.renew()
        white_label.shop.work()
    with on(2, 25):
        white_label.grant(1000)
        white_label.shop.work()
    assert terms(white_label)[1] == ("supplied", day(2, 6), day(3, 6))
    assert ends(white_label) == (day(3, 6), day(3, 6))


def test_a_renewal_that_is_collected_on_the_fourth_keeps_its_dates(white_label: WhiteLabel):
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    with on(2, 1):
        invoiced(white_label, 2, 1)
    with on(2, 4):
        pays(white_label)
    assert terms(white_label)[1] == ("supplied", day(2, 1), day(3, 1))
    assert white_label.shop.rows(Subscription)[0].anchor == day(1, 1)
    assert ends(white_label) == (day(3, 1), day(3, 1))


@pytest.mark.parametrize(("comes", "until"), [(9, day(3, 10)), (12, day(3, 12))])
def test_days_on_which_the_month_before_runs_are_not_waited(white_label: WhiteLabel, comes: int, until: date):
    """January waited nine days and runs to 10 February. February, invoiced before that, is paid on the 9th: it runs to
    10 March, and two days longer where its credits come two days after the line has ended."""
    white_label.leave(0)
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
        invoiced(white_label, 2, 1)
    with on(1, 10):
        white_label.grant(1000)
        white_label.shop.work()
    assert terms(white_label) == [("supplied", day(1, 10), day(2, 10))]
    with on(2, 9):
        pays(white_label)
    with on(2, comes):
        white_label.grant(1000)
        white_label.shop.work()
    assert terms(white_label)[1] == ("supplied", max(day(2, comes), day(2, 10)), until)
    assert ends(white_label) == (until, until)
    white_label.act(pull_back_time, [white_label.shop.rows(ShopSupply)[1].document_id], "chargeback")
    assert ends(white_label)[0] == max(day(2, comes), day(2, 10))  # January is paid


def test_what_waits_later_comes_right_after_what_waited_before(white_label: WhiteLabel):
    """February waits; the month from 10 March is paid on that day; credits for both come on the 12th."""
    white_label.leave(0)
    with on(2, 1):
        white_label.sell()
        white_label.shop.work()
    with on(3, 10):
        white_label.renew()
        white_label.shop.work()
    assert terms(white_label) == [("waiting", day(2, 1), day(3, 1)), ("waiting", day(3, 10), day(4, 10))]
    with on(3, 12):
        white_label.grant(2000)
        white_label.shop.work()
    # 28 days from 12 March, then 31
    assert terms(white_label) == [("supplied", day(3, 12), day(4, 9)), ("supplied", day(4, 9), day(5, 10))]
    assert ends(white_label) == (day(5, 10), day(5, 10))


def test_days_after_a_refusal_are_counted_once(white_label: WhiteLabel, monkeypatch: pytest.MonkeyPatch):
    """Credits came on 5 January, the panel refused until the 15th: a month from then."""
    with white_label.shop.app.app_context():
        module = plugins().module("memory")
    white_label.leave(0)
    with on(1, 1):
        white_label.sell()
        white_label.shop.work()
    with on(1, 5), monkeypatch.context() as lacking:
        lacking.setattr(type(module), "plan", lambda *_asked: [Impossible("plan", "no such package")])
        white_label.grant(1000)
        white_label.shop.work()
    assert terms(white_label) == [("refused", day(1, 5), day(2, 5))]
    with on(1, 15):
        white_label.act(try_again, white_label.area.ids["aurora"], white_label.shop.rows(ShopSupply)[0].id)
        white_label.shop.work()
    assert terms(white_label) == [("supplied", day(1, 15), day(2, 15))]
    assert ends(white_label) == (day(2, 15), day(2, 15))


def test_an_order_that_was_checked_gets_the_days_of_the_check_once(white_label: WhiteLabel):
    """Held for five days: a month from 6 January."""
    aurora = white_label.sellers["aurora"]
    white_label.shop.change(Seller, aurora, fraud={"review_from": 20})
    with on(1, 1):
        white_label.sell("ada@mailinator.com")
        white_label.shop.work()
    assert white_label.shop.rows(Service)[0].in_review
    with on(1, 6):
        (case,) = white_label.shop.rows(FraudCase)
        white_label.act(decide_case, case.id, "approve", "known from the shop")
        white_label.shop.work()
    assert terms(white_label) == [("supplied", day(1, 6), day(2, 6))]
    assert ends(white_label) == (day(2, 6), day(2, 6))
