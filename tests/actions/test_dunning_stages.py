"""The operator's own stages, told with dates and cents: reminders, late fees, throttling, and each of them once.

A month is 10.00 EUR and 20 %: 12.00. Billed on 1 November 2026, due 14 days later.
"""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import (
    NOV,
    REMIND,
    SUSPEND,
    TERMINATE,
    THROTTLE,
    WARN,
    at,
    debtor,
    give,
    invoices,
    november,
    policy,
    run,
    sound,
    state,
    told,
)

from billhead.actions.dunning._debts import read_debts
from billhead.actions.dunning._terms import DunningTerms, Policies
from billhead.actions.dunning.dun import dun, preview_dun
from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
from billhead.actions.subscriptions.restore import restore
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.dunning import LateFee, RetrySchedule, Stage
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.jobs.kinds import KINDS
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import DunningPolicy, DunningStep
from billhead.models.operations import Job
from billhead.models.subscriptions import Service, Subscription


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, terms_days=14) as shop:
        yield shop


@pytest.fixture
def any_shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        yield shop


def pay_all(shop, subscription):
    """Goodwill, as much as is owed: credit pays like money."""
    give(shop, subscription, sum(one.total_minor - one.settled_minor for one in invoices(shop)))


# -- reminders --------------------------------------------------------------------------------------------------------


def test_reminders_before_and_after_the_due_day_each_once(shop):
    policy(shop, (-7, REMIND), (-1, REMIND), (0, REMIND), (3, WARN))
    debtor(shop)
    seen = []
    for day in (2, 7, 8, 9, 14, 15, 17, 18, 19):
        for hour in (1, 23):
            run(november(day), hour)
        seen.append((day, len(told(shop))))
    assert seen == [(2, 0), (7, 0), (8, 1), (9, 1), (14, 2), (15, 3), (17, 3), (18, 4), (19, 4)]
    assert told(shop) == ["reminder", "reminder", "reminder", "warning"]


def test_who_missed_several_reminders_gets_the_last_one_only(shop):
    policy(shop, (-7, REMIND), (-1, REMIND), (0, REMIND))
    debtor(shop)
    run(november(20))
    assert told(shop) == ["reminder"]
    results = [(step.after_days, step.result) for step in shop.all(DunningStep)]
    assert results == [(-7, "passed_over"), (-1, "passed_over"), (0, "done")]
    run(november(21))
    assert told(shop) == ["reminder"]


def test_nothing_is_said_about_nothing(shop):
    """An invoice of 0.00, and one that credit has paid."""
    policy(shop, (0, REMIND), (1, SUSPEND))
    free, paid = shop.plan("free", 0), shop.plan("tv", 1000)
    shop.subscribe(shop.customer(), free, due=NOV)
    shop.subscribe(shop.customer(credit_minor=1200), paid, due=NOV)
    with at(NOV):
        shop.run(NOV)
    run(november(30))
    assert told(shop) == []
    assert {one.state for one in shop.all(Subscription)} == {"active"}


# -- late fees --------------------------------------------------------------------------------------------------------


def test_a_late_fee_is_an_invoice_of_its_own_with_tax_once(any_shop):
    shop = any_shop
    fee = LateFee(fixed={"EUR": 250}, ppm=50_000)
    policy(shop, Stage(3, WARN, fee), (10, SUSPEND))
    subscription = debtor(shop)
    for day in (18, 18, 19, 30):
        run(november(day))
    debt, charged = invoices(shop)
    # 2.50 + 5 % of 12.00 = 3.10, and 20 % on it: 0.62
    assert (charged.net_minor, charged.tax_minor, charged.total_minor) == (310, 62, 372)
    assert (charged.issued_on, charged.due_on) == (november(18), date(2026, 12, 2))
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == charged.id)
    assert (line.kind, line.subscription_id) == ("late_fee", subscription)
    assert line.description == f"Late fee for {debt.number_text}"
    (step,) = shop.all(DunningStep, DunningStep.fee_document_id.is_not(None))
    assert (step.document_id, step.action, step.after_days, step.fee_document_id) == (debt.id, "warn", 3, charged.id)
    sound()


def test_a_fee_has_a_cap_and_none_is_charged_on_a_fee(shop):
    fee = LateFee(fixed={"EUR": 900}, ppm=500_000, most={"EUR": 1000})
    policy(shop, Stage(1, WARN, fee))
    subscription = debtor(shop)
    run(november(16))
    assert [one.net_minor for one in invoices(shop)] == [1000, 1000]  # 9.00 + 6.00, at most 10.00
    give(shop, subscription, 1200)  # the month, not the fee
    assert [one.state for one in invoices(shop)] == ["paid", "final"]
    run(date(2026, 12, 20))  # the fee is overdue now
    assert len(invoices(shop)) == 2
    assert told(shop).count("warning") == 2, "of the fee too, but for no fee on it"
    assert shop.get(Subscription, subscription).state == "past_due"


