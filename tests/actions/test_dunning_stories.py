"""What happens when nobody pays, day by day: reminded, warned, stopped, ended; and how each way back looks.

A month is 12.55 EUR. Paid on 22 November 2026, the next invoice is due on 22 December.
"""

from datetime import date, timedelta

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.payments.collect import collect
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, IllegalTransition, InvalidInput, NotAllowed, NotFound
from billhead.jobs.kinds import KINDS
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Event, Notice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionEvent

DUE = "2026-12-22"
EMPTY_CARD = "4000000000000341"  # pays the first time, has no money afterwards


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def state(shop, subscription):
    return shop.row(Subscription, subscription.id).state


def history(shop, subscription):
    found = shop.rows(SubscriptionEvent, SubscriptionEvent.subscription_id == subscription.id)
    return [(event.kind, event.effective_on.isoformat()) for event in found]


def run(shop, day, hour=12):
    """The dunning job of one hour."""
    with shop.at(day, hour):
        KINDS["dunning.run"].run(SYSTEM, {})


# -- debt --------------------------------------------------------------------------------------------------------------


def test_an_unpaid_renewal_day_by_day(shop):
    subscription, invoice = shop.renewal(DUE, card=EMPTY_CARD)
    seen = []
    for day in range(22, 29):
        for hour in (1, 12, 23):
            run(shop, f"2026-12-{day}", hour)
        notices = [kind for kind in shop.notices() if kind != "receipt"]
        seen.append((day, state(shop, subscription), notices))
    assert seen == [
        (22, "active", []),  # pitfall 29: not on the day on which the invoice was written
        (23, "active", ["reminder"]),
        (24, "active", ["reminder"]),
        (25, "past_due", ["reminder", "warning"]),
        (26, "past_due", ["reminder", "warning"]),
        (27, "suspended", ["reminder", "warning", "suspended"]),
        (28, "suspended", ["reminder", "warning", "suspended"]),
    ]
    service = shop.service(subscription.id)
    assert (service.desired_blocked, service.lifecycle) == (True, "wanted")
    assert shop.row(Subscription, subscription.id).suspended_for == "debt"

    with shop.at("2027-01-25"):
        assert run_billing(clock.business_now()).invoices == 0, "no new invoices while it is stopped"
    for day, expected in (("2027-01-20", "suspended"), ("2027-01-21", "canceled")):  # 30 days after the due date
        run(shop, day)
        assert state(shop, subscription) == expected
    assert shop.service(subscription.id).lifecycle == "unwanted"
    assert shop.notices("canceled") == ["canceled"]
    assert history(shop, subscription)[-4:] == [
        ("fall_due", "2026-12-25"),
        ("suspend", "2026-12-27"),
        ("cancel_asked", "2027-01-21"),
        ("cancel", "2027-01-21"),
    ]
    # the last of the 31 days comes back, 0.32 and 25.5 % tax; the debt for the others stays until staff decide
    assert shop.balances()["receivable"] == 1255 - 40
    assert invoice.id == shop.invoices()[-1].id


def test_it_clears_at_once_when_it_is_paid(shop):
    subscription, invoice = shop.renewal(DUE, card=EMPTY_CARD)
    run(shop, "2026-12-25")
    assert state(shop, subscription) == "past_due"
    with shop.at("2026-12-26"):
        shop.pay(shop.checkout(invoice.id))
        shop.hear("charge.succeeded")
    assert state(shop, subscription) == "active"
    run(shop, "2026-12-30")
    assert (state(shop, subscription), shop.notices("suspended")) == ("active", [])
    assert "receivable" not in shop.balances()


def test_pitfall_28_a_payment_minutes_before_the_run_keeps_it_running(shop):
    subscription, invoice = shop.renewal(DUE)
    with shop.at("2026-12-27", hour=11):
        assert collect(SYSTEM, invoice.id).state == "succeeded"
    run(shop, "2026-12-27")
    assert (state(shop, subscription), shop.notices("reminder")) == ("active", [])


