"""The figures of the reports, to the cent, and that each ties to the ledger."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.recognise import recognise
from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import write_off
from billhead.actions.ledger.post import post
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._disputing import close_dispute, open_dispute
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.db import reading, writing
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.domain.payment import DisputeEvent
from billhead.models.documents import Document
from billhead.models.payments import Dispute, GatewayAccount
from billhead.models.subscriptions import Subscription
from billhead.reports import ask, report_of, streamed, tabled
from billhead.reports._recurring_moves import recurring_moves

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        yield shop


def eur(minor):
    return Money(minor, "EUR")


def made(code, today=date(2026, 11, 30), **typed):
    found = report_of(code)
    with reading() as session:
        return tabled(session, found, ask(session, found.report, typed, today))


def paid(document_id, minor, day, reference):
    """Money that arrived on a day, by card."""
    with clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)), writing(SYSTEM) as tx:
        document = tx.session.get_one(Document, document_id)
        account = tx.session.get_one(GatewayAccount, 1)
        book(tx, document, Receipt(account, Money(minor, document.currency), reference, fee=Money(30, "EUR")))


def billed(shop, on, minor=1000, **more):
    """A customer with an invoice of that net amount plus 20 % tax; the invoice's id."""
    subscription = shop.subscribe(shop.customer(**more), shop.plan(f"tv{shop.made}{on}", minor), due=on, line=False)
    shop.run(on)
    shop.change(Subscription, subscription, next_bill_on=None)
    (invoice,) = shop.all(Document, Document.subscription_id == subscription)
    return invoice.id


def nothing_is_off(table):
    return [tie for tie in table.ties if tie.difference] == []


def test_a_month_of_revenue_is_earned_by_the_day_and_the_rest_is_deferred(shop):
    billed(shop, NOV)
    recognise(SYSTEM, date(2026, 12, 10))
    table = made("deferred-revenue", date(2026, 12, 10), **{"from": "2026-10-01"})
    # 10.00 over the 30 days of November: all of it by its last day
    assert table.rows == [
        ("2026-10", eur(0), eur(0), eur(0), eur(0), eur(0)),
        ("2026-11", eur(0), eur(1000), eur(1000), eur(0), eur(0)),
        ("2026-12", eur(0), eur(0), eur(0), eur(0), eur(0)),
    ]
    half = made("deferred-revenue", date(2026, 11, 15), **{"from": "2026-11-01"})
    assert half.rows == [("2026-11", eur(0), eur(1000), eur(500), eur(500), eur(0))]
    assert nothing_is_off(table)
    assert nothing_is_off(half)
    assert [(tie.here, tie.ledger) for tie in half.ties] == [(eur(500), eur(500))]


def test_an_entry_that_no_document_stands_for_shows_as_a_difference(shop):
    invoice = shop.get(Document, billed(shop, NOV))
    legs = [debit(AccountCode.RECEIVABLE, eur(100)), credit(AccountCode.DEFERRED_REVENUE, eur(100))]
    with writing(SYSTEM) as tx:
        post(tx, shop.seller_id, "odd", NOV, "odd:1", legs, customer_id=invoice.customer_id)
    table = made("deferred-revenue", **{"from": "2026-11-01"})
    assert table.rows == [("2026-11", eur(0), eur(1000), eur(0), eur(1100), eur(-100))]
    assert [tie.difference for tie in table.ties] == [eur(-100)]
    assert [tie.difference for tie in made("receivables").ties] == [eur(-100)]


def test_debt_is_as_old_as_its_due_day_and_paid_debt_is_gone_from_its_day_on(shop):
    old, new = billed(shop, NOV), billed(shop, DEC)
    on = [row[2:] for row in made("receivables", as_of="2026-11-15").rows]
    # due on 15 November: not overdue on that day
    assert on == [(1, eur(1200), eur(0), eur(0), eur(0), eur(0), eur(1200))]
    paid(old, 500, date(2026, 12, 20), "part")
    paid(new, 1200, date(2026, 12, 21), "all")
    before = made("receivables", as_of="2026-12-19")
    assert before.rows == [("Shop", "EUR", 2, eur(0), eur(1200), eur(1200), eur(0), eur(0), eur(2400))]
    after = made("receivables", as_of="2026-12-21")
    # 12.00 - 5.00; due 36 days ago
    assert after.rows == [("Shop", "EUR", 1, eur(0), eur(0), eur(700), eur(0), eur(0), eur(700))]
    assert nothing_is_off(before)
    assert nothing_is_off(after)
    (debtor,) = made("debtors", as_of="2027-03-01").rows
    assert (debtor[0].text, debtor[0].to, debtor[-1], debtor[-2]) == ("Customer 1", "customer", eur(700), eur(700))