def test_a_currency_without_an_amount_has_no_fee(shop):
    policy(shop, Stage(1, WARN, LateFee(fixed={"EUR": 250})))
    plan = shop.plan("jp", 900, currency="JPY")
    shop.subscribe(shop.customer(currency="JPY"), plan, due=NOV)
    with at(NOV):
        shop.run(NOV)
    run(november(20))
    assert len(invoices(shop)) == 1
    assert told(shop) == ["warning"]


def test_a_tax_engine_that_fails_leaves_the_debt_without_the_fee_and_the_rest_goes_on(shop):
    policy(shop, Stage(1, WARN, LateFee(fixed={"EUR": 250})), (2, SUSPEND))
    subscription = debtor(shop)
    from billhead.models.people import Customer

    shop.change(Customer, shop.get(Subscription, subscription).customer_id, country="XX")
    run(november(20))
    assert len(invoices(shop)) == 1
    assert shop.get(Subscription, subscription).state == "suspended"
    (step,) = shop.all(DunningStep, DunningStep.action == "warn")
    assert "no rate for XX" in step.result


# -- throttle, suspend, and back --------------------------------------------------------------------------------------


def test_throttled_lines_keep_what_was_sold_and_get_it_back(any_shop):
    shop = any_shop
    policy(shop, Stage(2, THROTTLE, connections=1, bouquets=()), (5, SUSPEND))
    subscription = debtor(shop)
    (service,) = shop.all(Service)
    shop.change(Service, service.id, desired_connections=3, desired_bouquets=[7, 9])
    run(november(17))
    (service,) = shop.all(Service)
    assert (service.limit_connections, service.limit_bouquets, service.desired_connections) == (1, [], 3)
    assert shop.get(Subscription, subscription).state == "past_due"
    assert told(shop) == ["throttled"]
    run(november(18))
    assert shop.all(Service)[0].desired_version == service.desired_version
    pay_all(shop, subscription)
    (service,) = shop.all(Service)
    assert (service.limit_connections, service.limit_bouquets, service.desired_bouquets) == (None, None, [7, 9])
    assert shop.get(Subscription, subscription).state == "active"


def test_what_staff_restore_is_not_stopped_again_for_the_same_debt(shop):
    policy(shop, (5, SUSPEND))
    subscription = debtor(shop)
    run(november(20))
    with at(november(20), 14), writing(SYSTEM) as tx:
        restore(tx, subscription, "debt")
    run(november(21))
    assert shop.get(Subscription, subscription).state == "active"


def test_a_debt_that_comes_back_stops_it_again(shop):
    policy(shop, (5, SUSPEND))
    subscription = debtor(shop)
    run(november(20))
    pay_all(shop, subscription)
    assert shop.get(Subscription, subscription).state == "active"
    with writing(SYSTEM) as tx:
        from billhead.actions.payments._allocating import take_off

        document = tx.session.get_one(Document, invoices(shop)[0].id, with_for_update=True)
        take_off(tx, document, 1200)
    run(november(25))
    assert shop.get(Subscription, subscription).state == "suspended"


@pytest.mark.parametrize(("credited", "kinds"), [(True, ["subscriptions.rebill"]), (False, [])])
def test_days_without_service_are_credited_where_the_policy_says_so(shop, credited, kinds):
    policy(shop, (5, SUSPEND), credits_suspended_days=credited)
    subscription = debtor(shop)
    run(november(20))
    with at(november(24)):
        pay_all(shop, subscription)
        (jobs) = [job for job in shop.all(Job) if job.kind == "subscriptions.rebill"]
        assert [job.kind for job in jobs] == kinds
        for job in jobs:
            KINDS[job.kind].run(SYSTEM, job.args)
    notes = shop.all(Document, Document.kind == "credit_note")
    # 4 of 30 days of 10.00 are 1.33, and 20 % of that 0.27
    assert [(note.net_minor, note.tax_minor) for note in notes] == ([(133, 27)] if credited else [])
    sound()


# -- the table of stages ----------------------------------------------------------------------------------------------


