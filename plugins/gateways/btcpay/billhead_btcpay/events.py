"""Proves that a message is the server's, and asks what it is about: the message itself is only a hint.

`BTCPay-Sig: sha256=HEX` is over the raw bytes, without an instant: what a message says may be old, what the server
answers is not. Copies have the same `originalDeliveryId`.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence

from billhead.plugin import CallbackForged, RawCallback, Verified, VerifiedKind
from billhead_btcpay.client import Api, Json
from billhead_btcpay.invoicing import invoice_with, methods_of
from billhead_btcpay.outcomes import key_of, of_invoice, refund_key_of
from billhead_btcpay.refunding import pull_payment_with, told_by

__all__ = ["facts_of", "prove"]

_LONGEST = 200


def prove(raw: RawCallback, secret: str) -> Json:
    """The message. Raises CallbackForged unless it was signed with the webhook's secret."""
    if not secret:
        raise CallbackForged("there is no webhook secret", hint="anybody could have signed it: enter one")
    expected = "sha256=" + hmac.new(secret.encode(), raw.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), raw.headers.get("btcpay-sig", "").encode()):
        raise CallbackForged("the signature does not fit", hint="compare the webhook's secret with the server's")
    try:
        event = json.loads(raw.body.decode())
    except ValueError as error:
        raise CallbackForged("its body is no event") from error
    if not isinstance(event, dict):
        raise CallbackForged("its body is no event")
    return event


def facts_of(api: Api, event: Json) -> Sequence[Verified]:
    """What the server says when it is asked; nothing for other types, other stores and what is not Billhead's."""
    kind, delivery = event.get("type"), event.get("originalDeliveryId") or event.get("deliveryId")
    if not (isinstance(kind, str) and isinstance(delivery, str) and 0 < len(delivery) <= _LONGEST):
        raise CallbackForged("it is signed, but it is no event of a webhook")
    if event.get("storeId") not in (None, api.settings.store_id):
        return []
    if kind.startswith("Invoice"):
        return _about_invoice(api, delivery, event.get("invoiceId"))
    if kind.startswith("Payout"):
        return _about_refund(api, delivery, event.get("pullPaymentId"))
    return []


def _about_invoice(api: Api, delivery: str, reference: object) -> list[Verified]:
    invoice = invoice_with(api, reference) if isinstance(reference, str) and reference else None
    if invoice is None or not key_of(invoice):
        return []
    outcome = of_invoice(invoice, methods_of(api, invoice))
    return [Verified(VerifiedKind.ATTEMPT, delivery, key_of(invoice), outcome)]


def _about_refund(api: Api, delivery: str, reference: object) -> list[Verified]:
    pull_payment = pull_payment_with(api, reference) if isinstance(reference, str) and reference else None
    if pull_payment is None or not refund_key_of(pull_payment):
        return []
    return [Verified(VerifiedKind.REFUND, delivery, refund_key_of(pull_payment), told_by(api, pull_payment))]
