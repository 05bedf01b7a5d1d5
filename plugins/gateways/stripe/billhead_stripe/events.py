"""What a proven event leads to. The event is a hint only: its object is fetched, so that copies, disorder and age of
events change nothing, and what was signed is never booked by itself.

Where a refund or a dispute is told, the payment that it is about is told first: it may not be known yet.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from billhead.plugin import AttemptState, CallbackForged, Outcome, RawCallback, Verified, VerifiedKind
from billhead_stripe.client import StripeApi
from billhead_stripe.customers import all_of, customer_exists
from billhead_stripe.looking import intent_with, outcome_of_intent, session_with
from billhead_stripe.outcomes import (
    REFERENCE,
    Json,
    of_dispute,
    of_intent,
    of_payout,
    of_refund,
    of_session,
    of_setup,
    saved_as,
)
from billhead_stripe.saving import method_with, setup_with

__all__ = ["facts_of", "read_event"]


def read_event(raw: RawCallback, live: bool) -> dict[str, Any]:
    """The event of a body that was proven. Raises CallbackForged if it is none, or of the other of Stripe's worlds."""
    try:
        event = json.loads(raw.body)
        about = event["data"]["object"]
        proper = isinstance(event["id"], str) and isinstance(event["type"], str) and isinstance(about, dict)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CallbackForged("it is signed, but it is no event of Stripe") from error
    if not proper or not event["id"]:
        raise CallbackForged("it is signed, but it is no event of Stripe")
    if bool(event.get("livemode")) is not live:
        raise CallbackForged("it is of Stripe's other mode: test events prove nothing about real money")
    return dict(event)


def facts_of(api: StripeApi, event: Json, *, payouts: bool = True) -> Sequence[Verified]:
    """The facts of an event, or none for a type that is not read here and for what is not Billhead's."""
    if not payouts and str(event["type"]).startswith("payout."):
        return []
    reader = _READERS.get(str(event["type"]).rpartition(".")[0]) or _READERS.get(str(event["type"]))
    about = str(event["data"]["object"].get("id") or "")
    if reader is None or not about:
        return []
    return [Verified(kind, str(event["id"]), reference, outcome) for kind, reference, outcome in reader(api, about)]


_Fact = tuple[VerifiedKind, str, Outcome]


def _session(api: StripeApi, reference: str) -> list[_Fact]:
    session = session_with(api, reference)
    if session.get("mode") == "setup":
        return _saving(api, reference)
    key = (session.get("metadata") or {}).get(REFERENCE)
    return [(VerifiedKind.ATTEMPT, key, of_session(session))] if key else []


def _saving(api: StripeApi, page: str) -> list[_Fact]:
    session = setup_with(api, page)
    key = (session.get("metadata") or {}).get(REFERENCE)
    return [(VerifiedKind.METHOD, key, of_setup(session))] if key else []


def _intent(api: StripeApi, reference: str) -> list[_Fact]:
    intent = intent_with(api, reference)
    key = _key(intent)
    return [(VerifiedKind.ATTEMPT, key, outcome_of_intent(api, intent))] if key else []


def _refund(api: StripeApi, reference: str) -> list[_Fact]:
    refund = api.read(lambda v1: v1.refunds.retrieve(reference))
    intent = _paid(api, refund)
    return [*_payment(intent), *_refunded(intent, [refund])] if intent else []


def _charge(api: StripeApi, reference: str) -> list[_Fact]:
    """The fee, which may come after the money; and refunds, also those that somebody made in Stripe's dashboard."""
    charge = api.read(lambda v1: v1.charges.retrieve(reference))
    intent = _paid(api, charge)
    if intent is None:
        return []
    if not charge.get("amount_refunded"):
        return _payment(intent)
    of_it = {"payment_intent": str(intent["id"])}
    refunds = list(all_of(api, lambda v1, page: v1.refunds.list({**of_it, **page})))
    return [*_payment(intent), *_refunded(intent, refunds[::-1])]


def _dispute(api: StripeApi, reference: str) -> list[_Fact]:
    dispute = api.read(lambda v1: v1.disputes.retrieve(reference))
    intent, outcome = _paid(api, dispute), of_dispute(dispute)
    if intent is None or outcome is None:
        return []
    return [*_payment(intent), (VerifiedKind.CHARGEBACK, _key(intent), outcome)]


def _payout(api: StripeApi, reference: str) -> list[_Fact]:
    outcome = of_payout(api.read(lambda v1: v1.payouts.retrieve(reference)))
    return [(VerifiedKind.PAYOUT, reference, outcome)] if outcome.state is not AttemptState.PROCESSING else []


def _method(api: StripeApi, reference: str) -> list[_Fact]:
    """A saved card that its bank has renewed, or a method that somebody took away; no money is told of."""
    method = method_with(api, reference)
    saved = saved_as(method) if method is not None else None
    state = AttemptState.SUCCEEDED if saved is not None else AttemptState.CANCELED
    return [(VerifiedKind.METHOD_CHANGED, reference, Outcome(state, method=saved))]


def _customer(api: StripeApi, reference: str) -> list[_Fact]:
    """With a customer that was deleted, all that was saved for it is gone."""
    if customer_exists(api, reference):
        return []
    return [(VerifiedKind.METHOD_CHANGED, reference, Outcome(AttemptState.CANCELED))]


def _paid(api: StripeApi, about: Json) -> Json | None:
    """The payment that something is about; None unless Billhead asked for it."""
    reference = about.get("payment_intent")
    intent = intent_with(api, reference) if isinstance(reference, str) and reference else None
    return intent if intent is not None and _key(intent) else None


def _payment(intent: Json) -> list[_Fact]:
    outcome = of_intent(intent)
    return [(VerifiedKind.ATTEMPT, _key(intent), outcome)] if outcome.state is AttemptState.SUCCEEDED else []


def _refunded(intent: Json, refunds: Sequence[Json]) -> list[_Fact]:
    """By its own key if Billhead made it, else by that of the payment."""
    return [
        (VerifiedKind.REFUND, (one.get("metadata") or {}).get(REFERENCE) or _key(intent), of_refund(one))
        for one in refunds
    ]


def _key(intent: Json) -> str:
    key = str((intent.get("metadata") or {}).get(REFERENCE) or "")
    return "" if key.startswith("closed:") else key


_READERS: dict[str, Callable[[StripeApi, str], list[_Fact]]] = {
    "checkout.session": _session,
    "payment_intent": _intent,
    "refund": _refund,
    "charge.refund": _refund,
    "charge.updated": _charge,
    "charge.refunded": _charge,
    "charge.dispute": _dispute,
    "payout": _payout,
    "payment_method.automatically_updated": _method,
    "payment_method.detached": _method,
    "payment_method.updated": _method,
    "customer.deleted": _customer,
}
