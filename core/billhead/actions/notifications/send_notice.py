"""Send one notice, at most once: rendered and marked in one transaction, handed to its channel, and what came of it.

sent       the channel took it
failed     surely not sent (or not even rendered, as its channel or panel is not set up): the job tries again
rejected   will never be accepted as it is, or what it is about is gone: not tried again
unknown    it may have been sent: a person decides, nothing repeats it
"""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.notifications._attachments import attachments_of
from billhead.actions.notifications._facts import gather, seller_of
from billhead.actions.notifications._render import render
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, NotFound, NoticeRejected, OutcomeUnknown
from billhead.models.operations import Notice
from billhead.models.sellers import Seller
from billhead.plugin import Attachment, Message
from billhead.plugin_host import channel_connection, plugins

__all__ = ["send_notice"]


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
    words = render(notice.kind, gather(tx.session, notice))
    return Message(
        key=notice.key,
        sender=_sender(seller_of(tx.session, notice)),
        recipient=notice.recipient,
        subject=words.subject,
        text=words.text,
        html=words.html,
        attachments=files,
    )


def _sender(seller: Seller) -> str:
    """ "NorthCable" <billing@northcable.example>, or "" while the seller has no address: channels may have one."""
    if not seller.mail_from:
        return ""
    name = " ".join(seller.name.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{seller.mail_from}>'


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
    return _noted(notice, answer)


def _noted(notice: Notice, answer: _Answer) -> _Answer:
    notice.state = answer.state
    notice.error = _told(answer.error)[:1000] if answer.error else ""
    return answer


def _told(error: BillheadError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
