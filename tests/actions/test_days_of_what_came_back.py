"""Days that changes have added, when what paid for them comes back: what came back whole buys none. In stories.

Each begins with basic, 10.00 a month from 1 April, to gold, 30.00, on the 16th: 5.00 + 15.00 at 1.00 a day are 20 days,
to 21 May. Where gold comes back, basic's 5.00 are left; where the subscription ends with it, no change took anything.
"""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import write_off
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments.book_receipt import book_receipt
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.follow_days import follow_days
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.transfer import transfer
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Job
from billhead.models.payments import Payment
from billhead.models.subscriptions import FreeTime, Service, Subscription, SubscriptionEvent
from billhead.plugin import GatewayCapabilities

APR, CHANGED = date(2026, 4, 1), date(2026, 4, 16)
BASIC_ONLY, WITH_DAYS, OF_BASIC = date(2026, 5, 1), date(2026, 5, 21), date(2026, 5, 6)


class ByHand:
    def capabilities(self):
        return GatewayCapabilities(confirmed_by_staff=True)


def on(day, hour=12):
    clock.move_business_clock(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        shop.plugins.gateways["sandbox"] = ByHand()
        yield shop


def do(verb, *args, **named):
    with writing(SYSTEM) as tx:
        return verb(tx, *args, **named)


def all_changed(shop, number=1, *, credit_minor=50_000):
    """(subscription, document of the change) of each; 12.00 of credit pay basic only."""
    basic, _ = (shop.plan(code, minor, proration="extend") for code, minor in (("basic", 1000), ("gold", 3000)))
    customers = [shop.customer(credit_minor=credit_minor, card=False) for _ in range(number)]
    subscriptions = [shop.subscribe(one, basic, due=APR) for one in customers]
    shop.run(APR)
    on(CHANGED)
    made = [do(change, ChangeWish(one, plan="gold", when="immediate")) for one in subscriptions]
    assert {(one.total_minor, one.days, one.runs_until) for one in made} == {(3600, 20, WITH_DAYS.isoformat())}
    return [(one.subscription_id, one.document_id) for one in made]


def changed(shop, *, credit_minor=50_000):
    return all_changed(shop, credit_minor=credit_minor)[0]


def billed_to(shop, subscription):
    return shop.get(Subscription, subscription).billed_through


def billed(shop, subscription):
    documents = shop.all(Document, Document.subscription_id == subscription)
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)


def faults():
    with reading() as session:
        assert verify_ledger(session).faults == []
    return [one.what for one in verify_billing().faults]


def in_order():
    assert faults() == []


def days_follow(shop, less):
    """The proof tells until the job has run; a second time nothing changes."""
    assert faults() == ([f"changes add {less} days less"] if less else [])
    (job,) = shop.all(Job, Job.kind == "subscriptions.follow_days")
    assert do(follow_days, **job.args).days == -less
    assert do(follow_days, **job.args).days == 0
    in_order()


def test_a_credited_hold_on_the_day_of_a_change_gives_the_price_back_and_takes_the_days(shop):
    subscription, _ = changed(shop)
    done = do(hold, subscription)
    assert (done.credit_minor, billed(shop, subscription), billed_to(shop, subscription)) == (3600, 1000, BASIC_ONLY)
    in_order()
    on(date(2026, 4, 20))
    assert do(resume, subscription).total_minor == 3600
    # 15 days of gold are 15.00, the 11 of basic that no hold took 3.67: 18 days
    assert (billed(shop, subscription), billed_to(shop, subscription)) == (4000, date(2026, 5, 19))
    in_order()


def test_a_hold_that_begins_later_keeps_the_price_and_loses_its_own_days(shop):
    subscription, _ = changed(shop)
    on(date(2026, 4, 20))
    assert do(hold, subscription).credit_minor == 0
    in_order()
    on(date(2026, 4, 24))
    do(resume, subscription)
    # four of the 15 days of basic stood still: 15.00 + 3.67
    assert (billed(shop, subscription), billed_to(shop, subscription)) == (4000, date(2026, 5, 19))
    in_order()


def test_who_cancels_on_the_day_of_a_change_has_the_days_that_are_paid(shop):
    told = [
        ("immediate", {"money": "credit"}, 1000, BASIC_ONLY, CHANGED),
        ("immediate", {"money": "refund"}, 1000, BASIC_ONLY, CHANGED),
        ("immediate", {"money": "nothing"}, 4000, WITH_DAYS, CHANGED),
        ("start_of_term", {}, 0, BASIC_ONLY, CHANGED),
        ("on_date", {"on": date(2026, 4, 10), "money": "credit"}, 1000, BASIC_ONLY, date(2026, 4, 10)),
        ("end_of_term", {}, 4000, WITH_DAYS, WITH_DAYS),
    ]
    for (subscription, _), (policy, how, left, to, ends) in zip(all_changed(shop, len(told)), told, strict=True):
        do(cancel, subscription, policy, **how)
        row = shop.get(Subscription, subscription)
        assert (billed(shop, subscription), row.billed_through, row.paid_through) == (left, to, to)
        assert row.service_ends_on == ends
    in_order()
    on(date(2026, 4, 25))
    in_order()