@pytest.mark.parametrize("token", ["tok_processing", "tok_unknown"])
def test_pitfall_28_nothing_is_stopped_while_money_may_be_on_its_way(shop, token):
    subscription, invoice = shop.renewal(DUE, token=token)
    shop.control("cards", callbacks=False)
    with shop.at(DUE):
        collect(SYSTEM, invoice.id)
    run(shop, "2026-12-28")
    assert state(shop, subscription) == "past_due"
    assert shop.notices("warning") == ["warning"]


def test_days_without_a_run_skip_no_stage_but_notify_each_once(shop):
    subscription, _ = shop.renewal(DUE, card=EMPTY_CARD)
    run(shop, "2026-12-29")
    run(shop, "2026-12-30")
    assert [kind for kind in shop.notices() if kind != "receipt"] == ["reminder", "warning", "suspended"]
    assert state(shop, subscription) == "suspended"


def test_the_seller_has_stages_of_its_own(shop):
    shop.stages([[1, "warn"], [2, "suspend"]])
    shop.change(Seller, shop.seller, terms_days=10)
    subscription, invoice = shop.renewal(DUE, card=EMPTY_CARD)
    assert invoice.due_on == date(2027, 1, 1)
    for day, expected in (("2027-01-01", "active"), ("2027-01-02", "past_due"), ("2027-01-03", "suspended")):
        run(shop, day)
        assert state(shop, subscription) == expected
    run(shop, "2027-03-01")
    assert state(shop, subscription) == "suspended", "this seller never ends a subscription by itself"


def test_pitfall_30_paying_the_oldest_restarts_the_clock_at_the_next(shop):
    shop.stages([[1, "warn"], [40, "suspend"]])
    subscription, december = shop.renewal(DUE, card=EMPTY_CARD)
    with shop.at("2027-01-22", hour=1):
        run_billing(clock.business_now())
    january = shop.invoices()[-1]
    run(shop, "2027-01-31")  # 40 days after December's, 9 after January's
    assert state(shop, subscription) == "suspended"
    with shop.at("2027-01-31", hour=13):
        shop.pay(shop.checkout(december.id))
        shop.hear("charge.succeeded")
    assert state(shop, subscription) == "active", "January's is not as old as that"
    run(shop, "2027-01-31", hour=14)
    assert state(shop, subscription) == "past_due"
    warned = [n.data["document_id"] for n in notices(shop, "warning")]
    assert warned == [december.id, january.id]
    run(shop, "2027-03-03")  # 40 days after January's
    assert state(shop, subscription) == "suspended"


def notices(shop, kind):
    return shop.rows(Notice, Notice.kind == kind)


def test_a_debt_that_is_as_old_as_the_paid_one_keeps_it_stopped(shop):
    shop.stages([[5, "suspend"]])
    subscription, december = shop.renewal(DUE, card=EMPTY_CARD)
    with writing(SYSTEM) as tx:
        older = tx.session.get_one(Document, december.id)
        copy = {c.key: getattr(older, c.key) for c in Document.__table__.columns if c.key != "id"}
        other = Document(**{**copy, "number": 99, "number_text": "99"})
        tx.session.add(other)
        tx.session.flush()
        about = {"subscription_id": subscription.id, "description": "November", "unit_minor": 1000, "net_minor": 1000}
        tx.session.add(DocumentLine(document_id=other.id, position=1, kind="recurring", **about))
    run(shop, "2026-12-28")
    with shop.at("2026-12-28", hour=13):
        shop.pay(shop.checkout(december.id))
        shop.hear("charge.succeeded")
    assert state(shop, subscription) == "suspended"


def test_hundreds_of_debtors_are_dunned_in_batches(shop, monkeypatch):
    monkeypatch.setattr("billhead.actions.dunning._debts.BATCH", 2)
    ids = []
    with shop.at("2026-11-22"):
        for _ in range(5):
            ids.append(shop.bought(card=EMPTY_CARD, save=True).id)
    with shop.at(DUE, hour=1):
        run_billing(clock.business_now())
    run(shop, "2026-12-28")
    assert {shop.row(Subscription, one).state for one in ids} == {"suspended"}


# -- the calendar ------------------------------------------------------------------------------------------------------