def test_what_was_voided_or_written_off_was_owed_until_that_day(shop):
    void, bad = billed(shop, NOV), billed(shop, NOV, minor=500)
    with clock.business_time(datetime(2026, 12, 3, 12, tzinfo=UTC)), writing(SYSTEM) as tx:
        void_document(tx, void, reason="sent twice")
        write_off(tx, bad, reason="moved abroad")
    before, after = made("receivables", as_of="2026-12-02"), made("receivables", as_of="2026-12-03")
    assert [row[-1] for row in before.rows] == [eur(1200 + 600)]
    assert after.rows == []
    revenue = made("deferred-revenue", date(2026, 12, 31), **{"from": "2026-11-01"})
    assert [row[2] for row in revenue.rows] == [eur(1500), eur(-1000)]
    for table in (before, after, revenue):
        assert nothing_is_off(table)


def test_what_comes_back_of_a_smaller_plan_is_no_debt_below_zero(shop):
    """November of gold, 30.00. From the 6th she has basic, 10.00; on the 16th she leaves, with the rest as credit."""
    shop.plan("basic", 1000)
    subscription = shop.subscribe(shop.customer(credit_minor=9000), shop.plan("gold", 3000), due=NOV)
    shop.run(NOV)
    for day, verb in (
        (6, lambda tx: change(tx, ChangeWish(subscription, plan="basic", when="immediate"))),
        (16, lambda tx: cancel(tx, subscription, "immediate", money="credit")),
    ):
        with clock.business_time(datetime(2026, 11, day, 12, tzinfo=UTC)), writing(SYSTEM) as tx:
            verb(tx)
    # 25 of 30 days: 25.00 come back less 8.33; 15 days: the 5.00 that this note has charged
    assert [one.net_minor for one in shop.all(Document)] == [3000, 1667, 500]
    for day in ("05", "15", "16", "30"):
        assert (made("receivables", as_of=f"2026-11-{day}").rows, made("debtors", as_of=f"2026-11-{day}").rows) == (
            [],
            [],
        )


def test_credit_that_the_run_used_is_no_debt_on_that_day(shop):
    billed(shop, NOV, credit_minor=200)
    table = made("receivables", as_of="2026-11-01")
    assert table.rows[0][-1] == eur(1000)
    assert nothing_is_off(table)


def test_money_received_by_day_and_account_less_fees(shop):
    first, second = billed(shop, NOV), billed(shop, NOV)
    paid(first, 1200, date(2026, 11, 20), "a")
    paid(second, 700, date(2026, 11, 20), "b")
    paid(second, 500, date(2026, 11, 21), "c")
    table = made("money-received")
    assert table.rows == [
        (date(2026, 11, 20), "Cards", 2, eur(1900), eur(60), eur(0), eur(1840)),
        (date(2026, 11, 21), "Cards", 1, eur(500), eur(30), eur(0), eur(470)),
    ]
    assert [total.cells for total in table.totals] == [(None, None, 3, eur(2400), eur(90), eur(0), eur(2310))]
    assert nothing_is_off(table)
    assert made("money-received", to="2026-11-20").count == 1
    assert made("money-received", currency="usd").count == 0


def test_currencies_are_never_added(shop):
    billed(shop, NOV)
    subscription = shop.subscribe(
        shop.customer(currency="JPY"), shop.plan("jp", 900, currency="JPY"), due=NOV, line=False
    )
    shop.run(NOV)
    table = made("receivables")
    assert [row[1] for row in table.rows] == ["EUR", "JPY"]
    assert [(total.currency, total.cells[-1]) for total in table.totals] == [
        ("EUR", eur(1200)),
        ("JPY", Money(1080, "JPY")),
    ]
    assert nothing_is_off(table)
    assert subscription


def test_a_seller_sees_its_own(shop):
    billed(shop, NOV)
    assert made("receivables", seller="shop").rows[0][-1] == eur(1200)


