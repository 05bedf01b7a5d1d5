"""Payers who decide how much comes (coins, a transfer): what is short, over or late is booked as it came, once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from card_shop import open_card_shop

from billhead import clock
from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.documents.void_document import void_document
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments.refund import refund
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.jobs.kinds import KINDS
from billhead.models.catalogue import Plan
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.operations import Event
from billhead.models.payments import Payment, PaymentAttempt
from billhead.plugin import AttemptState, GatewayUnreachable, Outcome
from billhead.plugin_host import plugins


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def came(shop, checkout, minor, state=AttemptState.SUCCEEDED, **more):
    """The provider says that so much has come in all."""

    def apply(tx):
        attempt = tx.session.get_one(PaymentAttempt, checkout.attempt_id, with_for_update=True)
        amount = Money(minor, more.pop("currency", "EUR"))
        apply_outcome(tx, attempt, Outcome(state, "inv1", amount, as_paid=True, **more))

    shop.act(apply)
    return shop.row(PaymentAttempt, checkout.attempt_id).state


def paid(shop):
    return [(one.part, one.provider_ref, one.amount_minor) for one in shop.rows(Payment)]


def credits(shop):
    return [lot.remaining_minor for lot in shop.rows(CustomerCredit)]


@pytest.fixture
def invoice(shop):
    """12.55 EUR that are owed since 22 December."""
    with shop.at("2026-12-22"):
        draft = shop.act(draft_invoice, shop.customer).document_id
        shop.act(add_line, draft, FreeLine("TV, one month", 1, 1000))
        shop.act(finalise_draft, draft)
    return shop.row(Document, draft)


def test_what_came_short_pays_a_part_and_the_rest_pays_the_rest(shop, invoice):
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
        assert came(shop, page, 500) == "succeeded"
        assert came(shop, page, 500) == "succeeded", "told twice, booked once"
        document = shop.row(Document, invoice.id)
        assert (document.state, document.settled_minor) == ("partly_paid", 500)
        assert "receipt" in shop.notices("receipt"), "it says what is still open"
        assert shop.checkout(invoice.id).state == "requires_action", "the rest can be paid: 7.55"
        assert shop.rows(PaymentAttempt)[-1].amount_minor == 755
        came(shop, page, 1255)  # the payer sends the rest to the first address all the same, and late
    assert paid(shop)[-2:] == [(1, "inv1", 500), (2, "inv1#2", 755)]
    assert shop.row(Document, invoice.id).state == "paid"
    assert credits(shop) == []
    assert shop.balances().get("receivable", 0) == 0


def test_what_is_over_is_the_customers_credit(shop, invoice):
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
        came(shop, page, 1300)
    assert shop.row(Document, invoice.id).state == "paid"
    assert credits(shop) == [45]  # 13.00 - 12.55
    with shop.at("2026-12-24"):
        came(shop, page, 1400)
        came(shop, page, 1300)  # an older look, told after the newer one
    assert credits(shop) == [45, 100]
    assert [part for part, *_ in paid(shop)[-2:]] == [1, 2]


def test_what_comes_for_a_void_invoice_is_credit_as_a_whole(shop, invoice):
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
        assert came(shop, page, 0, AttemptState.EXPIRED) == "expired"
        shop.act(void_document, invoice.id, reason="a mistake")
        assert came(shop, page, 600) == "succeeded"
    assert credits(shop) == [600]


def test_an_order_that_is_paid_short_begins_when_the_rest_is_there(shop):
    with shop.at("2026-11-22"):
        order = shop.order()
        page = shop.checkout(order.document_id)
        came(shop, page, 1000)
        assert shop.invoices() == []
        assert credits(shop) == [1000]
        rest = shop.checkout(order.document_id)
        assert shop.rows(PaymentAttempt)[-1].amount_minor == 255  # 12.55 less the credit of 10.00
        shop.pay(rest)
        shop.hear("charge.succeeded")
    (invoice,) = shop.invoices()
    assert (invoice.state, credits(shop)) == ("paid", [0])


@pytest.mark.parametrize(("minor", "currency"), [(0, "EUR"), (-5, "EUR"), (1255, "USD")])
def test_what_is_no_money_of_this_currency_is_never_booked(shop, invoice, minor, currency):
    before = len(paid(shop))
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
        assert came(shop, page, minor, currency=currency) == "unknown"
        attempt = shop.row(PaymentAttempt, page.attempt_id)
        assert attempt.decline_code == "amount_mismatch"
    assert len(paid(shop)) == before


def test_each_part_is_refunded_by_itself(shop, invoice):
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
        came(shop, page, 1255)
        came(shop, page, 1355)
        second = shop.rows(Payment)[-1]
        assert shop.act(refund, second.id, 100, "source", reason="sent too much").from_credit == 100
    assert credits(shop) == [0]


# -- looking, for as long as the provider takes money ------------------------------------------------------------------


def test_a_payment_that_its_provider_calls_failed_afterwards_is_told_to_staff_once(shop, invoice):
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
        came(shop, page, 1255)
        for _ in range(3):
            assert came(shop, page, 1255, AttemptState.FAILED, code="marked_invalid") == "succeeded"
    told = [one.data["code"] for one in shop.rows(Event, Event.type == "payment.contradicted")]
    assert told == ["marked_invalid"]
    assert paid(shop) == [(1, "inv1", 1255)]


def test_money_that_comes_when_the_season_is_over_is_credit(shop):
    """Paid at 23:50 on the last day, and told of on the day after."""
    with shop.at("2026-11-22"):
        order = shop.order()
        page = shop.checkout(order.document_id)
    (plan,) = shop.rows(Plan, Plan.code == "tv")
    shop.change(Plan, plan.id, season_ends_on=date(2026, 11, 23))
    with shop.at("2026-11-23"):
        assert came(shop, page, 1255) == "succeeded"
    assert (credits(shop), shop.invoices()) == ([1255], [])


class Watched:
    """The shop's gateway, with a provider that takes money until an hour of ours."""

    def __init__(self, monkeypatch, until):
        self.says, self.until, self.looks = Outcome(AttemptState.REQUIRES_ACTION), until, 0
        kind = type(plugins().gateway("sandbox_cards"))
        monkeypatch.setattr(kind, "lookup", self.lookup)

    def lookup(self, _account, _attempt):
        self.looks += 1
        if isinstance(self.says, Exception):
            raise self.says
        return replace(self.says, watched_until=self.until)


