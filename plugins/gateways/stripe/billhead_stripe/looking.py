"""What became of an attempt, asked of Stripe; a request that may still arrive is told from one that can't any more."""

from contextlib import suppress
from typing import Any

from billhead.plugin import (
    AttemptState,
    AttemptView,
    DeclineClass,
    GatewayRejected,
    Outcome,
    OutcomeUnknown,
)
from billhead_stripe.amounts import to_stripe
from billhead_stripe.client import StripeApi, keyed
from billhead_stripe.customers import all_of, find_customer
from billhead_stripe.outcomes import BY, INTENT, REFERENCE, SAVED, SESSION, Json, of_intent, of_session, parts_of

__all__ = ["closed", "intent_with", "look", "outcome_of_intent", "session_with"]

_NEVER_ARRIVED = Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="never_arrived")


def look(api: StripeApi, attempt: AttemptView) -> Outcome:
    """By the id that Stripe gave, else among the payer's payments and pages, else by taking the attempt's key."""
    if attempt.provider_ref.startswith("cs_"):
        return of_session(session_with(api, attempt.provider_ref))
    if attempt.provider_ref.startswith("pi_"):
        return outcome_of_intent(api, intent_with(api, attempt.provider_ref))
    customer = parts_of(attempt.method_token)[0] or find_customer(api, attempt)
    if not customer:
        return _taken(api, attempt) if not attempt.method_token else Outcome(AttemptState.UNKNOWN)
    mine: dict[str, Any] = {"customer": customer}
    for intent in all_of(api, lambda v1, page: v1.payment_intents.list({**mine, **page})):
        if (intent.get("metadata") or {}).get(REFERENCE) == attempt.key:
            return outcome_of_intent(api, intent_with(api, str(intent["id"])))
    for session in all_of(api, lambda v1, page: v1.checkout.sessions.list({**mine, **page})):
        if session.get("client_reference_id") == attempt.key:
            return of_session(session_with(api, str(session["id"])))
    return _taken(api, attempt)


def intent_with(api: StripeApi, reference: str) -> Json:
    return api.read(lambda v1: v1.payment_intents.retrieve(reference, {"expand": INTENT}))


def session_with(api: StripeApi, reference: str) -> Json:
    return api.read(lambda v1: v1.checkout.sessions.retrieve(reference, {"expand": SESSION}))


def outcome_of_intent(api: StripeApi, intent: Json) -> Outcome:
    """A payment of a page is told as its page tells it; one without its payer that wants the payer is closed first."""
    if (intent.get("metadata") or {}).get(BY) != SAVED:
        reference = str(intent.get("id"))
        pages = api.read(lambda v1: v1.checkout.sessions.list({"payment_intent": reference, "limit": 1}))
        for page in pages.get("data") or []:
            return of_session({**page, "payment_intent": intent})
        return of_intent(intent)
    return of_intent(closed(api, intent) if intent.get("status") == "requires_action" else intent)


def closed(api: StripeApi, intent: Json) -> Json:
    """Canceled, so that the pay link is the only way left to pay; or as it is, if it has ended meanwhile."""
    reference = str(intent["id"])
    with suppress(GatewayRejected):  # it has ended, and the next question tells how
        api.write(lambda v1: v1.payment_intents.cancel(reference, {}, keyed(f"close-{reference}")))
    return intent_with(api, reference)


def _taken(api: StripeApi, attempt: AttemptView) -> Outcome:
    """Nothing is there, but the request may still be on its way. Take its key for a payment that nobody can make:
    whatever comes later under that key is refused by Stripe. If the key was taken before, the request has arrived.
    """
    units, currency = to_stripe(attempt.amount)
    wish = {
        "amount": units,
        "currency": currency,
        "description": f"{attempt.key} never arrived",
        "metadata": {REFERENCE: f"closed:{attempt.key}", BY: SAVED},
    }
    try:
        made = api.write(lambda v1: v1.payment_intents.create(wish, keyed(attempt.key)))
        reference = str(made["id"])
        api.write(lambda v1: v1.payment_intents.cancel(reference, {}, keyed(f"close-{reference}")))
    except OutcomeUnknown:
        return Outcome(AttemptState.UNKNOWN)
    return _NEVER_ARRIVED
