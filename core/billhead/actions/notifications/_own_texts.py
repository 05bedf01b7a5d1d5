"""A seller's own texts: found when a notice is written, and checked before they are saved."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.notifications._paragraphs import LINK, MARK, is_behind, leads_somewhere, mark_of
from billhead.actions.notifications._render import named_facts, render
from billhead.actions.notifications._samples import sample_facts
from billhead.actions.notifications._standard import KINDS, WrittenText, standard_text
from billhead.actions.notifications._values import Address, Bill, Debts, Rows
from billhead.domain.errors import BillheadError, InvalidInput, NotFound
from billhead.domain.fillable import read_fillable
from billhead.models.notices import NoticeText
from billhead.wording import NOTICE_LANGUAGES

__all__ = ["MUST", "can_be_filled", "check_text", "check_there_is", "digest_of", "newest_texts", "own_text"]

MUST = {
    "access": "service.access",
    "channel_code": "code",
    "confirm_email": "confirm_url",
    "invited": "password_url",
    "known_address": "password_url",
    "message": "words",
    "new_address": "service.access",
    "password_link": "password_url",
    "payment_action": "document.pay_url",
    "refund_claim": "refund.claim_url",
    "reseller_message": "words",
    "ticket_answer": "ticket.body",
    "ticket_written": "ticket.body",
    "transfer": "transfer.rows",
}
"""What a notice is for: a text without it would be of no use."""

_LONGEST = {"subject": 400, "body": 10_000, "short": 300}
_FACT = re.compile(r"\{\{\s*([a-z0-9_.]+)\s*\}\}")
_SECTION = r"\{\{[#^/][^{}]*\}\}"
_LINK_BY_SECTIONS = re.compile(rf"\]\(?{_SECTION}|{_SECTION}[\](]")
_OURS = re.compile("[\ue000-\uf8ff]")  # facts are marked with such signs while they are filled in


def own_text(session: Session, seller_id: int, kind: str, language: str) -> WrittenText | None:
    newest = (
        select(NoticeText)
        .where(NoticeText.seller_id == seller_id, NoticeText.kind == kind, NoticeText.language == language)
        .order_by(NoticeText.id.desc())
        .limit(1)
    )
    row = session.scalar(newest)
    return WrittenText(row.subject, row.body, row.short) if row is not None and row.body else None


def newest_texts(session: Session, seller_id: int) -> dict[tuple[str, str], NoticeText]:
    """By kind and language: those that count."""
    newest = (
        select(func.max(NoticeText.id))
        .where(NoticeText.seller_id == seller_id)
        .group_by(NoticeText.kind, NoticeText.language)
    )
    rows = session.scalars(select(NoticeText).where(NoticeText.id.in_(newest)))
    return {(row.kind, row.language): row for row in rows if row.body}


def digest_of(kind: str, language: str) -> str:
    """Of the standard text: it tells whether that has changed since."""
    text = standard_text(kind, language)
    return hashlib.sha256(f"{text.subject}\n\n{text.body}".encode()).hexdigest()[:16]


def check_there_is(kind: str, language: str) -> None:
    if kind not in KINDS:
        raise NotFound("kind of notice", kind)
    if language not in NOTICE_LANGUAGES:
        raise NotFound("language", language)


def can_be_filled(kind: str, text: WrittenText) -> bool:
    try:
        check_text(kind, text)
    except InvalidInput:
        return False
    return True


def check_text(kind: str, text: WrittenText) -> None:
    """Raises InvalidInput, naming the field and what in it can't be sent."""
    known = named_facts(sample_facts(kind))
    if not text.subject.strip() or not text.body.strip():
        raise InvalidInput("body" if text.subject.strip() else "subject", "is needed")
    for field, source in (("subject", text.subject), ("body", text.body), ("short", text.short)):
        _check_field(field, source, known)
        _check_addresses(field, source, known)
    must = MUST.get(kind)
    if must and must not in _FACT.findall(text.body):
        raise InvalidInput("body", f"lacks {{{{{must}}}}}", hint="it is what this notice is for")
    try:
        render(kind, sample_facts(kind), text)
    except BillheadError as error:
        raise InvalidInput("body", f"can't be filled in: {error.message}") from error


def _check_field(field: str, source: str, known: Mapping[str, Any]) -> None:
    if len(source) > _LONGEST[field]:
        raise InvalidInput(field, f"is longer than {_LONGEST[field]} letters")
    if _OURS.search(source) or any(not sign.isprintable() and sign not in "\r\n\t\u200f\u200e" for sign in source):
        raise InvalidInput(field, "holds a sign that can't be sent")
    unknown = sorted(read_fillable(field, source).names() - known.keys())
    if unknown:
        raise InvalidInput(
            field, f"names {{{{{unknown[0]}}}}}, which is not there", hint=f"there are: {_listed(known)}"
        )
    for name in _FACT.findall(source) if field != "body" else ():
        if isinstance(known[name], Bill | Debts | Rows):
            raise InvalidInput(field, f"names {{{{{name}}}}}, which takes several lines")


def _check_addresses(field: str, source: str, known: Mapping[str, Any]) -> None:
    """With all sections at once, and so no link may be put together by one that is there or not."""
    names: list[str] = []

    def show(name: str) -> str:
        names.append(name)
        mark = mark_of(len(names) - 1)
        return f"\n\n{mark}\n\n" if isinstance(known[name], Bill | Debts | Rows) else mark

    def written(text: str) -> str:
        return MARK.sub(lambda mark: f"{{{{{names[int(mark[1])]}}}}}", text)

    whole = read_fillable(field, source).unfolded(show)
    ours = {number for number, name in enumerate(names) if isinstance(known[name], Address)}
    for link in LINK.finditer(whole) if field == "body" else ():
        if not leads_somewhere(link["address"], ours):
            there = _listed(f"{{{{{name}}}}}" for name, value in known.items() if isinstance(value, Address))
            hint = f"write an address that begins with https:// or mailto:, or one of {there}"
            raise InvalidInput(field, f"leads to {written(link['address'])[:80]!r}, which is no address", hint=hint)
    split = _LINK_BY_SECTIONS.search(source) if field == "body" else None
    if split is not None:
        raise InvalidInput(field, f"has {split[0]!r}", hint="begin and end a section before or after all of a link")
    for mark in is_behind(whole, ours):
        name = written(mark[0])
        raise InvalidInput(field, f"has {name} right behind something else", hint=f"write a space before {name}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
