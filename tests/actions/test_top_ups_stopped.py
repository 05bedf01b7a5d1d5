"""What is topped up by itself, and stopped while it is charged: no retry charges it."""

from dataclasses import replace

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.set_wallet import WalletWish, set_wallet
from billhead.actions.credits.stop_top_up import stop_top_up
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._attempts import new_attempt
from billhead.actions.sellers.set_top_ups import set_top_ups
from billhead.db import reading
from billhead.domain.money import Money
from billhead.domain.payment import DeclineClass
from billhead.domain.top_ups import TopUpTerms
from billhead.jobs.kinds import KINDS
from billhead.models.credits import CustomerWallet
from billhead.models.documents import Document
from billhead.models.operations import Job
from billhead.models.payments import PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.plugin import AttemptState, Outcome

WISH = WalletWish(alert_below_minor=600, top_up_below_minor=500, top_up_minor=2000, most_a_day=1, most_a_month=2)


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (1000, 2000))})
        yield shop


def eur(minor):
    return Money(minor, "EUR")


def usable(shop):
    with reading() as session:
        return usable_credit(session, session.get_one(Customer, shop.customer), "EUR").minor


def watch(shop):
    KINDS["credits.watch"].run(SYSTEM, {})


def saved_card(shop):
    """Somebody with a saved card, a running subscription and no credit."""
    shop.bought(save=True)
    return shop.rows(PaymentMethod)[-1].id


def done(shop):
    """The collections that are queued have run, and what they came to is told by the test."""
    for job in shop.jobs("payments.collect"):
        shop.change(Job, job.id, state="done")


def test_what_was_stopped_is_not_charged_when_it_is_declined_first(shop):
    method = saved_card(shop)

    def order():
        shop.act(set_wallet, shop.customer, replace(WISH, most_a_day=5, most_a_month=9))
        watch(shop)
        return shop.rows(Document, Document.kind == "proforma")[-1].id

    def start(tx):
        attempt = new_attempt(tx, tx.session.get_one(Document, ordered), shop.cards, eur(2000), method_id=method)
        return attempt.id

    def decline(tx):
        attempt = tx.session.get_one(PaymentAttempt, under_way, with_for_update=True)
        outcome = Outcome(AttemptState.FAILED, "x", code="insufficient_funds", decline=DeclineClass.SOFT)
        apply_outcome(tx, attempt, outcome)

    ordered = order()
    done(shop)
    under_way = shop.act(start)
    assert shop.act(stop_top_up, shop.customer).voided == 0
    shop.act(decline)
    assert (shop.row(Document, ordered).state, shop.jobs("payments.collect")) == ("void", [])
    assert shop.notices()[-1] == "top_up_stopped", "nobody is asked to pay what is void"

    for by_staff in (True, False):  # declined first and stopped then, as by a chargeback of another one
        ordered = order()
        done(shop)
        under_way = shop.act(start)
        shop.act(decline)
        (again,) = shop.jobs("payments.collect")
        shop.change(CustomerWallet, shop.customer, stopped_because="charged_back")
        assert shop.row(Document, ordered).state == "open"
        if by_staff:
            assert shop.act(stop_top_up, shop.customer).voided == 1
        charged = shop.attempts()
        KINDS["payments.collect"].run(SYSTEM, again.args)
        assert (shop.row(Document, ordered).state, shop.attempts()) == ("void", charged)
        done(shop)
    assert usable(shop) == 0
