"""What notices about documents tell: invoices, reminders, credit notes.

kind                                         ids in `data`
invoice, reminder, warning                   document_id
payment_failed, payment_action               document_id
credit_note, ordered                         document_id
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.documents._disputed import disputed_of
from billhead.actions.documents.describe_discount import describe_discount
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts, found_row, must_be_theirs, named
from billhead.actions.notifications._values import Address, Bill, BillLine, Said, said
from billhead.actions.payments._pay_links import pay_link
from billhead.actions.subscriptions._order_links import order_link
from billhead.domain.document import Kind, is_payable
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Notice
from billhead.models.payments import Refund
from billhead.wording import marked, wording

__all__ = ["PARTS", "document_told", "title_of", "told_of"]

_TITLES = {
    Kind.PROFORMA.value: marked("Order %(number)s"),
    Kind.INVOICE.value: marked("Invoice %(number)s"),
    Kind.CREDIT_NOTE.value: marked("Credit note %(number)s"),
}


def document_told(session: Session, notice: Notice) -> Mapping[str, Any]:
    document = found_row(session, Document, int(named(notice, "document_id")), "document")
    must_be_theirs(notice, document.customer_id, "document")
    rows = select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
    facts = told_of(document, home_of(session, notice))
    lines = [_line(line, document.currency) for line in session.scalars(rows)]
    return {"document": {**facts, "bill": Bill(lines, facts["tax"], facts["total"])}}


def _line(line: DocumentLine, currency: str) -> BillLine:
    start, end = line.period_start, line.period_end
    return BillLine(
        description=lambda words: describe_line(line, words.say, words.own),
        period=(start, end) if start is not None and end is not None else None,
        discount=(lambda words: describe_discount(line, currency, words.number)) if line.discount_minor else None,
        net=Money(line.net_minor, currency),
    )


def _debt(session: Session, notice: Notice) -> Mapping[str, Any]:
    """`owed` is without what is disputed."""
    facts = document_told(session, notice)
    disputed = disputed_of(session, [int(notice.data["document_id"])])
    owed = facts["document"]["owed"]
    owed = Money(max(owed.minor - sum(disputed.values()), 0), owed.currency)
    if not owed:
        title = facts["document"]["title"](wording("en", "notices"))
        raise NoticeRejected(f"nothing is owed on {title} any more, so nobody is reminded of it")
    return {"document": {**facts["document"], "owed": owed}}


def title_of(document: Document) -> Said:
    """Invoice 2026-000012"""
    number = document.number_text or str(document.id)
    return said(_TITLES[document.kind], number=number)


def told_of(document: Document, home: str) -> dict[str, Any]:
    """`home`: the address of the shop whose document it is."""
    owed = document.total_minor - document.settled_minor
    is_open = is_payable(document.kind, document.state)
    overdue = document.due_on is not None and document.due_on < clock.business_now().date()
    return {
        "title": title_of(document),
        "issued_on": document.issued_on,
        "due_on": document.due_on,
        "overdue": overdue,
        "not_yet_due": document.due_on is not None and not overdue,
        "net": Money(document.net_minor, document.currency),
        "tax": Money(document.tax_minor, document.currency),
        "total": Money(document.total_minor, document.currency),
        "owed": Money(owed if is_open else 0, document.currency),
        "pay_url": Address(f"{home}/pay/{document.id}"),
    }


def _confirming(session: Session, notice: Notice) -> Mapping[str, Any]:
    """With a link for which nobody has to sign in: it is for this document alone, and ends."""
    facts = _debt(session, notice)
    token = pay_link(int(notice.data["document_id"]), clock.business_now())
    return {"document": {**facts["document"], "pay_url": Address(f"{home_of(session, notice)}/pay/link/{token}")}}


def _ordered(session: Session, notice: Notice) -> Mapping[str, Any]:
    """With a link that shows how far it is to who has the mail."""
    facts = document_told(session, notice)
    token = order_link(int(notice.data["document_id"]), clock.business_now())
    return {**facts, "order_url": Address(f"{home_of(session, notice)}/orders/link/{token}")}


def _credit_note(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = document_told(session, notice)
    note = found_row(session, Document, int(notice.data["document_id"]), "document")
    invoice = session.get(Document, note.corrects_id) if note.corrects_id else None
    corrects = title_of(invoice) if invoice is not None else None
    return {"document": {**facts["document"], "corrects": corrects, **_placed(session, note)}}


def _placed(session: Session, note: Document) -> Mapping[str, Money]:
    """Where the amount went."""
    lots = select(func.sum(CustomerCredit.amount_minor)).where(CustomerCredit.credit_note_id == note.id)
    credited = int(session.scalar(lots) or 0)
    refunds = select(func.sum(Refund.amount_minor)).where(
        Refund.credit_note_id == note.id, Refund.state.not_in(["failed", "reversed"])
    )
    refunded = int(session.scalar(refunds) or 0)
    return {"refunded": Money(refunded, note.currency), "credited": Money(credited, note.currency)}


PARTS: Parts = {
    "credit_note": (_credit_note,),
    "invoice": (document_told,),
    "ordered": (_ordered,),
    "payment_action": (_confirming,),
    "payment_failed": (_debt,),
    "reminder": (_debt,),
    "warning": (_debt,),
}
