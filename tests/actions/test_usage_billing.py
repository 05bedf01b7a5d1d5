"""Metered use on invoices: what is billed when, with which allowance, and what comes late. 20 % tax everywhere."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import REMIND, SUSPEND, policy, run, state, told
from metered_shop import billed, meter, meter_of, metric, tell, used
from sqlalchemy import event

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents._subscriptions import owed_of
from billhead.actions.documents.void_document import void_document
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.transfer import transfer
from billhead.actions.usage.correct_event import correct_event
from billhead.db import db, reading, writing
from billhead.domain.dunning import LateFee, Stage
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Job
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
TENTH, FEBRUARY = date(2026, 12, 10), date(2027, 2, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def since_november(shop, *plans, who=None, **more):
    """Paid for November and billed next on 1 December."""
    who = who or shop.customer()
    values = {"anchor": NOVEMBER, "due": DECEMBER, **more}
    return shop.subscribe(who, *plans, **values)


def usage_lines(shop, subscription):
    return [line[1:] for line in shop.lines(subscription) if line[0].startswith("usage")]


def test_next_month_and_last_months_use_stand_on_one_invoice(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.004", included="600")
    anna = since_november(shop, tv)
    tell(used(anna, 500, "2026-11-03T20:00:00Z"), used(anna, 900, "2026-11-30T23:59:59Z"),
         used(anna, 77, "2026-12-01T00:00:00Z"))  # fmt: skip
    dry = run_billing(DECEMBER, dry_run=True)
    done = shop.run(DECEMBER)
    # 1400 − 600 included = 800 × 0.004 = 3.20, and 20 % of it
    assert shop.lines(anna) == [
        ("recurring", DECEMBER, JANUARY, 1000, 200),
        ("usage:minutes", NOVEMBER, DECEMBER, 320, 64),
    ]
    assert done.sums == dry.sums
    assert done.sums["EUR"].total == 1584
    assert done.invoices == 1
    assert billed(anna) == [(NOVEMBER, DECEMBER, 0, 2, 1400, 320)]
    assert meter_of(anna) == (DECEMBER, JANUARY, None)


def test_a_second_run_bills_no_use_again(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.01")
    anna = since_november(shop, tv)
    tell(used(anna, 100))
    shop.run(DECEMBER)
    before = shop.canonical()
    assert shop.run(DECEMBER).invoices == 0
    assert shop.canonical() == before


def test_what_comes_late_goes_on_the_next_invoice_as_the_difference(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "graduated", tiers=[{"up_to": "100", "unit": "0.10"}, {"unit": "0.05"}])
    anna = since_november(shop, tv)
    tell(used(anna, 90))
    shop.run(DECEMBER)
    told = tell(used(anna, 30, "2026-11-29T10:00:00Z"), used(anna, 10, "2026-12-05T10:00:00Z"))
    assert told.late == 1
    assert shop.run(date(2026, 12, 15)).invoices == 0  # it waits for the next invoice
    shop.run(JANUARY)
    # November: 90 × 0.10 = 9.00; with the late ones 100 × 0.10 + 20 × 0.05 = 11.00, so 2.00 more
    assert usage_lines(shop, anna) == [
        (NOVEMBER, DECEMBER, 900, 180),
        (NOVEMBER, DECEMBER, 200, 40),
        (DECEMBER, JANUARY, 100, 20),
    ]
    assert [row[2] for row in billed(anna)] == [0, 1, 0]
    assert meter_of(anna)[2] is None


def handed_over(shop, money, minutes=70, has=10_000):
    """Anna's November is billed with 300 minutes; she uses more on 5 December. On the 10th Bea gets it, and uses 30."""
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.01", included="31")
    anna, bea = shop.customer(credit_minor=has, card=False), shop.customer(credit_minor=10_000)
    key = since_november(shop, tv, who=anna)
    early = used(key, 331, "2026-11-03T20:00:00Z")
    tell(early)
    shop.run(DECEMBER)
    tell(used(key, minutes, "2026-12-05T20:00:00Z"))
    with clock.business_time(datetime(2026, 12, 10, 12, tzinfo=UTC)), writing(SYSTEM) as tx:
        done = transfer(tx, key, bea, money)
    tell(used(key, 30, "2026-12-15T20:00:00Z"))
    return key, early, {anna: "Anna", bea: "Bea"}, done


