"""Proves that a callback is PayPal's: by asking PayPal, with the raw body just as it came.

The certificate that the headers name is never fetched, and one that is not at PayPal is refused at once. PayPal's proof
has no end: a message that was sent long before it came is refused here.
"""

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from billhead.plugin import CallbackForged, RawCallback

if TYPE_CHECKING:
    from billhead_paypal.client import PayPalApi

__all__ = ["OLDEST", "event_of", "prove"]

OLDEST, _AHEAD = timedelta(days=4), timedelta(minutes=5)  # PayPal repeats for three days

_FIELDS = {
    "transmission_id": "paypal-transmission-id",
    "transmission_time": "paypal-transmission-time",
    "transmission_sig": "paypal-transmission-sig",
    "cert_url": "paypal-cert-url",
    "auth_algo": "paypal-auth-algo",
}
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+paypal\.com")
_LONGEST = 500


def event_of(raw: RawCallback) -> dict[str, Any]:
    """The event that a body tells of, not proven yet. Raises CallbackForged if it can't be one, without any network."""
    told = {name: raw.headers.get(header, "") for name, header in _FIELDS.items()}
    if not all(told.values()) or any(len(value) > _LONGEST for value in told.values()):
        raise CallbackForged("it has not the headers of a message of PayPal")
    if not _at_paypal(told["cert_url"]):
        raise CallbackForged("its certificate is not at PayPal")
    if told["auth_algo"] != "SHA256withRSA":
        raise CallbackForged("it is signed in another way than PayPal signs")
    _fresh(raw, told["transmission_time"])
    try:
        event = json.loads(raw.body.decode())
    except ValueError as error:
        raise CallbackForged("its body is no event") from error
    if not isinstance(event, dict):
        raise CallbackForged("its body is no event")
    return event


def prove(api: "PayPalApi", raw: RawCallback, webhook_id: str) -> None:
    """Raises CallbackForged unless PayPal says that it has sent just this. `event_of` was asked before.

    The raw text is put into the question as it is: written anew, numbers and escapes could change.
    """
    asked = {name: raw.headers[header] for name, header in _FIELDS.items()} | {"webhook_id": webhook_id}
    question = json.dumps(asked).encode()[:-1] + b', "webhook_event": ' + raw.body + b"}"
    answer = api.check("/v1/notifications/verify-webhook-signature", question)
    if answer.get("verification_status") != "SUCCESS":
        raise CallbackForged("PayPal says that it has not sent this", hint="compare the webhook ID with PayPal's")


def _at_paypal(url: str) -> bool:
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    return address.scheme == "https" and _HOST.fullmatch(address.netloc) is not None


def _fresh(raw: RawCallback, told: str) -> None:
    try:
        sent = datetime.fromisoformat(told)
        age = raw.received_at - sent
    except (ValueError, TypeError) as error:
        raise CallbackForged("it does not say when it was sent") from error
    if not -_AHEAD <= age <= OLDEST:
        raise CallbackForged(f"it was sent {age} before it came; {OLDEST} are allowed")
