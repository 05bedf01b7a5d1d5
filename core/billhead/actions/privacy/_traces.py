"""What names a customer without a column for it: the audit trail, jobs, messages of gateways as they came, and the
parties of orders that became nothing. Found by what it is about, and by what only this person can have."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, cast, delete, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.actions.privacy._rows import table_of, theirs
from billhead.actions.privacy._whole_words import ids_saying, says, whole_words, with_letters
from billhead.bulk import among, rows_changed
from billhead.db import Tx
from billhead.domain.address import parse_address
from billhead.models.documents import Document, Party
from billhead.models.operations import AuditEntry, IdempotencyRecord, Job, JobTry
from billhead.models.payments import Callback
from billhead.models.people import LoginAttempt
from billhead.models.support import SupportMail, TicketFile
from billhead.models.usage import UsageReject

__all__ = ["Person", "erase_traces", "person_of", "scrubbed"]

_ERASED = "erased"
_SHORTEST = 5  # what is shorter is found in too much that is somebody else's
_BATCH = 500

_NOUNS = {
    "customer": "customer", "user": "user_login", "login": "user_login", "subscription": "subscription",
    "service": "service", "document": "document", "payment": "payment", "attempt": "payment_attempt",
    "refund": "refund", "dispute": "dispute", "saving": "method_saving", "method": "payment_method",
    "ticket": "ticket", "message": "ticket_message", "proof": "transfer_proof", "device": "device",
    "case": "fraud_case", "fraud_case": "fraud_case", "sharing": "sharing_case", "entitlement": "entitlement",
    "bill_dispute": "bill_dispute", "promise": "payment_promise", "code": "access_code", "export": "data_export",
    "erasure": "erasure_request",
}  # fmt: skip
"""How subjects of the audit trail begin, and the table whose ids follow."""

_TELLING = re.compile(r"name|mail|phone|address|street|postcode|city|login|mac|serial|recipient|ip|iban|author|title")
_CODE = re.compile(r"[a-z][a-z_.]{0,39}|[0-9]{1,9}([.,][0-9]+)?|[A-Z]{2,3}|\d{4}-\d\d-\d\d([T ][\d:.+Z-]+)?")


@dataclass(frozen=True, slots=True)
class Person:
    """`only_theirs`: what nobody else has, in small letters; `words`: also what others may share, such as a name or
    the number that another system has given."""

    customer_id: int
    only_theirs: tuple[str, ...]
    words: tuple[str, ...]
    references: tuple[str, ...]  # of gateways, by which their messages are theirs


def person_of(session: Session, customer_id: int) -> Person:
    def column(table: str, name: str) -> list[str]:
        found = session.scalars(select(table_of(table).c[name]).where(theirs(table, customer_id)).distinct())
        return [str(one) for one in found if one]

    row = session.execute(select(table_of("customer")).where(theirs("customer", customer_id))).one()
    own = {row.email, row.mailbox, row.phone, row.sought_phone, row.vat_id}
    for table, name in (
        ("user_login", "email"), ("notice_address", "address"), ("notice", "recipient"), ("service", "login"),
        ("service", "mac"), ("mac_swap", "old_mac"), ("mac_swap", "new_mac"), ("device", "mac"), ("fraud_case", "mac"),
    ):  # fmt: skip
        own |= set(column(table, name))
    for mac in [one for one in own if one.count(":") == 5]:
        own |= {mac.replace(":", ""), mac.replace(":", "-")}
    only = {one.lower() for one in own if len(one) >= _SHORTEST and not one.startswith(_ERASED)}
    shared = {word for text in (row.name, row.company) for word in (text, *text.split())}
    place = [str(part) for part in (row.address or {}).values() if part]
    words = {one.lower() for one in (*shared, *place, row.external_ref or "") if len(one) > 2 and one != _ERASED}
    references = [*column("payment", "provider_ref"), *column("payment_attempt", "provider_ref")]
    long_enough = tuple(sorted({one.lower() for one in references if len(one) > _SHORTEST}))
    return Person(customer_id, tuple(sorted(only)), tuple(sorted(words | only)), long_enough)


def erase_traces(tx: Tx, who: Person) -> dict[str, int]:
    """By table, how many rows were written over or deleted."""
    return {
        "audit_entry": _audit(tx, who),
        "job": _jobs(tx, who),
        "job_try": _delete(tx, JobTry, who, JobTry.error),
        "callback": _callbacks(tx, who),
        "support_mail": _mails(tx, who),
        "party": _parties(tx, who),
        "box_address": _boxes(tx, who),
        "idempotency_record": _records(tx, who),
        "login_attempt": _delete(tx, LoginAttempt, who, LoginAttempt.key),
        "usage_reject": _delete(tx, UsageReject, who, UsageReject.raw, UsageReject.message),
    }


def scrubbed(value: Any, words: Collection[str], key: str = "") -> Any:
    """A value of an audit row without what tells of a person: codes, dates, ids and amounts stay."""
    if isinstance(value, dict):
        return {name: scrubbed(one, words, name) for name, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, words, key) for one in value]
    if not isinstance(value, str) or not value:
        return value
    told = any(word in value.lower() for word in words) or _TELLING.search(key) or not _CODE.fullmatch(value)
    return _ERASED if told or parse_address(value) is not None else value


def _about(who: Person, column: Any) -> Iterator[ColumnElement[bool]]:
    for noun, name in _NOUNS.items():
        ids = select(literal(f"{noun}:") + cast(table_of(name).c.id, String)).where(theirs(name, who.customer_id))
        yield column.in_(ids)


def _by(who: Person, column: Any) -> ColumnElement[bool]:
    """Whoever acts in a customer's area is named by the login."""
    logins = table_of("user_login")
    named = select(literal("customer:") + cast(logins.c.id, String)).where(theirs("user_login", who.customer_id))
    return or_(column.in_(named))