def test_prepaid_time_that_nobody_renews_expires_in_the_customers_own_zone(shop):
    shop.change(Customer, shop.customer, zone="America/New_York")
    with shop.at("2026-11-22"):
        subscription = shop.bought()
    assert shop.row(Subscription, subscription.id).paid_through == date(2026, 12, 22)
    run(shop, "2026-12-22", hour=6)  # in New York it is 23:00 of the 21st
    assert state(shop, subscription) == "active"
    run(shop, "2026-12-22", hour=8)
    assert state(shop, subscription) == "expired"
    assert shop.service(subscription.id).lifecycle == "wanted", "the panel ends it after the grace; it may come back"


def test_those_whose_day_has_not_come_keep_nobody_waiting(shop, monkeypatch):
    """In Helsinki the 22nd has begun when many elsewhere still have the 21st: they must not fill the batches."""
    monkeypatch.setattr("billhead.actions.subscriptions.lapse._BATCH", 2)
    with shop.at("2026-11-22"):
        first, second, third = shop.bought(), shop.bought(), shop.bought()
    for behind in (first, second):
        shop.change(Subscription, behind.id, zone="America/New_York")
    run(shop, "2026-12-22", hour=1)
    assert [state(shop, one) for one in (first, second, third)] == ["active", "active", "expired"]


