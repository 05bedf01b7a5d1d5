"""The row of a new ticket, whichever way it came."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from billhead import clock
from billhead.actions.shops._face import face_of
from billhead.actions.support._files import SentFile, checked_files
from billhead.actions.support._writing import checked_text
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.support import PRIORITIES
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import Department, Ticket, TicketFile

__all__ = ["LONGEST_SUBJECT", "NewTicket", "check_new", "new_ticket"]

LONGEST_SUBJECT = 150
_SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
_TOKEN_LENGTH = 24  # 120 bits


@dataclass(frozen=True, slots=True)
class NewTicket:
    """`line_id` is one of the document's."""

    department_id: int
    subject: str
    text: str
    files: Sequence[SentFile] = ()
    service_id: int | None = None
    document_id: int | None = None
    line_id: int | None = None
    priority: str = "normal"

    def about(self) -> dict[str, int | None]:
        return {"service_id": self.service_id, "document_id": self.document_id, "line_id": self.line_id}


@dataclass(frozen=True, slots=True)
class _Checked:
    department: Department
    subject: str
    text: str
    files: list[TicketFile]


def check_new(tx: Tx, customer: Customer, wanted: NewTicket) -> _Checked:
    """Raises NotFound (a thing that is not theirs), or InvalidInput naming a field."""
    department = tx.session.get(Department, wanted.department_id)
    theirs = (customer.seller_id, face_of(tx.session, customer))
    if department is None or department.seller_id not in theirs or department.retired:
        raise InvalidInput("department", "choose one of the list")
    if wanted.priority not in PRIORITIES:
        raise InvalidInput("priority", f"must be one of {', '.join(PRIORITIES)}")
    subject = checked_text("subject", wanted.subject, LONGEST_SUBJECT)
    text, files = checked_text("text", wanted.text), checked_files(wanted.files)
    _check_theirs(tx, customer.id, department.seller_id, wanted)
    return _Checked(department, subject, text, list(files))


def new_ticket(tx: Tx, customer: Customer, department: Department, subject: str, **about: int | None) -> Ticket:
    ticket = Ticket(
        seller_id=department.seller_id,
        customer_id=customer.id,
        department_id=department.id,
        token="".join(secrets.choice(_SIGNS) for _ in range(_TOKEN_LENGTH)),
        subject=" ".join(subject.split())[:LONGEST_SUBJECT],
        opened_at=clock.business_now(),
        **about,
    )
    tx.session.add(ticket)
    tx.session.flush()
    return ticket


def _check_theirs(tx: Tx, customer_id: int, seller_id: int, wanted: NewTicket) -> None:
    """`seller_id`: who is written to. Nobody is asked about the bill of another seller."""
    if wanted.service_id is not None:
        service = tx.session.get(Service, wanted.service_id)
        owner = tx.session.get_one(Subscription, service.subscription_id).customer_id if service is not None else None
        if owner != customer_id:
            raise NotFound("service", wanted.service_id)
    if wanted.document_id is not None:
        document = tx.session.get(Document, wanted.document_id)
        is_theirs = document is not None and (document.customer_id, document.seller_id) == (customer_id, seller_id)
        if document is None or not is_theirs or document.state == "draft":
            raise NotFound("document", wanted.document_id)
    if wanted.line_id is not None:
        line = tx.session.get(DocumentLine, wanted.line_id)
        if line is None or line.document_id != wanted.document_id:
            raise NotFound("line", wanted.line_id)
