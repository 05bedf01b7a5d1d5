"""What a billing run survives: killed processes, rivals, bad items, failing plugins, and numbers that look wrong."""

import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from billing_process import billing_process
from billing_shop import SYSTEM, open_shop
from sqlalchemy import func, select, update

from billhead.actions.billing import run as run_module
from billhead.actions.ledger.verify import verify_ledger
from billhead.bench.subscribers import build_operator
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import BillingRun, Document, DocumentLine, FailedItem
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.plugin import ExtraLine
from processes import until

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def operator(database_url, tmp_path):
    """1,000 due subscriptions with plan, add-on, coupon, tax, credit and a line."""
    with open_shop(database_url, tmp_path, bare=True) as shop:
        build_operator(1000)
        yield shop


def numbers_of(shop):
    with reading() as session:
        return session.scalars(
            select(Document.number).where(Document.number.is_not(None)).order_by(Document.number)
        ).all()


def each_billed_once(shop, count):
    with reading() as session:
        billed = session.execute(
            select(DocumentLine.subscription_id, func.count()).group_by(DocumentLine.subscription_id)
        ).all()
        faults = verify_ledger(session).faults
    assert len(billed) == count
    assert {lines for _, lines in billed} == {2}  # plan and add-on
    assert numbers_of(shop) == list(range(1, count + 1))
    assert faults == []


def test_pitfall_01_two_runs_at_once_bill_each_subscription_once(operator):
    def one_run(_):
        with operator.app.app_context():
            return operator.run(NOV, chunk_size=50)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(one_run, range(2)))
    assert sum(report.invoices for report in reports) == 1000
    assert sum(report.totals().get("EUR", 0) for report in reports) == 1000 * 1402
    each_billed_once(operator, 1000)


def test_processes_share_a_run_by_partitions(operator):
    reports = [operator.run(NOV, partition=(part, 3)) for part in range(3)]
    assert sorted(report.invoices for report in reports) == [333, 333, 334]
    each_billed_once(operator, 1000)


def test_what_the_database_refuses_is_found_by_halving(operator):
    """Subscription 500 has a line for the period already: the unique key refuses the batch."""
    with writing(SYSTEM) as tx:
        document = Document(seller_id=1, customer_id=500, kind="proforma", state="open", currency="EUR", net_minor=1,
                            tax_minor=0, total_minor=1, created_at=run_module.clock.now())  # fmt: skip
        tx.session.add(document)
        tx.session.flush()
        tx.session.add(DocumentLine(document_id=document.id, position=1, subscription_id=500, component_id=999,
                                    kind="recurring", description="x", period_start=NOV, period_end=DEC, unit_minor=1,
                                    net_minor=1))  # fmt: skip
    report = operator.run(NOV)
    assert (report.invoices, report.failed) == (999, 1)
    with reading() as session:
        (failed,) = session.scalars(select(FailedItem)).all()
        assert verify_ledger(session).faults == []
    assert failed.subscription_id == 500
    assert "billed_once" in failed.error or "document_line" in failed.error
    assert numbers_of(operator) == list(range(1, 1000))