def test_statements_are_few_however_long_the_report_is(shop):
    from sqlalchemy import event

    from billhead.db import db

    plan = shop.plan("tv", 1000)
    for _ in range(30):
        shop.subscribe(shop.customer(), plan, due=NOV, line=False)
    shop.run(NOV)
    counts = {}
    for code in ("receivables", "debtors", "deferred-revenue", "money-received", "recurring-revenue"):
        seen = []
        event.listen(db.engine, "before_cursor_execute", lambda *args, seen=seen: seen.append(args[2]))
        with reading() as session:
            found = report_of(code)
            list(streamed(session, found, ask(session, found.report, {}, NOV)))
        counts[code] = len(seen)
    assert max(counts.values()) <= 6, counts


def test_recurring_revenue_counts_who_is_paid_for_on_the_last_day_of_a_month(shop):
    """A month at 10.00, a year at 120.00 and 30 days at 9.00; the month is not renewed."""
    billed(shop, NOV)
    year = shop.subscribe(shop.customer(), shop.plan("year", 12000, "1 year"), due=NOV, line=False)
    days = shop.subscribe(shop.customer(), shop.plan("days", 900, "30 days"), due=date(2026, 11, 20), line=False)
    shop.run(date(2026, 11, 20))
    assert year < days
    table = made("recurring-revenue", date(2026, 12, 31), **{"from": "2026-10-01"})
    # 10.00 + 120.00 / 12 + 9.00 * 365 / 12 / 30 = 29.125; in December only the year is paid for on the 31st
    assert table.rows == [
        ("2026-11", eur(2913), 3, 3, 0, eur(971)),
        ("2026-12", eur(1000), 1, 0, 2, eur(1000)),
    ]


def noon(day):
    return clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def test_what_was_written_off_is_owed_again_from_the_day_of_its_recovery_on(shop):
    bad = billed(shop, NOV)
    with noon(date(2026, 11, 10)), writing(SYSTEM) as tx:
        write_off(tx, bad, reason="moved abroad")
    paid(bad, 500, date(2026, 11, 20), "after all")
    owed = {}
    for day in (5, 15, 25):
        table = made("receivables", as_of=f"2026-11-{day:02}")
        assert nothing_is_off(table)
        owed[day] = [row[-1] for row in table.rows]
    assert owed == {5: [eur(1200)], 15: [], 25: [eur(700)]}


def test_what_a_bank_took_back_was_given_back_until_the_dispute_is_won(shop):
    paid(billed(shop, NOV), 1200, date(2026, 11, 20), "a")
    with noon(date(2026, 11, 25)), writing(SYSTEM) as tx:
        open_dispute(tx, 1, 1200, "dp_1", fee=eur(1500))
    lost = [
        (date(2026, 11, 20), "Cards", 1, eur(1200), eur(30), eur(0), eur(1170)),
        (date(2026, 11, 25), "Cards", 0, eur(0), eur(1500), eur(1200), eur(-2700)),
    ]
    table = made("money-received")
    assert table.rows == lost
    assert nothing_is_off(table)
    with noon(date(2026, 11, 28)), writing(SYSTEM) as tx:
        close_dispute(tx, tx.session.get_one(Dispute, 1), DisputeEvent.WIN)
    table = made("money-received")
    assert table.rows == [*lost, (date(2026, 11, 28), "Cards", 0, eur(0), eur(0), eur(-1200), eur(1200))]
    assert nothing_is_off(table)


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_month_after_an_upgrade_is_worth_what_the_new_plan_costs_and_after_a_downgrade_too(shop, inclusive):
    prices = {"basic": 1000, "gold": 3000}
    if inclusive:
        prices = {plan: minor * 12 // 10 for plan, minor in prices.items()}
    basic, _ = (shop.plan(plan, minor, tax_inclusive=inclusive) for plan, minor in prices.items())
    subscription = shop.subscribe(shop.customer(), basic, due=NOV, line=False)
    shop.run(NOV)
    for plan, worth in (("gold", 3000), ("basic", 1000)):
        with noon(date(2026, 11, 16)), writing(SYSTEM) as tx:
            change(tx, ChangeWish(subscription, plan=plan, when="immediate"))
        assert made("recurring-revenue", **{"from": "2026-11-01"}).rows == [
            ("2026-11", eur(worth), 1, 1, 0, eur(worth)),
        ]
        with reading() as session:  # the dashboard says the same
            (moves,) = recurring_moves(session, date(2026, 10, 31), date(2026, 11, 30))
        assert (moves.after, moves.new, moves.came) == (eur(worth), eur(worth), 1)