def use_of(shop, key, names):
    """(whose invoice, from, to, net) of each line over use."""
    lines = shop.all(DocumentLine, DocumentLine.subscription_id == key, DocumentLine.kind.startswith("usage:"))
    owner = {document.id: names[document.customer_id] for document in shop.all(Document)}
    return [(owner[one.document_id], one.period_start, one.period_end, one.net_minor) for one in lines]


@pytest.mark.parametrize("money", ["moves", "settled"])
def test_who_gets_a_subscription_pays_for_no_period_that_had_ended_before(shop, money):
    """What comes late for November, and what is corrected of it, is no matter of Bea's."""
    key, early, names, _ = handed_over(shop, money)
    tell(used(key, 500, "2026-11-20T20:00:00Z"))
    with writing(SYSTEM) as tx:
        at = datetime(2026, 11, 3, 20, tzinfo=UTC)
        correct_event(tx, "panel", early.id, f"subscription:{key}", "minutes", at, 0)
    shop.run(JANUARY)
    assert [one for one in use_of(shop, key, names) if one[1] == NOVEMBER] == [("Anna", NOVEMBER, DECEMBER, 300)]
    assert meter_of(key)[2] is None  # nothing of it is waited for


def test_where_both_settle_each_pays_for_their_own_use(shop):
    """Of the 31 minutes that December includes, 9 days have 9, and the other 22 have 22."""
    key, _, names, done = handed_over(shop, "settled")
    of_anna = [("Anna", NOVEMBER, DECEMBER, 300), ("Anna", DECEMBER, TENTH, 61)]
    assert (use_of(shop, key, names), done.used_minor) == (of_anna, 73)
    tell(used(key, 40, "2026-12-06T20:00:00Z"))  # late: it is nobody's to pay
    shop.run(JANUARY)
    assert use_of(shop, key, names) == [*of_anna, ("Bea", TENTH, JANUARY, 8)]
    shop.run(FEBRUARY)
    assert len(use_of(shop, key, names)) == 3
    assert verify_billing().faults == []
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_where_the_time_goes_along_so_does_the_use_of_the_period(shop):
    key, _, names, done = handed_over(shop, "moves")
    shop.run(JANUARY)
    assert use_of(shop, key, names)[1:] == [("Bea", DECEMBER, JANUARY, 69)]
    assert done.used_minor == 0


def test_a_debt_for_use_is_that_of_who_used_it(shop):
    """2,000 minutes less 9 cost Anna 23.89 with tax, of which the 22 days that come back, 8.52, pay a part. She is told
    of the rest; nothing of Bea's is stopped for it."""
    policy(shop, Stage(3, REMIND, LateFee(fixed={"EUR": 250})), (5, SUSPEND))
    key, _, names, done = handed_over(shop, "settled", minutes=2_000, has=1_560)
    assert (done.used_minor, done.credited_minor) == (2_389, 852)
    (bill,) = shop.all(Document, Document.total_minor == 2_389)
    assert (names[bill.customer_id], bill.total_minor - bill.settled_minor) == ("Anna", 1_537)
    with reading() as session:
        assert not owed_of(session, key)
    for day in (date(2026, 12, 31), date(2027, 1, 31)):
        run(day)
    assert (told(shop)[:2], state(shop, key)) == (["credit_note", "reminder"], "active")
    (fee,) = shop.all(DocumentLine, DocumentLine.kind == "late_fee")
    assert shop.get(Document, fee.document_id).customer_id == bill.customer_id


def test_late_use_that_changes_no_amount_makes_no_line(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "package", unit="5", per="100")
    anna = since_november(shop, tv)
    tell(used(anna, 20))
    shop.run(DECEMBER)
    tell(used(anna, 30))
    shop.run(JANUARY)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 500, 100)]


