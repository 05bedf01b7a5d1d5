"""Stripe's objects in core's words. A status that is not known here is a doubt, never a failure."""

from collections.abc import Mapping
from typing import Any

from billhead.plugin import AttemptState, DeclineClass, Money, Outcome, SavedMethod
from billhead_stripe.amounts import from_stripe
from billhead_stripe.declines import decline_of, shown_code

__all__ = ["BY", "CHECKOUT", "INTENT", "REFERENCE", "SAVED", "SESSION", "Json", "method_of", "of_dispute", "of_intent",
           "of_payout", "of_refund", "of_session", "of_setup", "parts_of", "saved_as"]  # fmt: skip

Json = Mapping[str, Any]

REFERENCE, BY = "billhead_reference", "billhead_by"
CHECKOUT, SAVED = "checkout", "saved"
"""Metadata of a payment: the key of the attempt, and whether its payer is there."""

INTENT = ["latest_charge.balance_transaction", "payment_method"]
SESSION = ["payment_intent.latest_charge.balance_transaction", "payment_intent.payment_method"]
"""What is fetched along with an intent or a session: the fee, and the method that was saved."""

_INTENT = {
    "requires_action": AttemptState.REQUIRES_ACTION,
    "processing": AttemptState.PROCESSING,
    "succeeded": AttemptState.SUCCEEDED,
    "canceled": AttemptState.CANCELED,
}
_REFUND = {
    "pending": AttemptState.PROCESSING,
    "requires_action": AttemptState.PROCESSING,
    "succeeded": AttemptState.SUCCEEDED,
    "failed": AttemptState.FAILED,
    "canceled": AttemptState.CANCELED,
}
_DISPUTE = {"won": AttemptState.FAILED, "lost": AttemptState.SUCCEEDED}
_PAYOUT = {"paid": AttemptState.SUCCEEDED, "failed": AttemptState.FAILED, "canceled": AttemptState.CANCELED}


def of_intent(intent: Json) -> Outcome:
    """A payment. One without its payer that wants the payer has failed: only a pay link leads on."""
    status, error = intent.get("status"), intent.get("last_payment_error") or {}
    state = _INTENT.get(str(status), AttemptState.UNKNOWN)
    decline, code = None, ""
    without_payer = (intent.get("metadata") or {}).get(BY) == SAVED
    if status == "requires_payment_method" and error:
        state, decline, code = AttemptState.FAILED, decline_of(error), shown_code(error)
    elif without_payer and state in (AttemptState.REQUIRES_ACTION, AttemptState.CANCELED):
        state, decline, code = AttemptState.FAILED, DeclineClass.NEEDS_CUSTOMER, "authentication_required"
        if error:
            decline, code = decline_of(error), shown_code(error)
    paid = state is AttemptState.SUCCEEDED
    return Outcome(
        state,
        provider_ref=str(intent.get("id") or ""),
        amount=from_stripe(intent.get("amount_received" if paid else "amount"), intent.get("currency")),
        fee=_booked(intent, "fee") if paid else None,
        settled=_settled(intent) if paid else None,
        decline=decline,
        code=code,
        method=method_of(intent) if paid and not without_payer else None,
    )


def of_session(session: Json) -> Outcome:
    """A checkout page. While it is open its payer may try one card after the other."""
    status, intent = session.get("status"), session.get("payment_intent")
    reference = str(session.get("id") or "")
    paid_by = of_intent(intent) if isinstance(intent, Mapping) else None
    if paid_by is not None and paid_by.state in (AttemptState.SUCCEEDED, AttemptState.PROCESSING):
        return paid_by
    if status == "open":
        amount = from_stripe(session.get("amount_total"), session.get("currency"))
        return Outcome(AttemptState.REQUIRES_ACTION, reference, amount, action_url=str(session.get("url") or ""))
    if status == "expired":
        return Outcome(AttemptState.EXPIRED, reference)
    if status == "complete" and paid_by is not None:
        return paid_by  # a delayed method, such as a direct debit, that has ended otherwise
    return Outcome(AttemptState.UNKNOWN, reference)