def test_who_cancels_days_later_gets_nothing_back_and_what_was_paid_stays(shop):
    subscription, _ = changed(shop)
    on(date(2026, 4, 20))
    do(cancel, subscription, "immediate", money="credit")
    assert (billed(shop, subscription), billed_to(shop, subscription)) == (4000, WITH_DAYS)
    in_order()


def test_the_end_comes_with_the_last_added_day_and_the_proof_looks_at_what_has_ended(shop):
    subscription, _ = changed(shop)
    do(cancel, subscription, "end_of_term")
    on(WITH_DAYS)
    assert do(lapse).canceled == 1
    in_order()
    on(CHANGED)
    shop.change(Subscription, subscription, service_ends_on=CHANGED, billing_ends_on=CHANGED)
    do(rebill, subscription)  # as it was: the price came back, and the days stayed
    assert faults() == ["changes add 20 days less"]


def test_a_credit_note_over_the_change_takes_its_days_and_leaves_those_of_what_was_before(shop):
    subscription, document = changed(shop)
    do(issue_credit_note, document, reason="promised for nothing")
    days_follow(shop, 15)
    row, (line,) = shop.get(Subscription, subscription), shop.all(Service)
    assert (billed(shop, subscription), row.billed_through, row.paid_through) == (1000, OF_BASIC, OF_BASIC)
    assert line.desired_expires_at == datetime(2026, 5, 9, tzinfo=UTC)  # and three days of grace
    (told,) = shop.all(SubscriptionEvent, SubscriptionEvent.kind == "days_corrected")
    assert told.details == {"days": -15, "until": "2026-05-06"}


def test_half_a_credit_note_takes_half_of_what_the_change_bought(shop):
    subscription, document = changed(shop)
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == document)
    do(issue_credit_note, document, [Correction(line.id, amount_minor=1800)], reason="an outage")
    # 15.00 × 15/30 + 5.00 = 12.50: the half day counts at the next change
    days_follow(shop, 8)
    assert (billed(shop, subscription), billed_to(shop, subscription)) == (2500, date(2026, 5, 13))


def test_a_void_invoice_of_a_change_buys_no_days(shop):
    subscription, document = changed(shop, credit_minor=1200)
    do(void_document, document, reason="a mistake")
    days_follow(shop, 15)
    assert billed_to(shop, subscription) == OF_BASIC


def test_what_is_written_off_buys_no_days_until_it_is_paid_after_all(shop):
    subscription, document = changed(shop, credit_minor=1200)
    do(write_off, document, reason="moved away")
    days_follow(shop, 15)
    assert billed_to(shop, subscription) == OF_BASIC
    on(date(2026, 4, 20))
    owner = shop.get(Subscription, subscription).customer_id
    do(book_receipt, owner, shop.cards_id, 3600, "EUR", "money-1", [document])
    (job,) = {one.args["subscription_id"] for one in shop.all(Job, Job.kind == "subscriptions.follow_days")}
    assert do(follow_days, job).days == 15
    assert billed_to(shop, subscription) == WITH_DAYS
    in_order()


def paid_by_card(shop):
    subscription, document = changed(shop, credit_minor=1200)
    owner = shop.get(Subscription, subscription).customer_id
    do(book_receipt, owner, shop.cards_id, 3600, "EUR", "money-1", [document])
    (payment,) = shop.all(Payment)
    return subscription, document, payment.id


def test_a_refund_with_its_credit_note_takes_the_days(shop):
    subscription, document, _ = paid_by_card(shop)
    do(issue_credit_note, document, reason="sent back", way="refund")
    days_follow(shop, 15)
    assert billed_to(shop, subscription) == OF_BASIC


def test_after_a_chargeback_the_price_is_owed_still_and_so_are_the_days_until_it_is_given_up(shop):
    subscription, document, payment = paid_by_card(shop)
    do(charge_back, payment, 3600, "dispute-1")
    in_order()
    assert billed_to(shop, subscription) == WITH_DAYS
    do(write_off, document, reason="charged back")
    days_follow(shop, 15)
    assert billed_to(shop, subscription) == OF_BASIC


def test_who_it_is_handed_over_to_has_the_days_that_are_left(shop):
    (first, _), (moved, _), (settled, _) = all_changed(shop, 3)
    # on the same day gold goes back to one and is charged to the other; later neither gets anything back
    assert do(transfer, first, shop.customer(), "settled").credited_minor == 3600
    on(date(2026, 4, 20))
    assert do(transfer, moved, shop.customer(), "moves").credited_minor == 0
    assert do(transfer, settled, shop.customer(), "settled").credited_minor == 0
    assert [billed_to(shop, one) for one in (first, moved, settled)] == [WITH_DAYS] * 3
    assert [row.why for row in shop.all(FreeTime) if row.why != "moved"] == ["extended"] * 3
    in_order()
