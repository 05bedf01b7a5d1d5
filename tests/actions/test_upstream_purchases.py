"""A panel on which every renewal is bought with our credits: what is paid is bought, once, and nothing else is."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from selling_shop import NEXT_MONTH, NOW
from sqlalchemy import func, select

from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.crash import CRASH_POINTS_OF_PURCHASES
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict
from billhead.models.operations import Notice
from billhead.models.panels import Panel
from billhead.models.people import User
from billhead.testing import Break

SURELY_SENT = [Break.BEFORE_ANSWER, Break.MID_HEADER, Break.MID_BODY, Break.EMPTY_ANSWER, Break.SERVER_ERROR]


def ends(upstream, line):
    return datetime.fromisoformat(upstream.panel.lines[f"line{line}"]["expires_at"])


def test_a_paid_line_is_bought_once_however_often_it_is_asked_for(upstream_on_both):
    line = upstream_on_both.line()
    upstream_on_both.work()
    for _ in range(3):
        assert upstream_on_both.converge(line).sync == "ok"
    assert upstream_on_both.bought() == [("line1", "p30")]
    (row,) = upstream_on_both.purchases()
    assert (row.state, row.cost_minor, row.paid_until, row.tries) == ("bought", 100, NEXT_MONTH, 1)
    assert row.expires_at == ends(upstream_on_both, line)
    service = upstream_on_both.service(line)
    assert (service.sync, service.converged_version) == ("ok", service.desired_version)
    assert len(upstream_on_both.events("service.active")) == 1


def test_each_paid_period_is_bought_and_the_panel_counts_from_its_own_end(upstream):
    line = upstream.line()
    upstream.work()
    for month in (1, 2, 3):
        upstream.pay(line, date(2027, month, 22))
        upstream.work()
        assert upstream.service(line).sync == "ok"
    assert len(upstream.bought()) == 4
    assert ends(upstream, line) - NOW - timedelta(days=120) < timedelta(minutes=5)


def test_two_periods_paid_while_the_panel_is_away_are_two_purchases(upstream):
    upstream.line(paid_until=date(2027, 1, 22))  # two months at once
    upstream.work()
    assert [row.paid_until for row in upstream.purchases()] == [NEXT_MONTH, date(2027, 1, 22)]
    assert len(upstream.bought()) == 2


def test_a_trial_is_bought_with_its_own_package_and_then_the_paid_month(upstream):
    line = upstream.line(paid_until=date(2026, 11, 25), phase="trial")
    upstream.work()
    assert [(row.trial, row.paid_until) for row in upstream.purchases()] == [(True, date(2026, 11, 25))]
    from billhead.models.subscriptions import Subscription

    with upstream.writing() as tx:
        tx.session.get_one(Subscription, upstream.service(line).subscription_id).phase = "recurring"
    upstream.pay(line, date(2027, 1, 25), trial=False)
    upstream.work()
    assert [(row.trial, row.paid_until) for row in upstream.purchases()][1:] == [
        (False, date(2026, 12, 25)), (False, date(2027, 1, 25)),
    ][-len(upstream.purchases()) + 1:]  # fmt: skip


@pytest.mark.parametrize("days", [1, 3, 14])
def test_a_few_days_more_or_less_are_no_reason_to_buy(upstream, days):
    line = upstream.line()
    upstream.work()
    upstream.pay(line, NEXT_MONTH + timedelta(days=days))  # as when days are given
    upstream.work()
    upstream.pay(line, NEXT_MONTH - timedelta(days=days))
    upstream.work()
    assert len(upstream.bought()) == 1
    assert upstream.service(line).sync == "ok"


def test_what_the_panel_has_already_is_not_bought(upstream):
    """As an adopted line: it runs long enough, so nothing is due until what is paid goes beyond it."""
    line = upstream.line(paid_until=None)
    upstream.panel.answer("PUT", "/lines/line1", {"login": "viewer1", "password": "correct-horse"})
    upstream.panel.lines["line1"]["expires_at"] = "2026-12-20T00:00:00+00:00"
    upstream.pay(line, NEXT_MONTH)
    upstream.work()
    assert (upstream.bought(), upstream.service(line).sync) == ([], "ok")
    upstream.pay(line, date(2027, 1, 22))
    upstream.work()
    assert len(upstream.bought()) == 1


def test_nothing_is_bought_for_time_that_is_over_or_a_blocked_line(upstream):
    over = upstream.line(paid_until=date(2026, 11, 20))
    blocked = upstream.line(desired_blocked=True)
    upstream.work()
    assert upstream.bought() == []
    assert [upstream.service(each).sync for each in (over, blocked)] == ["impossible", "impossible"]
    upstream.want(blocked, desired_blocked=False)
    upstream.work()
    assert upstream.bought() == [("line2", "p30")]


def test_without_a_package_for_its_term_it_is_impossible_and_says_so(upstream):
    line = upstream.line(term="1 year", paid_until=date(2027, 11, 22))
    upstream.work()
    service = upstream.service(line)
    assert (service.sync, upstream.bought()) == ("impossible", [])
    assert "TV, 1 year" in service.sync_error


@pytest.mark.parametrize("point", CRASH_POINTS_OF_PURCHASES)
@pytest.mark.parametrize("renewal", [False, True])
def test_killed_before_it_is_sent_or_before_it_is_written_down(upstream, point, renewal):
    line = upstream.line()
    if renewal:
        upstream.work()
        upstream.pay(line, date(2027, 1, 22))
    sold = len(upstream.bought())
    upstream.killed_while_buying(line, point)
    assert upstream.states()[-1] == "sent"
    assert len(upstream.bought()) == sold + (point == "purchase.sent")
    assert upstream.converge(line).sync == "unknown"
    upstream.heal()
    assert (len(upstream.bought()), upstream.states()[-1]) == (sold + 1, "bought")
    assert upstream.service(line).sync == "ok"


@pytest.mark.parametrize("at", SURELY_SENT)
def test_an_answer_that_is_lost_is_looked_for_and_never_sent_again(upstream_on_both, at):
    line = upstream_on_both.line()
    upstream_on_both.break_buying(at)
    upstream_on_both.work()
    assert (upstream_on_both.states(), upstream_on_both.service(line).sync) == (["unknown"], "unknown")
    assert upstream_on_both.events("service.active") == []
    for _ in range(3):
        assert upstream_on_both.converge(line).sync == "unknown"
    upstream_on_both.heal()
    assert (len(upstream_on_both.bought()), upstream_on_both.states(), upstream_on_both.service(line).sync) == (
        1,
        ["bought"],
        "ok",
    )
    assert len(upstream_on_both.events("purchase.bought")) == 1


def test_what_never_reached_the_panel_is_proven_and_tried_again(upstream):
    line = upstream.line()
    upstream.break_buying(Break.BEFORE_SEND)
    upstream.work()
    assert (upstream.states(), upstream.bought()) == (["not_bought"], [])
    upstream.heal()
    (row,) = upstream.purchases()
    assert (row.state, row.tries, len(row.history), len(upstream.bought())) == ("bought", 2, 1, 1)
    assert upstream.service(line).sync == "ok"


def test_not_bought_is_not_believed_while_the_panel_may_still_be_busy(upstream):
    upstream.line()
    upstream.break_buying(Break.MID_REQUEST)
    upstream.work()
    assert upstream.states() == ["unknown"]
    upstream.breaks.mend()
    upstream.wait(minutes=3)
    upstream.work()
    assert upstream.states() == ["unknown"], "three minutes after it was sent the panel may still do it"
    upstream.heal()
    assert (upstream.states(), len(upstream.bought())) == (["bought"], 1)


def test_no_credit_left_is_told_and_goes_on_by_itself(upstream):
    upstream.panel.credit = 0
    line = upstream.line()
    upstream.work()
    service = upstream.service(line)
    assert (service.sync, upstream.states(), upstream.bought()) == ("failed", ["not_bought"], [])
    assert "credit" in service.sync_error
    upstream.wait(hours=2)
    upstream.work()
    assert len(upstream.events("purchase.not_bought")) == 1, "the same reason is told once"
    upstream.panel.credit = 5
    upstream.wait(hours=2)
    upstream.work()
    assert (upstream.service(line).sync, len(upstream.bought())) == ("ok", 1)


def test_two_workers_at_once_buy_once(upstream_on_both):
    line = upstream_on_both.line()
    together = threading.Barrier(4)

    def one_worker():
        with upstream_on_both.app.app_context():
            together.wait(timeout=10)
            return upstream_on_both.converge(line)

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(one_worker) for _ in range(4)]:
            each.result()
    assert upstream_on_both.bought() == [("line1", "p30")]
    upstream_on_both.heal()
    assert (upstream_on_both.bought(), upstream_on_both.service(line).sync) == ([("line1", "p30")], "ok")


def staff_of(upstream):
    """The owner, one who may change panels, and two who are not told."""
    with writing(upstream.ctx) as tx:
        seller_id = tx.session.scalars(select(Panel.seller_id)).one()
        people = (("boss", ["*"], False), ("panels", ["panels.write"], False), ("help", ["tickets"], False),
                  ("gone", ["*"], True))  # fmt: skip
        for name, permissions, disabled in people:
            tx.session.add(
                User(
                    seller_id=seller_id, email=f"{name}@example.com", role="staff", permissions=permissions,
                    disabled=disabled, created_at=NOW,
                )
            )  # fmt: skip


def mails(upstream):
    query = select(Notice.kind, Notice.recipient).where(Notice.kind.like("upstream%")).order_by(Notice.id)
    return [tuple(row) for row in upstream.read(lambda session: session.execute(query).all())]


def said(upstream):
    """The newest, as it is sent."""
    newest = select(Notice).where(Notice.kind.like("upstream%")).order_by(Notice.id.desc()).limit(1)

    def rendered(session):
        notice = session.scalars(newest).one()
        return render(notice.kind, gather(session, notice))

    told = upstream.read(rendered)
    return told.subject, told.text


def test_the_days_cap_stops_and_goes_on_tomorrow(upstream_on_both):
    staff_of(upstream_on_both)
    upstream_on_both.set_panel(spend_cap_minor=200)
    lines = [upstream_on_both.line() for _ in range(3)]
    upstream_on_both.work()
    assert len(upstream_on_both.bought()) == 2
    waiting = upstream_on_both.service(lines[2])
    assert (waiting.sync, "limit" in waiting.sync_error) == ("pending", True)
    assert len(upstream_on_both.events("panel.spend_cap_reached")) == 1
    assert mails(upstream_on_both) == [("upstream_cap", "boss@example.com"), ("upstream_cap", "panels@example.com")]
    assert "2.00" in said(upstream_on_both)[1]
    upstream_on_both.wait(hours=13)
    upstream_on_both.work()
    assert (len(upstream_on_both.bought()), upstream_on_both.service(lines[2]).sync) == (3, "ok")


def test_a_person_decides_what_nobody_can_find_out(upstream, monkeypatch):
    from billhead.actions.provisioning.decide_purchase import decide_purchase
    from billhead.db import writing
    from billhead.plugin import Resolution
    from billhead.plugin_host import plugins

    monkeypatch.setattr(plugins().module("selling"), "resolve", lambda *_: Resolution.STILL_UNKNOWN)
    line = upstream.line()
    upstream.break_buying(Break.MID_REQUEST)
    upstream.work()
    upstream.breaks.mend()
    for _ in range(8):
        upstream.wait(hours=25)
        upstream.work()
    (row,) = upstream.purchases()
    assert (row.state, row.look_at, len(upstream.events("purchase.undecided"))) == ("unknown", None, 1)
    staff = Context("staff:1", Role.STAFF, Scope(), frozenset({"panels.write"}), reason="asked the panel's owner")
    upstream.pay(line, date(2027, 1, 22))
    with writing(staff) as tx:
        decide_purchase(tx, row.id, False)
    upstream.work()
    assert (upstream.service(line).sync, len(upstream.bought())) == ("ok", len(upstream.purchases()))
    with writing(staff) as tx, pytest.raises(Conflict):
        decide_purchase(tx, row.id, True)


def test_a_line_that_vanished_is_bought_again_only_when_staff_say_so(upstream):
    from billhead.actions.provisioning.buy_again import buy_again

    line = upstream.line()
    upstream.work()
    upstream.panel.lines.clear()
    assert upstream.converge(line).sync == "impossible"
    assert len(upstream.bought()) == 1
    with upstream.writing() as tx:
        buy_again(tx, upstream.purchases()[0].id)
    upstream.work()
    assert (len(upstream.bought()), upstream.service(line).sync) == (2, "ok")


def test_reconcile_repairs_with_free_steps_and_buys_nothing(upstream):
    from billhead.actions.provisioning.reconcile import reconcile_panel

    line = upstream.line()
    upstream.work()
    upstream.panel.lines["line1"].update(blocked=True, expires_at="2026-11-30T00:00:00+00:00")
    report = reconcile_panel(upstream.ctx, upstream.panel_id)
    assert dict(report.fields) == {"blocked": 1}
    upstream.work()
    assert upstream.panel.lines["line1"]["blocked"] is False
    assert (len(upstream.bought()), upstream.service(line).sync) == (1, "ok")


def test_a_line_is_blocked_and_freed_without_spending(upstream):
    line = upstream.line()
    upstream.work()
    upstream.want(line, desired_blocked=True)
    upstream.work()
    assert upstream.panel.lines["line1"]["blocked"] is True
    upstream.want(line, desired_blocked=False)
    upstream.work()
    assert (upstream.panel.lines["line1"]["blocked"], len(upstream.bought())) == (False, 1)


def test_the_cost_is_booked_when_it_is_known_what_a_credit_costs(upstream_on_both):
    from billhead.actions.ledger.verify import verify_ledger
    from billhead.models.ledger import LedgerAccount, LedgerPosting

    upstream_on_both.line()
    upstream_on_both.work()
    upstream_on_both.set_panel(credit_cost_minor=250, credit_cost_currency="EUR")
    upstream_on_both.line()
    upstream_on_both.work()
    assert [(row.cost_minor, row.amount_minor, row.currency) for row in upstream_on_both.purchases()] == [
        (100, None, ""), (100, 250, "EUR"),
    ]  # fmt: skip
    booked = upstream_on_both.read(
        lambda session: session.execute(
            select(LedgerAccount.code, LedgerPosting.side, func.sum(LedgerPosting.amount_minor))
            .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
            .group_by(LedgerAccount.code, LedgerPosting.side)
            .order_by(LedgerAccount.code)
        ).all()
    )
    assert [tuple(each) for each in booked] == [("upstream_cost", "D", 250), ("upstream_payable", "C", 250)]
    assert upstream_on_both.read(lambda session: verify_ledger(session)) is not None


def test_low_credit_is_told_once_for_each_fall(upstream):
    from billhead.actions.panels.read_balance import read_balance

    upstream.set_panel(balance_low_minor=1000)
    staff_of(upstream)
    for credit in (20, 9, 8, 30, 5):
        upstream.panel.credit = credit
        assert read_balance(upstream.ctx, upstream.panel_id).balance_minor == credit * 100
    assert [event.data["balance_minor"] for event in upstream.events("panel.credit_low")] == [900, 500]
    assert mails(upstream) == [("upstream_low", "boss@example.com"), ("upstream_low", "panels@example.com")] * 2
    subject, text = said(upstream)
    assert subject == "Credit at Upstream is low"
    assert "5.00" in text
    assert "10.00" in text
    row = upstream.row()
    assert (row.balance_minor, row.balance_at >= NOW) == (500, True)