def test_who_pays_by_hand_gets_an_invoice_for_use_alone(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.01")
    anna = since_november(shop, tv, collection="manual", due=DECEMBER)
    tell(used(anna, 250))
    dry = run_billing(DECEMBER, dry_run=True)
    done = shop.run(DECEMBER)
    assert (done.invoices, done.proformas) == (1, 1) == (dry.invoices, dry.proformas)
    assert shop.lines(anna) == [("usage:minutes", NOVEMBER, DECEMBER, 250, 50)]
    assert done.sums == dry.sums


def test_a_year_paid_ahead_is_metered_by_the_month(shop):
    tv = shop.plan("tv", 10000, "1 year")
    meter(shop, tv, metric(shop), "standard", unit="0.01", included="100")
    anna = since_november(shop, tv, due=date(2027, 11, 1))
    tell(used(anna, 150, "2026-11-10T00:00:00Z"), used(anna, 190, "2026-12-10T00:00:00Z"))
    shop.run(DECEMBER)
    shop.run(JANUARY)
    assert usage_lines(shop, anna) == [(NOVEMBER, DECEMBER, 50, 10), (DECEMBER, JANUARY, 90, 18)]


def test_an_outage_of_three_months_bills_each_month_with_its_own_allowance(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.01", included="100")
    anna = since_november(shop, tv)
    tell(*(used(anna, 150, f"{day}T10:00:00Z") for day in ("2026-11-10", "2026-12-10", "2027-01-10")))
    shop.run(date(2027, 2, 1))
    assert [line[2] for line in usage_lines(shop, anna)] == [50, 50, 50]


def test_the_last_use_is_billed_after_somebody_has_left(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.01", included="300", minimum="3")
    anna = since_november(shop, tv)
    left = date(2026, 11, 11)  # ten days of thirty: 100 included, a minimum of 1.00
    shop.change(Subscription, anna, state="canceled", billing_ends_on=left, service_ends_on=left, next_bill_on=None)
    told = tell(used(anna, 350, "2026-11-10T23:00:00Z"), used(anna, 1000, "2026-11-11T00:00:00Z", id="gone"))
    assert (told.accepted, told.rejected) == (1, 1)
    shop.run(left)
    assert usage_lines(shop, anna) == [(NOVEMBER, left, 250, 50)]
    assert meter_of(anna)[1] is None
    tell(used(anna, 40, "2026-11-02T10:00:00Z"))  # the panel's log was late
    shop.run(date(2028, 1, 1))
    assert usage_lines(shop, anna)[1:] == [(NOVEMBER, left, 40, 8)]
    assert meter_of(anna)[1] is None


def test_the_minimum_and_the_cap_of_a_period(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.10", minimum="5", cap="20")
    idle, busy = since_november(shop, tv), since_november(shop, tv)
    tell(used(busy, 10_000))
    shop.run(DECEMBER)
    assert [usage_lines(shop, one)[0][2] for one in (idle, busy)] == [500, 2000]


def test_an_addon_adds_to_the_allowance_and_the_plan_sets_the_price(shop):
    tv, hours = shop.plan("tv", 1000), shop.plan("hours", 300)
    recorded = metric(shop, "hours", decimals=1, unit="hours", name="Recorded")
    meter(shop, tv, recorded, "standard", unit="0.50", included="10")
    meter(shop, hours, recorded, "allowance", included="50")
    plain, more = since_november(shop, tv), since_november(shop, tv, hours)
    tell(*(used(one, "62.5", code="hours") for one in (plain, more)))
    shop.run(DECEMBER)
    # 52.5 × 0.50 = 26.25, and 2.5 × 0.50 = 1.25
    assert [usage_lines(shop, one)[0][2] for one in (plain, more)] == [2625, 125]


def test_each_line_has_its_own_allowance_or_all_share_one(shop):
    one, both = shop.plan("each", 1000), shop.plan("both", 1000)
    minutes = metric(shop)
    meter(shop, one, minutes, "standard", unit="0.01", included="100", shared=False)
    meter(shop, both, minutes, "standard", unit="0.01", included="100")
    anna, ben = since_november(shop, one), since_november(shop, both)
    for who in (anna, ben):
        told = [used(who, 180, whose=f"login:u{who}"), used(who, 60)]
        assert tell(*told).accepted == 2
    shop.run(DECEMBER)
    # each: 180 − 100 and 60 − 100; shared: 240 − 100
    assert [usage_lines(shop, who)[0][2] for who in (anna, ben)] == [80, 140]


def test_different_films_the_busiest_day_and_a_share_of_purchases(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop, "films", "unique"), "standard", unit="1.50")
    meter(shop, tv, metric(shop, "streams", "max"), "volume", tiers=[{"up_to": "2", "unit": "0"}, {"unit": "1"}])
    meter(shop, tv, metric(shop, "bought", "sum", decimals=2), "percentage", percent="2.5", event_fee="0.05",
          event_min="0.10", event_max="1")  # fmt: skip
    anna = since_november(shop, tv)
    tell(
        *(used(anna, code="films", item=item) for item in ("film:1", "film:2", "film:1")),
        *(used(anna, streams, code="streams") for streams in (2, 3, 1)),
        *(used(anna, amount, code="bought") for amount in ("1.00", "4.99", "100.00")),
    )
    shop.run(DECEMBER)
    found = {line[0]: line[3] for line in shop.lines(anna)}
    # 2 × 1.50 · 3 × 1.00 · at least 0.10, 0.05 + 0.12475, at most 1.00: 1.27475
    assert {kind: found[f"usage:{kind}"] for kind in ("films", "streams", "bought")} == {
        "films": 300, "streams": 300, "bought": 127,
    }  # fmt: skip


def test_midnight_is_the_customers_own(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.01")
    early = since_november(shop, tv, who=shop.customer(zone="Pacific/Kiritimati"))
    late = since_november(shop, tv, who=shop.customer(zone="Pacific/Honolulu"))
    for one in (early, late):
        tell(used(one, 100, "2026-11-30T09:59:59Z"), used(one, 30, "2026-11-30T10:00:00Z"),
             used(one, 7, "2026-12-01T09:59:59Z"))  # fmt: skip
    shop.run(DECEMBER)
    # Kiritimati begins December at 10:00 UTC on the 30th, Honolulu ends November at 10:00 UTC on the 1st
    assert [usage_lines(shop, one)[0][2] for one in (early, late)] == [100, 137]


def test_a_trial_is_not_charged_for_use_and_a_plan_changed_within_the_month_is_billed_in_two_parts(shop):
    tv, more = shop.plan("tv", 1000), shop.plan("more", 2000)
    minutes = metric(shop)
    meter(shop, tv, minutes, "standard", unit="0.01", included="300")
    meter(shop, more, minutes, "standard", unit="0.02", included="600")
    anna = since_november(shop, tv, more)
    middle = date(2026, 11, 16)
    first, second = shop.all(SubscriptionComponent, SubscriptionComponent.subscription_id == anna)
    shop.change(SubscriptionComponent, first.id, ends_on=middle)
    shop.change(SubscriptionComponent, second.id, starts_on=middle, kind="plan")
    tell(used(anna, 250, "2026-11-15T23:59:59Z"), used(anna, 350, "2026-11-16T00:00:00Z"))
    trial = since_november(
        shop, tv, phase="trial", state="trial", phase_ends_on=date(2026, 11, 21), due=date(2026, 11, 21)
    )
    tell(used(trial, 900, "2026-11-20T10:00:00Z"), used(trial, 110, "2026-11-25T10:00:00Z"))
    shop.run(DECEMBER)
    # half of the allowance each: 250 − 150 = 100 × 0.01, 350 − 300 = 50 × 0.02
    assert usage_lines(shop, anna) == [(NOVEMBER, middle, 100, 20), (middle, DECEMBER, 100, 20)]
    # after the trial ten of thirty days, so 100 included
    assert usage_lines(shop, trial) == [(date(2026, 11, 21), DECEMBER, 10, 2)]


def test_a_shop_without_metered_prices_never_looks_at_usage(shop):
    anna, asked = since_november(shop, shop.plan("tv", 1000)), []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    shop.run(DECEMBER)
    assert shop.lines(anna)[0][0] == "recurring"
    about = [statement for statement in asked if "usage_" in statement]
    assert [("usage_price" in one, "usage_event" in one) for one in about] == [(True, False)] * 2


def test_an_invoice_over_use_is_collected_from_the_saved_card(shop):
    tv = shop.plan("tv", 10000, "1 year")
    meter(shop, tv, metric(shop), "standard", unit="0.01")
    anna = since_november(shop, tv, due=date(2027, 11, 1))
    tell(used(anna, 150))
    shop.run(DECEMBER)
    (invoice,) = shop.all(Document)
    assert [job.args for job in shop.all(Job, Job.kind == "payments.collect")] == [{"document_id": invoice.id}]
    assert invoice.total_minor == 180


def test_a_draft_that_is_void_gives_its_use_back_to_the_next_run(shop):
    tv = shop.plan("tv", 1000)
    meter(shop, tv, metric(shop), "standard", unit="0.01")
    anna = since_november(shop, tv)
    tell(used(anna, 150))
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.run(DECEMBER)
    (draft,) = shop.all(Document)
    assert draft.state == "draft"
    with writing(SYSTEM) as tx:
        void_document(tx, draft.id, reason="the price was wrong")
    shop.change(Seller, shop.seller_id, hold_for_review=False)
    tell(used(anna, 30))
    shop.run(DECEMBER)
    assert [line for line in shop.all(Document) if line.state == "void"]
    (invoice,) = shop.all(Document, Document.state != "void")
    # 10.00 and 180 × 0.01 for November, and nothing twice
    assert (invoice.net_minor, invoice.state) == (1180, "final")
    assert meter_of(anna)[2] is None
