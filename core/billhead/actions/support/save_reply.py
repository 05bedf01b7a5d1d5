"""A prepared answer: made or changed."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.support._canned import PLACEHOLDERS, unknown_placeholders
from billhead.actions.support._writing import checked_text
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.support import CannedReply, Department
from billhead.wording import LANGUAGES

__all__ = ["ReplyEntry", "save_reply"]


@dataclass(frozen=True, slots=True)
class ReplyEntry:
    name: str
    language: str
    body: str
    department_id: int | None = None


@verb("support.save_reply", permission="tickets.write")
def save_reply(tx: Tx, seller_id: int, entry: ReplyEntry, reply_id: int | None = None) -> int:
    """Its id. Raises NotFound, or InvalidInput naming the field: a placeholder that does not exist among others."""
    row = tx.session.get(CannedReply, reply_id) if reply_id is not None else CannedReply(seller_id=seller_id)
    if row is None or row.seller_id != seller_id:
        raise NotFound("prepared answer", reply_id)
    name = checked_text("name", entry.name, 100)
    if entry.language not in LANGUAGES:
        raise InvalidInput("language", f"must be one of {', '.join(LANGUAGES)}")
    body = checked_text("body", entry.body)
    if unknown := unknown_placeholders(body):
        raise InvalidInput("body", f"{{{unknown[0]}}} is not known", hint=f"there are {', '.join(PLACEHOLDERS)}")
    if entry.department_id is not None:
        department = tx.session.get(Department, entry.department_id)
        if department is None or department.seller_id != seller_id:
            raise InvalidInput("department_id", "choose one of the list")
    same = select(CannedReply.id).where(
        CannedReply.seller_id == seller_id,
        CannedReply.name == name,
        CannedReply.language == entry.language,
        CannedReply.id != (reply_id or 0),
    )
    if tx.session.scalar(same) is not None:
        raise InvalidInput("name", f"there is one of this name in {entry.language} already")
    row.name, row.language, row.body, row.department_id = name, entry.language, body, entry.department_id
    tx.session.add(row)
    tx.session.flush()
    note(tx, f"canned_reply:{row.id}", name=name, language=entry.language)
    return row.id
