"""Prepared answers: their placeholders, and which of them suit a ticket."""

import re

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service
from billhead.models.support import CannedReply, Ticket

__all__ = ["PLACEHOLDERS", "filled", "replies_for", "unknown_placeholders"]

PLACEHOLDERS = ("name", "seller", "ticket", "subject", "line", "invoice")
_PLACE = re.compile(r"\{([a-z_]+)\}")


def unknown_placeholders(body: str) -> list[str]:
    return [name for name in _PLACE.findall(body) if name not in PLACEHOLDERS]


def replies_for(session: Session, customer: Customer, *departments: int) -> list[CannedReply]:
    """Those of the customer's language; the English one where a name has none in it."""
    language = customer.language
    rows = session.scalars(
        select(CannedReply)
        .where(
            CannedReply.seller_id == customer.seller_id,
            CannedReply.language.in_({language, "en"}),
            or_(CannedReply.department_id.is_(None), CannedReply.department_id.in_(departments)),
        )
        .order_by(CannedReply.name, CannedReply.id)
        .limit(400)
    )
    best: dict[str, CannedReply] = {}
    for row in rows:
        if row.name not in best or row.language == language:
            best[row.name] = row
    return list(best.values())


def filled(session: Session, body: str, ticket: Ticket) -> str:
    """A text with what its placeholders stand for; a ticket about no line or invoice leaves theirs empty."""
    service = session.get(Service, ticket.service_id) if ticket.service_id else None
    document = session.get(Document, ticket.document_id) if ticket.document_id else None
    values = {
        "name": session.get_one(Customer, ticket.customer_id).name,
        "seller": session.get_one(Seller, ticket.seller_id).name,
        "ticket": str(ticket.id),
        "subject": ticket.subject,
        "line": (service.mac or service.login) if service is not None else "",
        "invoice": (document.number_text or str(document.id)) if document is not None else "",
    }
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), body)