class Discount:
    """10 % off; fails for customer 7, as a stranger's rule may."""

    code = "autumn"

    def tenth(self, draft):
        return Money(-sum(line.net.minor for line in draft.lines) // 10, "EUR")

    def apply(self, drafts):
        if any(draft.customer_id == 7 for draft in drafts):
            raise ZeroDivisionError("seven")
        return [[ExtraLine("ten", "Autumn", self.tenth(draft))] for draft in drafts]


def test_a_rule_that_raises_costs_its_draft_and_names_the_plugin(operator):
    operator.plugins.rules = [("coupons", Discount())]
    report = operator.run(NOV)
    assert (report.invoices, report.failed) == (999, 1)
    with reading() as session:
        (failed,) = session.scalars(select(FailedItem)).all()
        (discount,) = session.scalars(
            select(DocumentLine).where(DocumentLine.subscription_id == 1, DocumentLine.net_minor < 0)
        )
        assert verify_ledger(session).faults == []
    assert (failed.subscription_id, failed.plugin) == (7, "coupons")
    # 12.98 less the coupon's tenth is 11.68; × 10 % = 1.168: -1.17; 20 % of it: -0.23
    assert (discount.kind, discount.net_minor, discount.tax_minor) == ("discount:coupons.autumn.ten", -117, -23)


def test_pitfall_35_a_dry_run_says_what_the_run_then_does(operator):
    operator.change(Customer, 13, country="XX")
    planned = operator.run(NOV, dry_run=True, chunk_size=70)
    assert operator.all(Document) == []
    done = operator.run(NOV, chunk_size=130)
    assert replace(planned, dry_run=False, run_id=done.run_id) == done


def test_a_dry_run_does_not_spend_the_same_credit_twice(shop):
    plan = shop.plan("tv", 1000)
    customer, other = shop.customer(credit_minor=2000), shop.customer(credit_minor=100)
    for buyer in (customer, other, customer):
        shop.subscribe(buyer, plan, due=NOV)
    planned = shop.run(NOV, dry_run=True, chunk_size=1)
    done = shop.run(NOV, chunk_size=1)
    assert planned.sums == done.sums
    assert done.sums["EUR"].credit == 2100


def test_what_changes_between_reading_and_writing_is_read_again(shop, monkeypatch):
    plan, dearer = shop.plan("tv", 1000), shop.plan("tv-hd", 1500)
    subscription = shop.subscribe(shop.customer(), plan, due=NOV)
    customer = shop.customer(credit_minor=1200)
    spender = shop.subscribe(customer, plan, due=NOV)
    write, times = run_module.write_documents, []

    def write_after_a_click(tx, rated, *rest, **options):
        if not times:
            tx.session.execute(
                update(Subscription).where(Subscription.id == subscription).values(version=Subscription.version + 1)
            )
            tx.session.execute(
                update(SubscriptionComponent)
                .where(SubscriptionComponent.subscription_id == subscription)
                .values(price_id=dearer[1])
            )
            tx.session.execute(update(CustomerCredit).values(remaining_minor=200, amount_minor=200))
        times.append(len(rated))
        return write(tx, rated, *rest, **options)

    monkeypatch.setattr(run_module, "write_documents", write_after_a_click)
    report = shop.run(NOV)
    assert times == [2, 2]
    assert report.considered == 2
    assert [line[3] for line in shop.lines(subscription)] == [1500]
    assert [row.settled_minor for row in shop.all(Document, Document.subscription_id == spender)] == [200]


@pytest.fixture(scope="module")
def undisturbed(migrated_sqlite, tmp_path_factory):
    """What a run over the same 1,000 subscriptions leaves when nobody disturbs it: the same on both databases."""
    home = tmp_path_factory.mktemp("undisturbed")
    file = shutil.copy(migrated_sqlite, home / "billhead.sqlite3")
    with open_shop(f"sqlite:///{file}", home, bare=True) as shop:
        build_operator(1000)
        shop.run(NOV)
        return shop.canonical()


@pytest.mark.parametrize("point", ["before_batch:4", "batch_written:1", "batch_written:6", "batch_committed:3"])
def test_killed_at_a_crash_point_and_started_again(operator, database_url, tmp_path, undisturbed, point):
    assert billing_process(database_url, tmp_path, NOV, chunk=100, crash=f"billing.{point}").was_killed()
    halfway = len(operator.all(Document))
    assert halfway < 1000
    operator.run(NOV)
    each_billed_once(operator, 1000)
    assert operator.canonical() == undisturbed


@pytest.mark.full
@pytest.mark.parametrize("seed", range(30))
def test_killed_at_any_moment_and_started_again(operator, database_url, tmp_path, undisturbed, seed):
    running = billing_process(database_url, tmp_path, NOV, chunk=20)
    until(lambda: "ready" in running.said(), "the run begins")
    time.sleep(random.Random(seed).uniform(0, 1.5))
    running.kill()
    operator.run(NOV)
    each_billed_once(operator, 1000)
    assert operator.canonical() == undisturbed


def test_a_run_whose_process_is_gone_is_known_to_be_dead_a_quarter_of_an_hour_later(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 500), due=NOV)
    ago = {minutes: run_module.clock.now() - timedelta(minutes=minutes) for minutes in (14, 16)}
    with writing(SYSTEM) as tx:
        for at in ago.values():
            about = {"as_of": date(2026, 11, 1), "state": "running", "totals": {}}
            tx.session.add(BillingRun(**about, started_at=at - timedelta(hours=3), alive_at=at))
    shop.run(NOV)
    assert [run.state for run in shop.all(BillingRun)] == ["running", "aborted", "done"]


def test_a_run_is_refused_inside_a_transaction(shop):
    with writing(SYSTEM), pytest.raises(RuntimeError, match="owns its transactions"):
        shop.run(NOV)
