"""Refunds: the server makes a pull payment, whose page the payer opens to say where the coins go.

It is worth the amount in the invoice's currency, at the rate of the day on which the claim is approved. Each is called
after its refund's key, and looked for by that name before one is made.
"""

from urllib.parse import quote

from billhead.plugin import AttemptState, GatewayRejected, Outcome, OutcomeUnknown, RefundView
from billhead_btcpay.amounts import to_text
from billhead_btcpay.client import NOT_FOUND, Api, Json
from billhead_btcpay.invoicing import invoice_with, methods_of
from billhead_btcpay.outcomes import NAMED, of_pull_payment

__all__ = ["find_refund", "pull_payment_with", "send_back", "told_by"]

_PAYS_OUT_AS = {"LNURL": "LN"}


def send_back(api: Api, refund: RefundView) -> Outcome:
    found = _find(api, refund)
    if found is not None:
        return told_by(api, found)
    if refund.provider_ref:
        return Outcome(AttemptState.UNKNOWN)  # one was made and may be claimed: never a second one
    made = api.make(*_wish(api, refund))
    if not isinstance(made.get("id"), str) or not made.get("id"):
        raise OutcomeUnknown("the server answered without a pull payment")
    return of_pull_payment(made, ())  # another question might fail, and it stands


def find_refund(api: Api, refund: RefundView) -> Outcome:
    found = _find(api, refund)
    return Outcome(AttemptState.UNKNOWN) if found is None else told_by(api, found)


def pull_payment_with(api: Api, reference: str) -> Json | None:
    try:
        return api.one(f"/pull-payments/{quote(reference, safe='')}")
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND:
            return None
        raise


def told_by(api: Api, pull_payment: Json) -> Outcome:
    claims = api.several(f"/pull-payments/{quote(str(pull_payment['id']), safe='')}/payouts")
    return of_pull_payment(pull_payment, claims)


def _wish(api: Api, refund: RefundView) -> tuple[str, Json]:
    """Where and what to ask. The attempt's reference is the invoice: the payment's may be what staff wrote down, or
    the invoice's id with #2, #3 behind it for what came later.
    """
    reference = refund.attempt_ref or refund.payment_ref.partition("#")[0]
    invoice = invoice_with(api, reference)
    if invoice is None:
        raise GatewayRejected("the server does not know the invoice that was paid", code=NOT_FOUND)
    wish: Json = {
        "name": NAMED + refund.key,
        "refundVariant": "Custom",
        "customAmount": to_text(refund.amount),
        "customCurrency": refund.amount.currency,
    }
    ways = _ways(methods_of(api, invoice))
    if ways:
        wish["payoutMethods"] = ways
    return f"{api.store}/invoices/{quote(reference, safe='')}/refund", wish


def _ways(methods: list[Json]) -> list[str]:
    """How it was paid, in the words of payouts: a payment by LNURL goes back by Lightning."""
    ways: list[str] = []
    for method in methods:
        coin, _, kind = str(method.get("paymentMethodId") or "").partition("-")
        way = f"{coin}-{_PAYS_OUT_AS.get(kind, kind)}" if kind else coin
        if method.get("payments") and way and way not in ways:
            ways.append(way)
    return ways


def _find(api: Api, refund: RefundView) -> Json | None:
    if refund.provider_ref:
        return pull_payment_with(api, refund.provider_ref)
    listed = api.several(f"{api.store}/pull-payments", includeArchived="true")
    return next((one for one in listed if one.get("name") == NAMED + refund.key), None)