def look(shop, hours):
    """The job that looks up what is due, so many hours after noon of 23 December."""
    with clock.business_time(datetime(2026, 12, 23, 10, tzinfo=UTC) + timedelta(hours=hours)):
        KINDS["payments.resolve_open"].run(Context.system("test"), {})


def test_an_attempt_that_has_ended_is_looked_up_every_hour_until_no_money_can_come(shop, invoice, monkeypatch):
    watched = Watched(monkeypatch, datetime(2026, 12, 24, 10, tzinfo=UTC))
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
    look(shop, 0.2)
    watched.says = Outcome(AttemptState.EXPIRED, "inv1")
    for hours in (2, 3.1, 4.2, 5.3, 6.4, 7.5):
        look(shop, hours)
    attempt = shop.row(PaymentAttempt, page.attempt_id)
    assert (attempt.state, watched.looks, attempt.looks) == ("expired", 7, 0)
    watched.says = Outcome(AttemptState.SUCCEEDED, "inv1", Money(1255, "EUR"), as_paid=True)
    look(shop, 9)
    assert shop.row(PaymentAttempt, page.attempt_id).state == "succeeded"
    assert shop.row(Document, invoice.id).state == "paid"
    watched.says = Outcome(AttemptState.SUCCEEDED, "inv1", Money(1300, "EUR"), as_paid=True)
    look(shop, 24.5)
    assert credits(shop) == [45]
    assert shop.row(PaymentAttempt, page.attempt_id).next_look_at is None
    seen = watched.looks
    look(shop, 48)
    assert watched.looks == seen


def test_a_provider_that_never_answers_again_is_given_up(shop, invoice, monkeypatch):
    watched = Watched(monkeypatch, datetime(2026, 12, 24, 10, tzinfo=UTC))
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
    watched.says = Outcome(AttemptState.EXPIRED, "inv1")
    look(shop, 1)
    watched.says = GatewayUnreachable("the server is gone")
    for hours in range(24, 24 * 30, 24):
        look(shop, hours)
    attempt = shop.row(PaymentAttempt, page.attempt_id)
    assert (attempt.state, attempt.next_look_at, attempt.looks) == ("expired", None, 7)


def test_what_is_in_doubt_after_no_money_can_come_is_given_up(shop, invoice, monkeypatch):
    watched = Watched(monkeypatch, datetime(2026, 12, 24, 10, tzinfo=UTC))
    with shop.at("2026-12-23"):
        page = shop.checkout(invoice.id)
    watched.says = Outcome(AttemptState.UNKNOWN, "inv1")
    for hours in range(1, 24 * 30, 24):
        look(shop, hours)
    attempt = shop.row(PaymentAttempt, page.attempt_id)
    assert (attempt.state, attempt.next_look_at, attempt.looks) == ("unknown", None, 7)
