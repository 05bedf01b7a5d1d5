"""With the payer present: an invoice of the server for this attempt, made once, and what became of it.

The server has no idempotency keys. So an invoice with our reference is looked for before one is made, and after doubt.
"""

from datetime import timedelta
from urllib.parse import quote

from billhead.plugin import (
    AttemptState,
    AttemptView,
    DeclineClass,
    GatewayRejected,
    Outcome,
    OutcomeUnknown,
    Redirect,
)
from billhead_btcpay.amounts import number, to_text
from billhead_btcpay.client import NOT_FOUND, Api, Json
from billhead_btcpay.outcomes import REFERENCE, key_of, of_invoice

__all__ = ["invoice_with", "look", "methods_of", "open_invoice"]

_MONITORED_MINUTES = 1440
_ON_ITS_WAY = timedelta(minutes=4)
"""Longer than a request can be under way (its timeout is a minute at most): one that made nothing then never will."""

_NEVER_ARRIVED = Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="never_arrived")
_READ_AT_ONCE = "50"


def open_invoice(api: Api, attempt: AttemptView) -> Redirect:
    """Raises GatewayRejected where the server can't ask for just this amount; nothing is rounded."""
    wish = _wish(api, attempt)
    invoice = _find(api, attempt.key)
    if invoice is None:
        invoice = api.make(f"{api.store}/invoices", wish)
        if not isinstance(invoice.get("id"), str) or not invoice.get("id"):
            raise OutcomeUnknown("the server answered without an invoice")
    asked = number(wish["amount"])
    if number(invoice.get("amount")) != asked or invoice.get("currency") != attempt.amount.currency:
        raise GatewayRejected(
            f"BTCPay Server can't represent {attempt.amount}", code="amount_not_represented",
            hint="look at what the server made of the currency; nobody was sent to that invoice",
        )  # fmt: skip
    link = invoice.get("checkoutLink")
    if not isinstance(link, str) or not link:
        raise OutcomeUnknown("the server named no page to pay on")
    return Redirect(link, str(invoice["id"]))


def _wish(api: Api, attempt: AttemptView) -> Json:
    checkout: Json = {
        "speedPolicy": api.settings.speed_policy,
        "expirationMinutes": api.settings.expiry_minutes,
        "monitoringMinutes": _MONITORED_MINUTES,
        "paymentTolerance": 0,  # a payment that is a little short is booked as what it is
        "redirectURL": attempt.return_url,
        "redirectAutomatically": True,
    }
    if api.settings.methods:
        checkout["paymentMethods"] = api.settings.methods
    return {
        "amount": to_text(attempt.amount),
        "currency": attempt.amount.currency,
        "metadata": {"orderId": attempt.key, REFERENCE: attempt.key, "itemDesc": attempt.description},
        "checkout": checkout,
    }


def look(api: Api, attempt: AttemptView) -> Outcome:
    """By the server's id if it is known, else by our reference."""
    invoice = invoice_with(api, attempt.provider_ref) if attempt.provider_ref else _find(api, attempt.key)
    if invoice is None:
        gone = not attempt.provider_ref and attempt.age >= _ON_ITS_WAY
        return _NEVER_ARRIVED if gone else Outcome(AttemptState.UNKNOWN)
    if key_of(invoice) != attempt.key:
        return Outcome(AttemptState.UNKNOWN, code="another_invoice")
    return of_invoice(invoice, methods_of(api, invoice))


def _find(api: Api, key: str) -> Json | None:
    """The invoice that was made for a reference; the oldest, should there be several."""
    listed = api.several(f"{api.store}/invoices", orderId=key, take=_READ_AT_ONCE)
    mine = [one for one in listed if key_of(one) == key]
    return min(mine, key=lambda one: number(str(one.get("createdTime"))) or 0) if mine else None


def invoice_with(api: Api, reference: str) -> Json | None:
    try:
        return api.one(f"{api.store}/invoices/{quote(reference, safe='')}")
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND:
            return None
        raise


def methods_of(api: Api, invoice: Json) -> list[Json]:
    return api.several(f"{api.store}/invoices/{quote(str(invoice['id']), safe='')}/payment-methods")