def test_the_most_specific_policy_counts(shop):
    plan, _ = shop.plan("vip-plan", 1000)
    everybody = policy(shop, (1, SUSPEND))
    vips = policy(shop, (1, WARN), price_group="vip")
    of_plan = policy(shop, (1, REMIND), plan_id=plan)
    both = policy(shop, (1, TERMINATE), plan_id=plan, price_group="vip")
    with reading() as session:
        known = Policies(session)
        found = [
            known.of(shop.seller_id, *scope).policy_id
            for scope in ((None, ""), (None, "vip"), (plan, ""), (plan, "vip"), (99, "other"))
        ]
        assert found == [everybody, vips, of_plan, both, everybody]
        assert known.of(99).policy_id is None


def test_a_policy_is_changed_in_place(any_shop):
    shop = any_shop
    first = policy(shop, (1, SUSPEND))
    assert policy(shop, (2, WARN), retries=RetrySchedule((2, 4))) == first
    (row,) = shop.all(DunningPolicy)
    assert (row.stages, row.retry_days, row.name) == ([{"after_days": 2, "action": "warn"}], [2, 4], "Everybody")


@pytest.mark.parametrize(
    ("stages", "why"),
    [
        ([(1, SUSPEND), (1, SUSPEND)], "day 1 has suspend twice"),
        ([(5, TERMINATE), (9, WARN)], "warn on day 9 comes after the subscription was ended"),
        ([Stage(1, THROTTLE, bouquets=(5,))], "this seller has no bouquet 5"),
        ([(n, REMIND) for n in range(30)], "there may be 20"),
    ],
)
def test_stages_that_make_no_sense_are_refused(shop, stages, why):
    with pytest.raises(InvalidInput, match=why):
        policy(shop, *stages)


def test_only_who_may_changes_it(shop):
    clerk = Context("staff:7", Role.STAFF, Scope(everything=True), frozenset({"payments.write"}))
    with pytest.raises(NotAllowed, match=r"dunning\.write"), writing(clerk) as tx:
        save_policy(tx, PolicyEntry(shop.seller_id))


def test_who_would_be_affected_today_is_what_then_happens(shop):
    policy(shop, (0, REMIND), (3, WARN), (5, SUSPEND))
    first, second = debtor(shop), debtor(shop)
    with at(november(18)):
        with reading() as session:
            planned = list(preview_dun(Tx(SYSTEM, session)))
            harsher = {(shop.seller_id, None, ""): DunningTerms(stages=(Stage(1, SUSPEND),))}
            instead = list(preview_dun(Tx(SYSTEM, session), Policies(session, harsher)))
        assert [[stage.action for stage in due.stages] for due in planned] == [["remind", "warn"]] * 2
        assert [[stage.action for stage in due.stages] for due in instead] == [["suspend"]] * 2
        assert {due.debt.customer for due in planned} == {"Customer 1", "Customer 2"}
        with writing(SYSTEM) as tx:
            assert dun(tx).told == 4
        with reading() as session:
            assert list(preview_dun(Tx(SYSTEM, session))) == []
    assert {shop.get(Subscription, one).state for one in (first, second)} == {"past_due"}


def test_statements_do_not_grow_with_those_who_are_in_order(shop):
    from sqlalchemy import event

    from billhead.db import db

    policy(shop, (40, SUSPEND))
    for _ in range(12):
        debtor(shop)
    counted = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    with at(november(18)), writing(SYSTEM) as tx:
        dun(tx)
    assert len([one for one in counted if not one.startswith("BEGIN")]) <= 14, counted


def test_debts_with_which_all_is_done_are_not_read_again(shop):
    """Each by the table that counts for it, and until a stage more is reached."""
    from sqlalchemy import event

    from billhead.db import db

    policy(shop, (0, REMIND), (3, WARN), (5, SUSPEND))
    policy(shop, (1, SUSPEND), (9, TERMINATE), price_group="late")
    plain, late = debtor(shop), debtor(shop, price_group="late")
    asked = []

    def left(day):
        with at(november(day)), reading() as session:
            known = Policies(session)
            asked.clear()
            return [one.id for debt in read_debts(session, 0, known)[0] for one in debt.subscriptions]

    assert left(18) == [plain, late]
    run(november(18))
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert left(18) == []  # it is 19 November somewhere, and the next stage comes on the 20th
    assert len([one for one in asked if not one.startswith("BEGIN")]) <= 2, "nothing is looked up about nobody"
    assert left(20) == [plain]
    run(november(20))
    assert (state(shop, plain), state(shop, late)) == ("suspended", "suspended")
    assert (left(22), left(24)) == ([], [late])
    policy(shop, (2, TERMINATE), plan_id=shop.get(Subscription, plain).plan_id)
    assert left(22) == [plain]
    run(november(22))
    assert (state(shop, plain), state(shop, late)) == ("canceled", "suspended")
