"""Staff decide about a mail whose sender was not known: it is the customer's, or it is left out."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.support._accepting import as_answer, as_new
from billhead.actions.support._seen import locked_ticket, may_see
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.people import Customer
from billhead.models.support import Department, SupportMail, TicketFile

__all__ = ["MailDecided", "decide_mail"]


@dataclass(frozen=True, slots=True)
class MailDecided:
    support_mail_id: int
    ticket_id: int | None


@verb("support.decide_mail", permission="tickets.write")
def decide_mail(tx: Tx, mail_id: int, *, ticket_id: int | None = None, customer_id: int | None = None) -> MailDecided:
    """With a ticket it answers that, with a customer it opens one, with neither it is left out and its files go.

    Raises NotFound (also of another department), or Conflict when a colleague has decided already.
    """
    row = tx.session.get(SupportMail, mail_id, with_for_update=True, populate_existing=True)
    department = tx.session.get_one(Department, row.department_id) if row is not None else None
    if row is None or department is None or not may_see(department, tx.ctx):
        raise NotFound("mail", mail_id)
    if row.state != "waiting":
        raise Conflict(f"this mail is {row.state.replace('_', ' ')} already", code="decided_already")
    files = list(tx.session.scalars(select(TicketFile).where(TicketFile.mail_id == row.id)))
    if ticket_id is not None:
        ticket = locked_ticket(tx, ticket_id)
        if ticket.merged_into_id is not None:
            ticket = locked_ticket(tx, ticket.merged_into_id)
        if ticket.seller_id != department.seller_id:
            raise NotFound("ticket", ticket_id)
        as_answer(tx, row, ticket, files)
    elif customer_id is not None:
        customer = tx.session.get(Customer, customer_id)
        if customer is None or customer.seller_id != department.seller_id:
            raise NotFound("customer", customer_id)
        as_new(tx, row, customer, department, files)
    else:
        row.state = "left_out"
        for one in files:
            tx.session.delete(one)
    return MailDecided(row.id, row.ticket_id)