def _audit(tx: Tx, who: Person) -> int:
    session, after, touched, words = tx.session, 0, 0, whole_words(who.only_theirs)
    about = or_(*_about(who, AuditEntry.subject), _by(who, AuditEntry.actor))
    near = with_letters(tx, who.only_theirs, AuditEntry.details, AuditEntry.reason, AuditEntry.subject)
    while True:
        rows = session.execute(
            select(AuditEntry, about.label("about"))
            .where(AuditEntry.id > after, or_(about, near))
            .order_by(AuditEntry.id)
            .limit(_BATCH)
        ).all()
        if not rows:
            return touched
        for row, is_about in rows:
            if not is_about and not says(words, row.details, row.reason, row.subject):
                continue
            row.details = scrubbed(row.details, who.words)
            row.reason = _ERASED if row.reason else ""
            if says(words, row.subject):
                row.subject = _ERASED
            touched += 1
        session.flush()
        after = rows[-1][0].id


def _jobs(tx: Tx, who: Person) -> int:
    """What has ended is deleted; what waits only names ids, and loses what it said of its last try."""
    session, over, touched = tx.session, Job.state.in_(["done", "canceled", "failed", "parked"]), 0
    for ids in ids_saying(tx, who.only_theirs, Job.args, Job.error, Job.progress, Job.key):
        these = among(Job.id, ids, session)
        session.execute(delete(Job).where(these, over))
        session.execute(update(Job).where(these).values(error="", progress={}))
        touched += len(ids)
    return touched


def _callbacks(tx: Tx, who: Person) -> int:
    """That a message came stays, so that it is not taken twice; what it said does not. One that is still to be applied
    is left whole: it may be about money, and retention empties it in its time."""
    bare = {"body": b"", "query": "", "headers": {}, "remote_address": "", "error": ""}
    texts, said = (*who.only_theirs, *who.references), (Callback.body, Callback.query, Callback.headers)
    touched = 0
    for ids in ids_saying(tx, texts, *said, where=Callback.state != "received"):
        tx.session.execute(update(Callback).where(among(Callback.id, ids, tx.session)).values(bare))
        touched += len(ids)
    return touched


def _records(tx: Tx, who: Person) -> int:
    """Theirs are deleted. Those of others lose the address alone: without its record a request would be done twice."""
    touched = rows_changed(tx.session, delete(IdempotencyRecord).where(_by(who, IdempotencyRecord.actor)))
    mails = [one for one in who.only_theirs if "@" in one]
    for ids in ids_saying(tx, mails, IdempotencyRecord.result):
        these = among(IdempotencyRecord.id, ids, tx.session)
        for row in tx.session.scalars(select(IdempotencyRecord).where(these)):
            row.result = _without(row.result, whole_words(mails))
        tx.session.flush()
        touched += len(ids)
    return touched


def _without(value: Any, words: re.Pattern[str] | None) -> Any:
    if isinstance(value, dict):
        return {name: _without(one, words) for name, one in value.items()}
    if isinstance(value, list):
        return [_without(one, words) for one in value]
    return _ERASED if isinstance(value, str) and says(words, value) else value


def _mails(tx: Tx, who: Person) -> int:
    """Mails of theirs that are part of no ticket."""
    session, said = tx.session, (SupportMail.sender, SupportMail.subject, SupportMail.body, SupportMail.raw)
    touched = 0
    for ids in ids_saying(tx, who.only_theirs, *said, where=SupportMail.ticket_id.is_(None)):
        session.execute(delete(TicketFile).where(among(TicketFile.mail_id, ids, session)))
        session.execute(delete(SupportMail).where(among(SupportMail.id, ids, session)))
        touched += len(ids)
    return touched


def _parties(tx: Tx, who: Person) -> int:
    """Whoever a document in the books was written to stays on it; orders and drafts forget."""
    session = tx.session
    of_theirs = select(Document.buyer_id).where(Document.customer_id == who.customer_id)
    booked = select(Document.buyer_id).where(
        Document.buyer_id.in_(of_theirs), or_(Document.number.is_not(None), Document.entry_id.is_not(None))
    )
    rows = session.scalars(select(Party).where(Party.id.in_(of_theirs), Party.id.not_in(booked))).all()
    for row in rows:
        forget_party(row)
    session.flush()
    return len(rows)


def forget_party(row: Party) -> None:
    row.data = {name: row.data[name] for name in ("country", "region", "language") if name in row.data}
    row.data = {"name": _ERASED, **row.data}
    row.digest = f"{_ERASED}-{row.id}"


def _boxes(tx: Tx, who: Person) -> int:
    boxes = table_of("box_address")
    macs = [one.upper() for one in who.only_theirs if one.count(":") == 5]
    others = select(table_of("service").c.mac).where(~theirs("service", who.customer_id))
    kept = boxes.c.mac.in_(others.where(table_of("service").c.mac.is_not(None)))
    return rows_changed(tx.session, delete(boxes).where(boxes.c.mac.in_(macs), ~kept))


def _delete(tx: Tx, model: Any, who: Person, *columns: InstrumentedAttribute[Any]) -> int:
    touched = 0
    for ids in ids_saying(tx, who.only_theirs, *columns):
        tx.session.execute(delete(model).where(among(model.id, ids, tx.session)))
        touched += len(ids)
    return touched
