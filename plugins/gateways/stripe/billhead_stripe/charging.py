"""What is sent to Stripe when money is to move: a page for the payer, a saved method, a refund."""

from contextlib import suppress
from typing import Any

from billhead.plugin import (
    AttemptState,
    AttemptView,
    DeclineClass,
    GatewayRejected,
    GatewayUnreachable,
    Outcome,
    OutcomeUnknown,
    Redirect,
    RefundView,
    SavedMethod,
)
from billhead_stripe.amounts import to_stripe
from billhead_stripe.client import MISSING, StripeApi, keyed
from billhead_stripe.customers import all_of, customer_of
from billhead_stripe.declines import Declined, decline_of, shown_code
from billhead_stripe.looking import closed
from billhead_stripe.outcomes import BY, CHECKOUT, INTENT, REFERENCE, SAVED, of_intent, of_refund, parts_of

__all__ = ["charge", "find_refund", "open_page", "send_back"]

_LONGEST_NAME = 250


def open_page(api: StripeApi, attempt: AttemptView) -> Redirect:
    """Stripe's page for one attempt. Opening it moves no money; the payer chooses there how to pay."""
    units, currency = to_stripe(attempt.amount)
    payment: dict[str, Any] = {
        "description": attempt.description,
        "metadata": {REFERENCE: attempt.key, BY: CHECKOUT},
    }
    if attempt.save_method:
        payment["setup_future_usage"] = "off_session"
    what = {"name": attempt.description[:_LONGEST_NAME] or attempt.key}
    wish = {
        "mode": "payment",
        "customer": customer_of(api, attempt),
        "client_reference_id": attempt.key,
        "line_items": [
            {"quantity": 1, "price_data": {"currency": currency, "unit_amount": units, "product_data": what}}
        ],
        "payment_intent_data": payment,
        "success_url": attempt.return_url,
        "cancel_url": attempt.cancel_url,
        "metadata": {REFERENCE: attempt.key},
    }
    page = api.write(lambda v1: v1.checkout.sessions.create(wish, keyed(attempt.key)))
    if not page.get("url"):
        raise OutcomeUnknown(f"{attempt.key} was begun before and is {page.get('status')}: look it up")
    return Redirect(str(page["url"]), provider_ref=str(page["id"]))


def charge(api: StripeApi, attempt: AttemptView, method: SavedMethod) -> Outcome:
    """Charge without the payer. Where the bank wants the payer, the payment is closed: a pay link begins a new one."""
    units, currency = to_stripe(attempt.amount)
    customer, token = parts_of(method.token)
    wish = {
        "amount": units,
        "currency": currency,
        "customer": customer,
        "payment_method": token,
        "confirm": True,
        "off_session": True,
        "description": attempt.description,
        "metadata": {REFERENCE: attempt.key, BY: SAVED},
        "expand": INTENT,
    }
    try:
        intent = api.write(lambda v1: v1.payment_intents.create(wish, keyed(attempt.key)))
    except Declined as declined:
        return _declined(api, attempt, declined)
    except GatewayRejected as refused:
        if refused.code == MISSING:  # the method, or whose it is, was deleted at Stripe
            return Outcome(AttemptState.FAILED, decline=DeclineClass.HARD, code="no_such_method")
        raise
    if intent.get("status") != "requires_action":
        return of_intent(intent)
    try:
        return of_intent(closed(api, intent))
    except (GatewayUnreachable, GatewayRejected) as error:  # the charge itself has reached Stripe
        raise OutcomeUnknown(f"{attempt.key} is at Stripe, and could not be closed: {error.message}") from error


def _declined(api: StripeApi, attempt: AttemptView, declined: Declined) -> Outcome:
    decline, intent = decline_of(declined.error), declined.error.get("payment_intent") or {}
    if decline is DeclineClass.NEEDS_CUSTOMER and intent.get("id"):
        with suppress(GatewayUnreachable, GatewayRejected, OutcomeUnknown):  # declined it is, closed or not
            closed(api, intent)
    return Outcome(
        AttemptState.FAILED,
        provider_ref=str(intent.get("id") or ""),
        amount=attempt.amount,
        decline=decline,
        code=shown_code(declined.error),
    )


def send_back(api: StripeApi, refund: RefundView) -> Outcome:
    units, _ = to_stripe(refund.amount)
    wish = {
        "payment_intent": refund.payment_ref,
        "amount": units,
        "reason": "requested_by_customer",
        "metadata": {REFERENCE: refund.key},
    }
    return of_refund(api.write(lambda v1: v1.refunds.create(wish, keyed(refund.key))))


def find_refund(api: StripeApi, refund: RefundView) -> Outcome:
    """By the id that Stripe gave, else among the refunds of the payment. Unknown if there is none: repeat it."""
    if refund.provider_ref:
        return of_refund(api.read(lambda v1: v1.refunds.retrieve(refund.provider_ref)))
    for one in all_of(api, lambda v1, page: v1.refunds.list({"payment_intent": refund.payment_ref, **page})):
        if (one.get("metadata") or {}).get(REFERENCE) == refund.key:
            return of_refund(one)
    return Outcome(AttemptState.UNKNOWN)
