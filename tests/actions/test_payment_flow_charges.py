"""Renewals charged to a saved card: once, whatever is lost on the way; and what follows from each kind of decline."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from card_shop import HELSINKI, SYSTEM, open_card_shop

from billhead import clock
from billhead.actions.payments import collect as collecting
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.payments.collect import collect
from billhead.actions.payments.decide_dispute import decide_dispute
from billhead.actions.payments.resolve import resolve
from billhead.db import writing
from billhead.domain.errors import Conflict
from billhead.jobs.kinds import KINDS
from billhead.models.documents import Document
from billhead.models.operations import Event, FreezeSwitch, Notice
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, PaymentMethod
from billhead.models.subscriptions import Subscription

RENEWAL = "2026-12-22"


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def later(**more):
    return clock.business_time(clock.business_now() + timedelta(**more))


def due_days(shop):
    """On which day in Helsinki each queued collection is due."""
    return [job.due_at.astimezone(HELSINKI).date().isoformat() for job in shop.jobs("payments.collect")]


def newest(shop):
    return shop.rows(PaymentAttempt)[-1]


def test_a_renewal_is_charged_on_its_day(shop):
    subscription, invoice = shop.renewal(RENEWAL)
    assert (invoice.state, invoice.total_minor, invoice.due_on) == ("final", 1255, date(2026, 12, 22))
    assert subscription.paid_through == date(2026, 12, 22)
    with shop.at(RENEWAL, hour=2):
        assert shop.collect_due() == ["succeeded"]
    subscription = shop.row(Subscription, subscription.id)
    assert (subscription.paid_through, subscription.next_bill_on) == (date(2027, 1, 22), date(2027, 1, 22))
    # two payments of 12.55 less 0.18 each; two months of 10.00 not earned yet, 2.55 tax on each
    assert shop.balances() == {"clearing": 2474, "fees": 36, "deferred_revenue": -2000, "tax": -510}
    assert newest(shop).off_session
    assert len(shop.rows(PaymentMethod)) == 1, "a charge of the saved card saves no other"
    assert shop.hear("charge.succeeded") == ["applied"], "and its callback comes too late to matter"
    assert len(shop.rows(Payment)) == 2


def test_two_workers_at_once_charge_once(shop):
    _, invoice = shop.renewal(RENEWAL)

    def charge(_):
        with shop.app.app_context():
            return collect(SYSTEM, invoice.id).state

    with shop.at(RENEWAL), ThreadPoolExecutor(4) as pool:
        became = list(pool.map(charge, range(4)))
    assert became.count("succeeded") == 1
    assert set(became) <= {"succeeded", "undecided", "nothing_to_do"}, "while the first was under way, or afterwards"
    assert shop.charges() == 2, "the first order, and one renewal"


def test_pitfall_06_after_an_unknown_outcome_nothing_is_charged_until_it_is_looked_up(shop):
    _, invoice = shop.renewal(RENEWAL, token="tok_unknown")
    with shop.at(RENEWAL):
        assert collect(SYSTEM, invoice.id).state == "unknown"
        assert collect(SYSTEM, invoice.id).state == "undecided"
        with pytest.raises(Conflict, match="still being looked up") as refused:
            shop.checkout(invoice.id)
        assert refused.value.code == "payment_undecided"
        assert newest(shop).state == "unknown"
        assert resolve(SYSTEM, newest(shop).id) == "succeeded"
        assert shop.charges() == 2, "the first order, and one renewal"
        with pytest.raises(Conflict, match="nothing to pay"):
            shop.checkout(invoice.id)
    assert len(shop.rows(Payment)) == 2


def test_what_never_arrived_is_charged_again_once_that_is_proven(shop):
    _, invoice = shop.renewal(RENEWAL)
    shop.control("faults", kind="reset", match="cards.charge", count=1)
    with shop.at(RENEWAL, hour=2):
        assert shop.collect_due() == ["unknown"]
        assert shop.collect_due() == []
        assert resolve(SYSTEM, newest(shop).id) == "failed"
        assert newest(shop).decline_code == "never_arrived"
        assert shop.notices("payment_failed") == [], "no fault of the customer's"
        with later(minutes=21):
            assert shop.collect_due() == ["succeeded"]
    assert shop.charges() == 2
    assert len(shop.rows(Payment)) == 2
    assert invoice.id == shop.invoices()[-1].id


@pytest.mark.parametrize(
    "fault", [{"kind": "slow", "seconds": 3}, {"kind": "crash"}, {"kind": "status", "status": 503}]
)
def test_a_processor_in_trouble_is_polled_in_growing_steps(shop, fault):
    shop.renewal(RENEWAL)
    shop.control("faults", **fault, match="cards.charge", perform=True)
    shop.control("faults", kind="status", match="cards.lookup", count=2)
    look = KINDS["payments.resolve_open"].run
    with shop.at(RENEWAL, hour=2):
        assert shop.collect_due() == ["unknown"]
        begun = newest(shop).created_at
        for wait, looks, then in ((5, 1, timedelta(hours=1)), (61, 2, timedelta(days=1))):
            with later(minutes=wait + 1):
                look(SYSTEM, {})
                look(SYSTEM, {})
                assert (newest(shop).state, newest(shop).looks) == ("unknown", looks)
                assert newest(shop).next_look_at == begun + then
        with later(days=1, minutes=1):
            look(SYSTEM, {})
    assert shop.attempts() == ["succeeded", "succeeded"]
    assert shop.charges() == 2


def test_a_crash_between_the_call_and_its_record_is_looked_up_and_not_repeated(shop, monkeypatch):
    _, invoice = shop.renewal(RENEWAL)

    def dies(*_):
        raise KeyboardInterrupt

    with shop.at(RENEWAL):
        with monkeypatch.context() as patched:
            patched.setattr(collecting, "_record", dies)
            with pytest.raises(KeyboardInterrupt):
                collect(SYSTEM, invoice.id)
        assert newest(shop).state == "created"
        assert collect(SYSTEM, invoice.id).state == "undecided"
        with later(minutes=6):
            KINDS["payments.resolve_open"].run(SYSTEM, {})
    assert shop.attempts() == ["succeeded", "succeeded"]
    assert shop.charges() == 2


def test_a_soft_decline_is_tried_again_after_1_3_5_and_7_days_and_on_the_eve_of_each_harsh_stage(shop):
    subscription, invoice = shop.renewal(RENEWAL, card="4000000000000341")
    tried = []
    days = ("2026-12-22", "2026-12-23", "2026-12-25", "2026-12-26", "2026-12-27", "2026-12-29", "2027-01-20")
    for hour, day in enumerate(days, 12):
        with shop.at(day, hour):
            assert shop.collect_due() == ["failed"]
            tried.append(due_days(shop))
    # suspended on day 5, ended on day 30: so also on days 4 and 29
    assert tried == [[day] for day in days[1:]] + [[]]
    assert shop.notices("payment_failed") == ["payment_failed"] * 7
    assert shop.row(PaymentMethod, subscription.payment_method_id).usable
    assert shop.invoices()[-1].state == "final"
    assert [e.data["decline_class"] for e in shop.rows(Event, Event.type == "payment.failed")] == ["soft"] * 7
    assert invoice.id == shop.invoices()[-1].id


def test_the_seller_says_when_a_soft_decline_is_tried_again(shop):
    shop.stages([[0, "remind"]], retry_days=(2,))
    shop.renewal(RENEWAL, card="4000000000000341")
    with shop.at(RENEWAL):
        shop.collect_due()
        assert due_days(shop) == ["2026-12-24"]
    with shop.at("2026-12-24", hour=13):
        assert shop.collect_due() == ["failed"]
        assert due_days(shop) == []


def test_a_card_that_fails_twice_pays_at_the_third_try(shop):
    subscription, _ = shop.renewal(RENEWAL, card="4000000000000259")
    for day, hour, state in (
        ("2026-12-22", 12, "failed"),
        ("2026-12-23", 13, "failed"),
        ("2026-12-25", 14, "succeeded"),
    ):
        with shop.at(day, hour):
            assert shop.collect_due() == [state]
    assert shop.jobs("payments.collect") == []
    assert shop.row(Subscription, subscription.id).paid_through == date(2027, 1, 22)


def test_a_customer_who_pays_in_between_is_not_charged_by_the_retry(shop):
    _, invoice = shop.renewal(RENEWAL, card="4000000000000341")
    with shop.at(RENEWAL):
        shop.collect_due()
        shop.pay(shop.checkout(invoice.id))
        assert shop.hear("charge.succeeded") == ["applied"]
    with shop.at("2026-12-24"):
        shop.collect_due()
        assert due_days(shop) == []
    assert shop.attempts() == ["succeeded", "failed", "succeeded"]


def test_a_hard_decline_ends_the_card(shop):
    subscription, invoice = shop.renewal(RENEWAL, token="tok_lost")
    with shop.at(RENEWAL):
        assert shop.collect_due() == ["failed"]
        assert (newest(shop).decline_class, newest(shop).decline_code) == ("hard", "lost_card")
        assert not shop.row(PaymentMethod, subscription.payment_method_id).usable
        assert shop.jobs("payments.collect") == []
        assert shop.notices("payment_failed") == ["payment_failed"]
        assert collect(SYSTEM, invoice.id).state == "no_method"
        shop.pay(shop.checkout(invoice.id, save=True), save=True)
        shop.hear("charge.succeeded")
    old, new = shop.rows(PaymentMethod)
    assert (old.is_default, new.is_default, new.usable) == (False, True, True)
    assert shop.row(Subscription, subscription.id).payment_method_id == new.id


def test_3d_secure_off_session_sends_a_link_to_pay(shop):
    subscription, invoice = shop.renewal(RENEWAL, token="tok_3ds")
    with shop.at(RENEWAL):
        assert shop.collect_due() == ["failed"]
        assert (newest(shop).decline_class, newest(shop).decline_code) == ("needs_customer", "authentication_required")
        assert shop.jobs("payments.collect") == [], "a repeat without the customer can't work"
        (notice,) = shop.rows(Notice, Notice.kind == "payment_action")
        assert notice.data["document_id"] == invoice.id
        assert shop.row(PaymentMethod, subscription.payment_method_id).usable
        assert shop.hear("charge.canceled") == ["applied"]
        assert shop.notices("payment_action") == ["payment_action"]
        assert shop.notices("payment_failed") == []
        shop.pay(shop.checkout(invoice.id))
        shop.hear("charge.succeeded")
    assert shop.invoices()[-1].state == "paid"


@pytest.mark.parametrize(
    ("ends", "last", "retry"), [("succeeded", "succeeded", []), ("failed", "failed", ["2026-12-23"])]
)
def test_a_payment_in_processing_blocks_another_until_its_end_is_told(shop, ends, last, retry):
    shop.control("cards", processing_seconds=0.3, processing_ends=ends)
    _, invoice = shop.renewal(RENEWAL, token="tok_processing")
    with shop.at(RENEWAL):
        assert shop.collect_due() == ["processing"]
        with pytest.raises(Conflict, match="still being looked up"):
            shop.checkout(invoice.id)
        assert shop.hear(f"charge.{ends}") == ["applied"]
        assert newest(shop).state == ends
        assert due_days(shop) == retry


def test_a_processor_that_is_down_costs_the_customer_no_try(shop):
    shop.renewal(RENEWAL, card="4000000000000341")
    shop.processor.server.stop()
    with shop.at(RENEWAL, hour=2):
        assert shop.collect_due() == ["failed"]
        assert (newest(shop).decline_class, newest(shop).decline_code) == ("rate_limited", "gateway_unreachable")
        (job,) = shop.jobs("payments.collect")
        assert job.due_at - newest(shop).resolved_at >= timedelta(minutes=9)
        assert shop.notices("payment_failed") == []


def test_stopped_charges_wait_and_a_closed_account_is_not_charged(shop):
    _, invoice = shop.renewal(RENEWAL)
    with shop.at(RENEWAL):
        shop.act(lambda tx: tx.session.add(FreezeSwitch(name="charges", on=True, changed_at=clock.now())))
        assert collect(SYSTEM, invoice.id).state == "stopped"
        with pytest.raises(Conflict, match="stopped"):
            shop.checkout(invoice.id)
        shop.act(lambda tx: tx.session.delete(tx.session.get_one(FreezeSwitch, "charges")))
        shop.change(GatewayAccount, shop.cards, enabled=False)
        assert collect(SYSTEM, invoice.id).state == "no_method"
    assert shop.charges() == 1


def test_keys_of_two_installations_never_meet(shop):
    """Same document, same try, another database: the processor must not answer with the other's charge."""
    with shop.at("2026-11-22"):
        shop.bought()
    key = newest(shop).key
    assert key.startswith("doc1-a1-")
    assert len(key) == len("doc1-a1-") + 6


def test_a_card_whose_holder_had_the_money_taken_back_is_not_charged_for_it_again(shop):
    _, invoice = shop.renewal(RENEWAL)
    with shop.at(RENEWAL, hour=2):
        assert shop.collect_due() == ["succeeded"]
        payment = shop.rows(Payment)[-1]
        with writing(SYSTEM) as tx:
            dispute = charge_back(tx, payment.id, payment.amount_minor, "dp_1", reason="not recognised")
        assert shop.row(Document, invoice.id).state == "final"
        assert collect(SYSTEM, invoice.id).state == "disputed"
        with writing(SYSTEM) as tx:
            decide_dispute(tx, dispute.dispute_id, "lost")
        assert collect(SYSTEM, invoice.id).state == "disputed"
    assert len(shop.rows(Payment)) == 2
