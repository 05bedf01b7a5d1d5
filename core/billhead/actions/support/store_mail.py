"""Keep a mail exactly as it came, before anybody tries to understand it; one that came before is left."""

from dataclasses import dataclass

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.actions.support._letters import message_id_of
from billhead.actions.support._mailbox import LARGEST_MAIL
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.support import Department, SupportMail

__all__ = ["MailStored", "store_mail"]

_WAITING_AT_MOST = 2000


@dataclass(frozen=True, slots=True)
class MailStored:
    """`mail_id` is that of the first one where it came `again`."""

    support_mail_id: int
    again: bool


@verb("support.store_mail", permission="tickets.write")
def store_mail(tx: Tx, department_id: int, raw: bytes) -> MailStored:
    """And queue reading it. Raises NotFound, InvalidInput (empty, too large), or Conflict: too many wait to be read."""
    department = tx.session.get(Department, department_id, with_for_update=True)
    if department is None:
        raise NotFound("department", department_id)
    if not raw.strip() or len(raw) > LARGEST_MAIL:
        raise InvalidInput("mail", f"{len(raw)} bytes: it is empty, or larger than {LARGEST_MAIL // 1024**2} MB")
    message_id = message_id_of(raw)
    same = SupportMail.department_id == department_id, SupportMail.message_id == message_id
    found = tx.session.scalar(select(SupportMail.id).where(*same))
    if found is not None:
        return MailStored(found, True)
    waiting = select(func.count()).select_from(SupportMail).where(SupportMail.state == "received")
    if int(tx.session.scalar(waiting) or 0) >= _WAITING_AT_MOST:
        raise Conflict("too many mails wait to be read", hint="send it again later")
    row = SupportMail(department_id=department_id, message_id=message_id, raw=raw, received_at=clock.business_now())
    tx.session.add(row)
    tx.session.flush()
    enqueue(tx, "support.take_mail", {"mail_id": row.id}, key=f"support.mail:{row.id}")
    return MailStored(row.id, False)
