"""A reseller writes to many of its users, or of the resellers below it: fixed now, sent one by one by a job."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.notifications._channels import EMAIL
from billhead.actions.notifications._facts import framed
from billhead.actions.notifications._render import Rendered, render
from billhead.actions.resellers._messages import (
    KIND,
    Letter,
    checked_letter,
    data_of,
    left_out,
    recipients,
    refuse_too_many,
)
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.models.resellers import ResellerMessage, ResellerMessageItem

__all__ = ["MessagePreview", "MessageSent", "preview_send_message", "send_message"]


@dataclass(frozen=True, slots=True)
class MessagePreview:
    """`left_out`: (who, why) of those whom it does not reach. `looks`: how the mail of the first one reads."""

    count: int
    left_out: tuple[tuple[str, str], ...]
    looks: Rendered | None


@dataclass(frozen=True, slots=True)
class MessageSent:
    message_id: int
    total: int


def preview_send_message(tx: Tx, reseller_id: int, customers: Sequence[int], letter: Letter) -> MessagePreview:
    """What `send_message` refuses is refused here too."""
    judged = _judged(tx, reseller_id, customers, letter)
    reached = [one for one, why in judged if not why]
    looks = _looks(tx.session, reseller_id, reached[0], letter) if reached else None
    return MessagePreview(len(reached), tuple((one.name, why) for one, why in judged if why), looks)


def _judged(tx: Tx, reseller_id: int, customers: Sequence[int], letter: Letter) -> list[tuple[Customer, str]]:
    """Each with why it is left out; "" for whom it reaches. From here on nobody else sends for this reseller."""
    checked_letter(letter)
    lock_resellers(tx, reseller_id)
    refuse_too_many(tx.session, reseller_id)
    readers = recipients(tx.session, reseller_id, customers)
    why = left_out(tx.session, readers, letter)
    return [(one, why.get(one.id, "")) for one in readers]


def _looks(session: Session, reseller_id: int, reader: Customer, letter: Letter) -> Rendered:
    data = dict(data_of(ResellerMessage(reseller_id=reseller_id, language=letter.language), reader))
    notice = Notice(customer_id=reader.id, kind=KIND, channel=EMAIL, recipient=reader.email, data=data)
    facts = {**framed(session, notice), "subject": letter.subject, "words": letter.words}
    facts["stop_url"] = f"{facts['stop_url'].rpartition('/')[0]}/…"  # theirs alone: whoever has it can end their news
    return render(KIND, facts)


@verb("resellers.send_message")
def send_message(tx: Tx, reseller_id: int, customers: Sequence[int], letter: Letter) -> MessageSent:
    """Each gets it once, by the channels that they chose for news; who wants none is left out.

    Raises NotFound (also for somebody else's customer), NotAllowed (a suspended reseller), InvalidInput, or Conflict
    for one more than a reseller may send a day.
    """
    judged = _judged(tx, reseller_id, customers, letter)
    refused = sum(bool(why) for _, why in judged)
    message = ResellerMessage(
        reseller_id=reseller_id, actor=tx.ctx.actor, subject=letter.subject, words=letter.words,
        language=letter.language, total=len(judged), refused=refused, created_at=clock.now(),
    )  # fmt: skip
    tx.session.add(message)
    tx.session.flush()
    tx.session.add_all(
        ResellerMessageItem(message_id=message.id, customer_id=one.id, state="refused" if why else "waiting", why=why)
        for one, why in judged
    )
    enqueue(tx, "resellers.send_message", {"message_id": message.id}, key=f"reseller_message:{message.id}")
    note(tx, f"reseller_message:{message.id}", about=letter.subject, people=len(judged), left_out=refused)
    return MessageSent(message.id, len(judged))