def test_an_expired_subscription_is_not_dunned_and_a_payment_brings_it_back(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
    with shop.at("2026-12-08"):
        run_billing(clock.business_now())
    (offer,) = shop.rows(Document, Document.kind == "proforma", Document.state == "open")
    for day in ("2026-12-22", "2026-12-27", "2027-01-30"):
        run(shop, day)
    assert state(shop, subscription) == "expired"
    assert shop.notices() == ["receipt", "reminder"], "of the renewal, up to its day"
    with shop.at("2027-01-30"):
        shop.pay(shop.checkout(offer.id))
        shop.hear("charge.succeeded")
    assert state(shop, subscription) == "active"
    assert shop.row(Subscription, subscription.id).paid_through == date(2027, 2, 28)


def test_what_staff_have_stopped_does_not_expire_and_come_back_by_paying(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
    with shop.at("2026-12-08"):
        run_billing(clock.business_now())
        shop.act(suspend, subscription.id, "staff")
    (offer,) = shop.rows(Document, Document.kind == "proforma", Document.state == "open")
    run(shop, "2026-12-23")
    with shop.at("2026-12-24"):
        shop.pay(shop.checkout(offer.id))
        shop.hear("charge.succeeded")
    assert state(shop, subscription) == "suspended"
    assert shop.service(subscription.id).desired_blocked


def test_a_trial_that_is_not_continued_expires_on_its_last_day(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought(plan="trial", trial=True)
    run(shop, "2026-11-28")
    assert state(shop, subscription) == "trial"
    run(shop, "2026-11-29")
    assert state(shop, subscription) == "expired"


# -- cancelling --------------------------------------------------------------------------------------------------------


def test_cancelled_at_the_end_of_the_term_it_runs_until_then(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
    with shop.at("2026-12-08"):
        run_billing(clock.business_now())
        (offer,) = shop.rows(Document, Document.kind == "proforma", Document.state == "open")
        assert preview_cancel(SYSTEM, subscription.id, "end_of_term").ends_on == "2026-12-22"
        assert shop.act(cancel, subscription.id, "end_of_term").ends_on == "2026-12-22"
        assert shop.act(cancel, subscription.id, "end_of_term").ends_on == "2026-12-22"
    assert len(shop.rows(Event, Event.type == "subscription.canceled")) == 1, "asking twice is asking once"
    assert shop.row(Document, offer.id).state == "void", "nobody pays for a month that will not come"
    run(shop, "2026-12-21")
    assert (state(shop, subscription), shop.service(subscription.id).lifecycle) == ("active", "wanted")
    run(shop, "2026-12-22")
    assert (state(shop, subscription), shop.service(subscription.id).lifecycle) == ("canceled", "unwanted")
    with shop.at("2027-01-08"):
        assert run_billing(clock.business_now()).considered == 0
    assert shop.notices("canceled") == ["canceled"]


def test_cancelled_at_once_after_having_asked_for_later(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
        shop.act(cancel, subscription.id, "end_of_term")
        shop.act(cancel, subscription.id, "immediate")
        assert (state(shop, subscription), shop.service(subscription.id).lifecycle) == ("canceled", "unwanted")
        with pytest.raises(Conflict, match="canceled already"):
            shop.act(cancel, subscription.id, "immediate")
        with pytest.raises(InvalidInput, match="end_of_term, immediate"):
            shop.act(cancel, subscription.id, "tomorrow")


def test_a_customer_cancels_their_own_and_sees_no_other(shop):
    with shop.at("2026-11-22"):
        mine = shop.bought()
        stranger = Context("customer:9", Role.CUSTOMER, Scope(customer_id=9))
        with pytest.raises(NotFound), writing(stranger) as tx:
            cancel(tx, mine.id, "immediate")
        aino = Context("customer:1", Role.CUSTOMER, Scope(customer_id=shop.customer))
        for verb, because in ((suspend, "staff"), (restore, "debt")):
            with pytest.raises(NotAllowed, match=r"subscriptions\.write"), writing(aino) as tx:
                verb(tx, mine.id, because)
        with writing(aino) as tx:
            assert cancel(tx, mine.id, "end_of_term").ends_on == "2026-12-22"


# -- stopping by hand --------------------------------------------------------------------------------------------------


def test_stopped_and_started_again_by_staff(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
        before = shop.service(subscription.id).desired_version
        assert shop.act(suspend, subscription.id, "staff").changed
        assert not shop.act(suspend, subscription.id, "staff").changed
        assert not shop.act(restore, subscription.id, "debt").changed, "another reason than the one it stands for"
        assert shop.service(subscription.id).desired_blocked
        assert shop.act(restore, subscription.id, "staff").changed
        assert not shop.act(restore, subscription.id, "staff").changed
    service = shop.service(subscription.id)
    assert (service.desired_blocked, service.desired_version) == (False, before + 2)
    assert len(shop.jobs("provisioning.converge")) == 1
    assert [kind for kind in shop.notices() if kind != "receipt"] == ["suspended", "restored"]


def test_staff_outweigh_debt_and_debt_does_not_outweigh_staff(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought()
        shop.act(suspend, subscription.id, "debt")
        assert shop.act(suspend, subscription.id, "staff").changed
        assert not shop.act(suspend, subscription.id, "debt").changed
        assert shop.row(Subscription, subscription.id).suspended_for == "staff"


def test_a_trial_goes_on_as_a_trial(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought(plan="trial", trial=True)
        shop.act(suspend, subscription.id, "staff")
        shop.act(restore, subscription.id, "staff")
    assert state(shop, subscription) == "trial"


def test_what_has_ended_or_not_begun_can_not_be_stopped(shop):
    with shop.at("2026-11-22"):
        pending = shop.order().subscription_id
        with pytest.raises(IllegalTransition):
            shop.act(suspend, pending, "staff")
        shop.act(cancel, pending, "immediate")
        with pytest.raises(IllegalTransition):
            shop.act(suspend, pending, "staff")
        assert not shop.act(restore, pending, "staff").changed


def test_pitfall_15_no_invoices_for_months_in_which_it_stood_still(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought(save=True)
        shop.act(suspend, subscription.id, "staff")
    with shop.at("2027-04-30"):
        shop.act(restore, subscription.id, "staff")
        report = run_billing(clock.business_now())
    assert report.invoices == 1
    (invoice,) = shop.invoices()[1:]
    # from 30 April to the next 22nd: 22 of 30 days of 10.00 are 7.33, with 25.5 % (1.87) 9.20
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (733, 187, 920)
    assert shop.row(Subscription, subscription.id).next_bill_on == date(2027, 5, 22)


def test_a_short_stop_within_a_paid_month_changes_no_date(shop):
    with shop.at("2026-11-22"):
        subscription = shop.bought(save=True)
        shop.act(suspend, subscription.id, "staff")
    with shop.at("2026-12-01"):
        shop.act(restore, subscription.id, "staff")
    after = shop.row(Subscription, subscription.id)
    assert (after.next_bill_on, after.billed_through) == (date(2026, 12, 22), date(2026, 12, 22))
    assert after.paid_through - date(2026, 11, 22) == timedelta(days=30)
