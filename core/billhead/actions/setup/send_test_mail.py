"""Send one mail to oneself through the seller's mail server, and tell what the server answered."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.health._facts import remember
from billhead.actions.notifications._channels import EMAIL
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, NotAllowed, NotFound
from billhead.models.sellers import Seller
from billhead.plugin import Message
from billhead.plugin_host import channel_connection, plugins

__all__ = ["MailTried", "send_test_mail"]


@dataclass(frozen=True, slots=True)
class MailTried:
    """`said`: the server's answer, or why the mail was not sent and what to do."""

    ok: bool
    said: str


def send_test_mail(ctx: Context, seller_id: int, recipient: str) -> MailTried:
    """It may be repeated: each is a mail of its own. Raises NotFound or NotAllowed."""
    if not ctx.may("plugins.write"):
        raise NotAllowed(f"{ctx.actor} may not send test mails: it needs plugins.write")

    def intend(tx: Tx) -> Message:
        seller = tx.session.get(Seller, seller_id)
        if seller is None:
            raise NotFound("seller", seller_id)
        audit(tx, "setup.test_mail", f"seller:{seller_id}", {"to": recipient})
        name = seller.name.replace("\\", "\\\\").replace('"', '\\"')
        text = f"This is a test mail of {seller.name}. If you read it, invoices and access data will arrive too."
        return Message(
            key=f"test-mail:{seller_id}:{clock.now():%Y%m%d%H%M%S%f}",
            sender=f'"{name}" <{seller.mail_from}>' if seller.mail_from else "",
            recipient=recipient,
            subject=f"Test mail of {seller.name}",
            text=text,
        )

    tried = exchange(ctx, intend=intend, call=_send, record=_record)
    assert tried is not None, "intend always has a mail"
    return tried


def _send(message: Message) -> MailTried:
    try:
        said = plugins().channel(EMAIL).send(channel_connection(EMAIL), message)
    except BillheadError as error:
        hint = f". {error.hint[:1].upper()}{error.hint[1:]}" if error.hint else ""
        return MailTried(False, f"{error.message}{hint}")
    return MailTried(True, said or "it was taken")


def _record(tx: Tx, _message: Message, tried: MailTried) -> MailTried:
    if tried.ok:
        remember(tx, "mail", said=tried.said[:500])
    return tried
