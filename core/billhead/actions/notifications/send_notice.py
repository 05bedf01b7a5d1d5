"""Send one notice, at most once: rendered and marked in one transaction, handed to its channel, and what came of it.

sent       the channel took it
failed     surely not sent (or not even rendered, as its channel or panel is not set up): the job tries again
rejected   will never be accepted as it is, or what it is about is gone: not tried again
unknown    it may have been sent: a person decides, nothing repeats it

What another channel than mail rejects, or three times surely did not send, goes out by e-mail instead.
"""

from dataclasses import dataclass
from typing import Any

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.notifications._attachments import attachments_of
from billhead.actions.notifications._channels import EMAIL, is_copy
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._groups import HOLDS_A_SECRET
from billhead.actions.notifications._logins import Reader, addressee
from billhead.actions.notifications._previewing import facts_of_preview
from billhead.actions.notifications._queueing import key_by, queued_once
from billhead.actions.notifications._render import Rendered, render
from billhead.actions.notifications._standard import WrittenText
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, NotFound, NoticeRejected, OutcomeUnknown
from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.plugin import Attachment, Message
from billhead.plugin_host import channel_connection, plugins

__all__ = ["send_notice"]

_TRIES_ELSEWHERE = 3


@dataclass(frozen=True, slots=True)
class _Intent:
    notice_id: int
    channel: str
    message: Message


@dataclass(frozen=True, slots=True)
class _Answer:
    state: str
    error: BillheadError | None = None


def send_notice(ctx: Context, notice_id: int) -> str | None:
    """Returns the notice's new state, or None if there was nothing to send any more.

    Raises what kept it from being sent when another try may help, and NotFound for a notice that does not exist.
    """
    refused: list[_Answer] = []
    files = attachments_of(notice_id)  # set before the transaction: typesetting takes longer than a row is locked for

    def intend(tx: Tx) -> _Intent | None:
        notice = tx.session.get(Notice, notice_id, with_for_update=True)
        if notice is None:
            raise NotFound("notice", notice_id)
        if notice.state == "sending":
            # whoever marked it has died or is still at it; either way a second mail would be a guess
            notice.state, notice.error = "unknown", "its worker ended while it was being sent: it may have been sent"
            return None
        if notice.state not in ("queued", "failed"):
            return None
        try:
            message = _message(tx, notice, files)
        except BillheadError as error:
            refused.append(_noted(notice, _refusal(error)))
            return None
        notice.state, notice.error = "sending", ""
        return _Intent(notice.id, notice.channel, message)

    answer = exchange(ctx, intend=intend, call=_call, record=_record)
    if answer is None and refused:
        answer = refused[0]
    if answer is None:
        return None
    if answer.state == "failed" and answer.error is not None:
        raise answer.error
    return answer.state


def _message(tx: Tx, notice: Notice, files: tuple[Attachment, ...]) -> Message:
    facts, words = _words(tx, notice)
    if notice.kind not in HOLDS_A_SECRET:
        notice.subject, notice.text = words.subject, words.text
    return Message(
        key=notice.key,
        sender=_sender(addressee(tx.session, notice)),
        recipient=notice.recipient,
        subject=words.subject,
        text=words.text,
        html=words.html,
        attachments=files,
        reply_to=facts.get("reply_to", ""),
        short=words.short,
        kind=notice.kind,
        unsubscribe_url=facts["stop_url"],
        language=str(facts.get("language", "")),
    )


def _words(tx: Tx, notice: Notice) -> tuple[dict[str, Any], Rendered]:
    test = notice.data.get("test")
    if test is None:
        facts = gather(tx.session, notice)
        return facts, render(notice.kind, facts)
    seller_id, customer_id = int(test["seller_id"]), test["customer_id"]
    facts = facts_of_preview(tx.session, seller_id, notice.kind, test["language"], customer_id, None)
    return facts, render(notice.kind, facts, WrittenText(**test["words"]))


def _sender(reader: Reader) -> str:
    """ "NorthCable" <billing@northcable.example>, or "" while the seller has no address: channels may have one."""
    if not reader.seller.mail_from:
        return ""
    name = " ".join(reader.called.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{reader.seller.mail_from}>'


def _call(intent: _Intent) -> _Answer:
    try:
        channel = plugins().channel(intent.channel)
        connection = channel_connection(intent.channel)
    except BillheadError as error:
        return _Answer("failed", error)
    try:
        channel.send(connection, intent.message)
    except OutcomeUnknown as error:
        return _Answer("unknown", error)
    except BillheadError as error:
        return _refusal(error)
    except Exception as error:  # noqa: BLE001 a stranger's channel: what it did before it broke is not known
        why = f"the channel {intent.channel} broke ({type(error).__name__}: {error}): it may have been sent"
        return _Answer("unknown", OutcomeUnknown(why))
    return _Answer("sent")


def _refusal(error: BillheadError) -> _Answer:
    return _Answer("rejected" if isinstance(error, NoticeRejected) else "failed", error)


def _record(tx: Tx, intent: _Intent, answer: _Answer) -> _Answer:
    notice = tx.session.get_one(Notice, intent.notice_id, with_for_update=True)
    if answer.state == "sent":
        notice.sent_at = clock.now()
    if answer.state == "failed":
        notice.tries += 1
    given_up = answer.state == "rejected" or (answer.state == "failed" and notice.tries >= _TRIES_ELSEWHERE)
    if given_up and _mailed_instead(tx, notice):
        answer = _Answer("rejected", answer.error)
    return _noted(notice, answer)


def _mailed_instead(tx: Tx, notice: Notice) -> bool:
    """Whether it was another channel's, whose customer has an e-mail address: it gets it, unless it has."""
    customer = tx.session.get(Customer, notice.customer_id) if notice.customer_id is not None else None
    if notice.channel == EMAIL or customer is None or not customer.email or notice.kind == "channel_code":
        return False
    if is_copy(notice.channel):
        return False
    key = notice.key.removesuffix(key_by(notice.channel, ""))
    queued_once(tx, notice.kind, key, notice.data, customer_id=customer.id, channel=EMAIL, recipient=customer.email)
    return True


def _noted(notice: Notice, answer: _Answer) -> _Answer:
    notice.state = answer.state
    notice.error = _told(answer.error)[:1000] if answer.error else ""
    return answer


def _told(error: BillheadError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
