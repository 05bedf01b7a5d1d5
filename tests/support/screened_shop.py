"""Customers who order from the card shop, and what staff decide about it."""

from contextlib import contextmanager

from card_shop import SYSTEM, open_card_shop

from billhead import clock
from billhead.actions.fraud.decide_case import decide_case
from billhead.actions.fraud.place_order import Seen, place_order
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.subscriptions.start import Order, Started
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.fraud import FraudCase
from billhead.models.payments import PaymentAttempt
from billhead.models.people import Customer
from billhead.models.subscriptions import Service
from billhead.plugin import AttemptState, Outcome, SavedMethod

HOME = "203.0.113.7"


@contextmanager
def open_screened_shop(app):
    """The card shop on 22 November 2026; its trial is given once to a person."""
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        plan = shop.rows(Plan, Plan.code == "trial")[0]
        shop.change(Plan, plan.id, details={**plan.details, "once_per_customer": True})
        yield shop


def somebody(shop, email, **more):
    row = Customer(
        seller_id=shop.seller, name=email, email=email, country="FI", currency="EUR", zone="Europe/Helsinki",
        created_at=clock.now(), **more,
    )  # fmt: skip
    with writing(SYSTEM) as tx:
        tx.session.add(row)
        tx.session.flush()
        return row.id


def place(customer, plan="tv", *, seen_in="FI", agent="Firefox", amount=1255, ip=HOME, key=None, **wish):
    ctx = Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer), idempotency_key=key)
    order = Order(customer, plan, "1 month", ip=ip, trial=plan == "trial", **wish)
    ordered = place_order(ctx, [order], Seen(Money(amount, "EUR"), seen_in, agent))
    return Started(ordered.subscription_ids[0], ordered.document_id)


def pays(shop, started, fingerprint="", country=""):
    shop.checkout(started.document_id, save=True)
    attempt = shop.rows(PaymentAttempt)[-1]
    method = SavedMethod(f"tok_{attempt.id}", "Visa •••• 4242", "2030-08", fingerprint, country)
    amount = Money(attempt.amount_minor, attempt.currency)
    paid = Outcome(AttemptState.SUCCEEDED, f"ch_{attempt.id}", amount, method=method if fingerprint else None)
    with writing(SYSTEM) as tx:
        apply_outcome(tx, tx.session.get_one(PaymentAttempt, attempt.id), paid)


def case_of(shop):
    return shop.rows(FraudCase)[-1]


def whys(shop):
    return [one["why"] for one in case_of(shop).reasons]


def line_of(shop, started):
    return shop.rows(Service, Service.subscription_id == started.subscription_id)[0]


def decide(shop, decision):
    return shop.act(decide_case, case_of(shop).id, decision, "the bank was asked")


def doubtful(shop):
    """30 for the country and 60 for the mail: more than 50."""
    return somebody(shop, "ada@mailinator.com")
