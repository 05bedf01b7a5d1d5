"""A customer does not agree with a line of an invoice: a ticket about it, and dunning of the invoice waits a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.documents._corrected import left_of_invoice, lines_of
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.support._files import SentFile
from billhead.actions.support._rules import SupportRules, rules_of
from billhead.actions.support.open_ticket import NewTicket, open_ticket
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.counted import counted
from billhead.domain.document import Kind, State
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.support import DISPUTE_REASONS
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.models.support import BillDispute

__all__ = ["DisputeOpened", "open_dispute"]

_DISPUTABLE = frozenset({State.FINAL, State.PARTLY_PAID, State.PAID})


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    """`waits_until`: the last day on which the invoice is not dunned, "" if it is dunned nevertheless."""

    bill_dispute_id: int
    ticket_id: int
    waits_until: str


@verb("support.open_dispute")
def open_dispute(
    tx: Tx, document_id: int, line_id: int, reason: str, text: str, department_id: int, files: Sequence[SentFile] = ()
) -> DisputeOpened:
    """Raises NotFound (also another customer's), InvalidInput naming a field, NotAllowed (`too_often`), or Conflict:
    no final invoice, too old, given back already, or this line was disputed before."""
    invoice = locked_documents(tx, [document_id]).get(document_id)
    scope = tx.ctx.scope
    if invoice is None or not (scope.everything or scope.customer_id == invoice.customer_id):
        raise NotFound("document", document_id)
    if invoice.kind != Kind.INVOICE or invoice.state not in _DISPUTABLE:
        raise Conflict("only a line of an invoice can be disputed", hint="write to us about everything else")
    if reason not in DISPUTE_REASONS:
        raise InvalidInput("reason", "choose one of the list")
    seller = tx.session.get_one(Seller, invoice.seller_id)
    rules, today = rules_of(seller.support), clock.today_in(seller.zone)
    if invoice.issued_on is not None and today > invoice.issued_on + timedelta(days=rules.dispute_days):
        days = rules.dispute_days
        why = counted(days, f"this invoice is older than {days} day", f"this invoice is older than {days} days")
        raise Conflict(why, hint="write to us instead")
    lines = lines_of(tx.session, invoice)
    line = lines.get(line_id)
    if line is None:
        raise NotFound("line", line_id)
    disputed = min(line.left, left_of_invoice(lines))
    if disputed <= 0:
        raise Conflict("nothing of this line is owed or paid any more", code="nothing_left")
    if tx.session.scalar(select(BillDispute.id).where(BillDispute.line_id == line_id).limit(1)) is not None:
        raise Conflict("this line was disputed already", code="disputed_already", hint="write in its ticket")
    subject = f"{invoice.number_text or invoice.id}: {describe_line(line.row)}"[:150]
    wanted = NewTicket(department_id, subject, text, files, document_id=document_id, line_id=line_id)
    ticket = open_ticket(tx, invoice.customer_id, wanted)
    row = BillDispute(
        ticket_id=ticket.ticket_id,
        customer_id=invoice.customer_id,
        document_id=document_id,
        line_id=line_id,
        reason=reason,
        currency=invoice.currency,
        disputed_minor=disputed,
        opened_on=today,
        waits_until=_waits_until(tx, invoice, rules, today),
    )
    tx.session.add(row)
    tx.session.flush()
    return DisputeOpened(row.id, row.ticket_id, row.waits_until.isoformat() if row.waits_until else "")


def _waits_until(tx: Tx, invoice: Document, rules: SupportRules, today: date) -> date | None:
    """Counted from the invoice's first dispute: nobody puts dunning off for ever, line by line."""
    earlier = select(func.min(BillDispute.opened_on)).where(BillDispute.document_id == invoice.id)
    last = (tx.session.scalar(earlier) or today) + timedelta(days=rules.waits_days)
    return last if rules.waits_days and last >= today else None