def of_setup(page: Json) -> Outcome:
    """A page that saves without a payment."""
    status, intent = page.get("status"), page.get("setup_intent")
    reference = str(page.get("id") or "")
    if status == "open":
        return Outcome(AttemptState.REQUIRES_ACTION, reference, action_url=str(page.get("url") or ""))
    if status == "expired":
        return Outcome(AttemptState.EXPIRED, reference)
    if status == "complete" and isinstance(intent, Mapping) and intent.get("status") == "succeeded":
        return Outcome(AttemptState.SUCCEEDED, reference, method=method_of(intent))
    if status == "complete" and isinstance(intent, Mapping) and intent.get("status") == "processing":
        return Outcome(AttemptState.PROCESSING, reference)
    return Outcome(AttemptState.UNKNOWN, reference)


def of_refund(refund: Json) -> Outcome:
    return Outcome(
        _REFUND.get(str(refund.get("status")), AttemptState.UNKNOWN),
        provider_ref=str(refund.get("id") or ""),
        amount=from_stripe(refund.get("amount"), refund.get("currency")),
        code=str(refund.get("failure_reason") or ""),
    )


def of_dispute(dispute: Json) -> Outcome | None:
    """None while no money has moved: an inquiry, one that was prevented, one that Stripe has not debited yet."""
    moved = [one for one in dispute.get("balance_transactions") or [] if isinstance(one, Mapping)]
    if not any(int(one.get("amount") or 0) < 0 for one in moved):
        return None
    fee, currency = sum(int(one.get("fee") or 0) for one in moved), moved[0].get("currency")
    return Outcome(
        _DISPUTE.get(str(dispute.get("status")), AttemptState.PROCESSING),
        provider_ref=str(dispute.get("id") or ""),
        amount=from_stripe(dispute.get("amount"), dispute.get("currency")),
        fee=from_stripe(fee, currency) if fee > 0 else None,
        code=str(dispute.get("reason") or ""),
    )


def of_payout(payout: Json) -> Outcome:
    return Outcome(
        _PAYOUT.get(str(payout.get("status")), AttemptState.PROCESSING),
        provider_ref=str(payout.get("id") or ""),
        amount=from_stripe(payout.get("amount"), payout.get("currency")),
        code=str(payout.get("failure_code") or ""),
    )


def method_of(intent: Json) -> SavedMethod | None:
    """The method that was saved with a payment or a setup."""
    method, customer = intent.get("payment_method"), intent.get("customer")
    saves = intent.get("setup_future_usage") == "off_session" or intent.get("usage") == "off_session"
    if not saves or not isinstance(method, Mapping) or not isinstance(customer, str):
        return None
    return saved_as(method, customer)


def parts_of(token: str) -> tuple[str, str]:
    """The customer and the method at Stripe of a token as `saved_as` makes it."""
    customer, _, method = token.partition("/")
    return customer, method


def saved_as(method: Json, customer: str = "") -> SavedMethod:
    """A method as it stands at Stripe; of a card: brand, last four digits, month of expiry."""
    kind = str(method.get("type") or "")
    about = method.get(kind) or {}
    brand = str(about.get("display_brand") or about.get("brand") or kind).replace("_", " ")
    last4 = str(about.get("last4") or "")
    year, month = about.get("exp_year"), about.get("exp_month")
    return SavedMethod(
        token=f"{customer or method.get('customer')}/{method.get('id')}",
        label=f"{brand.title()} •••• {last4}" if last4 else brand.title(),
        expires=f"{year:04d}-{month:02d}" if isinstance(year, int) and isinstance(month, int) else "",
        fingerprint=str(about.get("fingerprint") or ""),
        country=str(about.get("country") or ""),
    )


def _booked(intent: Json, what: str) -> Money | None:
    """`amount` or `fee` of a payment in the currency of the balance, which need not be that of the payment."""
    charge = intent.get("latest_charge")
    booked = charge.get("balance_transaction") if isinstance(charge, Mapping) else None
    return from_stripe(booked.get(what), booked.get("currency")) if isinstance(booked, Mapping) else None


def _settled(intent: Json) -> Money | None:
    """What Stripe has exchanged the payment into; None where it has not."""
    booked = _booked(intent, "amount")
    return booked if booked is not None and booked.currency.lower() != intent.get("currency") else None
