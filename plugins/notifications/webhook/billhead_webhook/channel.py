"""The channel: one JSON object by POST, signed over its time and its bytes.

    Billhead-Id: receipt:17@webhook
    Billhead-Signature: t=1795867200,v1=<hex of HMAC SHA-256 over "1795867200." and the body>

A receiver knows a repeat by the id, so what got no answer is sent again.
"""

import hashlib
import hmac
import json

from billhead.plugin import (
    Addressing,
    ChannelConnection,
    HttpClient,
    Message,
    NoticeNotSent,
    NoticeRejected,
    NotificationChannel,
    marked,
)
from billhead_webhook.settings import WebhookSettings

__all__ = ["WebhookChannel", "signature"]

_TRY_AGAIN = (401, 403, 404, 408, 409, 425, 429)  # the receiver's door or its pace, and not this message
_LARGEST = 2**20  # bytes of an answer, of which only the status is read


class WebhookChannel(NotificationChannel):
    """A copy of each notice for a system of the operator's."""

    code = "webhook"
    label = marked("Webhook")
    settings_type = WebhookSettings
    addressing = Addressing.COPY

    def send(self, channel: ChannelConnection, message: Message) -> None:
        settings: WebhookSettings = channel.settings
        if not message.recipient.isprintable() or " " in message.recipient:
            raise NoticeRejected("the recipient holds a blank or a control character")
        body = json.dumps(
            {
                "id": message.key,
                "kind": message.kind,
                "recipient": message.recipient,
                "subject": " ".join(message.subject.split()),
                "text": message.text,
            },
            ensure_ascii=False,
        ).encode()
        client = HttpClient(
            "the webhook's receiver",
            timeout_seconds=settings.timeout_seconds,
            unreachable=NoticeNotSent,
            unknown=NoticeNotSent,
            largest=_LARGEST,
        )
        headers = {
            "Content-Type": "application/json",
            "Billhead-Id": "".join(sign for sign in message.key if sign.isascii() and sign.isprintable()),
            "Billhead-Signature": signature(settings.signing_secret, int(message.at.timestamp()), body),
        }
        try:
            status = client.write("POST", settings.url, content=body, headers=headers).status
        finally:
            client.close()
        if 200 <= status < 300:
            return
        if 400 <= status < 500 and status not in _TRY_AGAIN:
            raise NoticeRejected(f"the webhook's receiver refuses it: it answered {status}")
        raise NoticeNotSent(f"the webhook's receiver answered {status}", hint="it is sent again")


def signature(key: str, at: int, body: bytes) -> str:
    """`at` is in seconds since 1970; a receiver refuses what is older than some minutes."""
    return f"t={at},v1={hmac.new(key.encode(), b'%d.' % at + body, hashlib.sha256).hexdigest()}"
