"""Who may see which ticket: a customer their own; of staff whoever its department is for; of a shop its reseller.
Everything else is not found. Of a note in it only the side that wrote it."""

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.context import Context, Role
from billhead.domain.errors import NotFound
from billhead.models.people import User
from billhead.models.support import BillDispute, Department, SupportMail, Ticket, TicketFile, TicketMessage

__all__ = [
    "CUSTOMERS_READ", "departments_for", "file_of_ticket", "locked_ticket", "may_read", "may_see", "must_be_seen",
    "seen_tickets", "ticket_for",
]  # fmt: skip

CUSTOMERS_READ = ("customer", "staff")
"""Kinds of messages that stand on the customer's page."""


def departments_for(session: Session, ctx: Context) -> list[Department]:
    """Those whose tickets this member of staff works on; there are few of them in a house."""
    ours = select(Department).where(Department.reseller_id.is_(None))
    rows = session.scalars(ours.order_by(Department.position, Department.name))
    return [row for row in rows if may_see(row, ctx)]


def seen_tickets(session: Session, ctx: Context) -> ColumnElement[bool]:
    """For a query: of all tickets those that this member of staff may see."""
    if ctx.may("*"):
        return true()
    return Ticket.department_id.in_([one.id for one in departments_for(session, ctx)])


def may_see(department: Department, ctx: Context) -> bool:
    if ctx.role is Role.SYSTEM or ctx.may("*"):
        return True
    if department.reseller_id is not None:
        return department.reseller_id == ctx.scope.reseller_id
    return ctx.role is Role.STAFF and (not department.staff_ids or ctx.user_id in department.staff_ids)


def may_read(session: Session, ctx: Context) -> ColumnElement[bool]:
    """Of TicketMessage, in a ticket that this actor sees. Staff and a reseller meet in the tickets about a shop's
    bills: what one of them notes for colleagues is not the other's to read."""
    if ctx.role is Role.CUSTOMER:
        return TicketMessage.kind.in_(CUSTOMERS_READ)
    login = session.get(User, ctx.user_id) if ctx.user_id is not None else None
    by_reseller = exists().where(User.id == TicketMessage.user_id, User.reseller_id.is_not(None))
    own = by_reseller if login is not None and login.reseller_id is not None else ~by_reseller
    return or_(TicketMessage.kind != "note", own)


def ticket_for(session: Session, ctx: Context, ticket_id: int) -> Ticket:
    """Raises NotFound, also for what this actor may not see."""
    return _checked(session, ctx, session.get(Ticket, ticket_id), ticket_id)


def must_be_seen(session: Session, ctx: Context, ticket_id: int, what: str, key: int) -> None:
    """Of something that hangs on a ticket: who may not see that does not learn that it is there. Raises NotFound."""
    try:
        ticket_for(session, ctx, ticket_id)
    except NotFound:
        raise NotFound(what, key) from None


def file_of_ticket(session: Session, ctx: Context, file_id: int) -> TicketFile:
    """A file of what this actor reads in a ticket, or, for staff, of a mail that has none. Raises NotFound."""
    row = session.get(TicketFile, file_id)
    if row is None:
        raise NotFound("file", file_id)
    if row.message_id is None:
        mail = session.get_one(SupportMail, row.mail_id)
        if ctx.role is not Role.STAFF or not may_see(session.get_one(Department, mail.department_id), ctx):
            raise NotFound("file", file_id)
        return row
    message = select(TicketMessage.ticket_id).where(TicketMessage.id == row.message_id, may_read(session, ctx))
    ticket_id = session.scalar(message)
    if ticket_id is None:
        raise NotFound("file", file_id)
    must_be_seen(session, ctx, ticket_id, "file", file_id)
    return row


def locked_ticket(tx: Tx, ticket_id: int) -> Ticket:
    """As `ticket_for`, locked until the transaction ends."""
    row = tx.session.get(Ticket, ticket_id, with_for_update=True, populate_existing=True)
    return _checked(tx.session, tx.ctx, row, ticket_id)


def _checked(session: Session, ctx: Context, row: Ticket | None, ticket_id: int) -> Ticket:
    if row is None:
        raise NotFound("ticket", ticket_id)
    if ctx.role is Role.CUSTOMER:
        seen = ctx.scope.customer_id == row.customer_id
    else:
        department = session.get_one(Department, row.department_id)
        seen = may_see(department, ctx) or (department.reseller_id is not None and _decides(session, ctx, row))
    if not seen:
        raise NotFound("ticket", ticket_id)
    return row


def _decides(session: Session, ctx: Context, row: Ticket) -> bool:
    """Of a shop's tickets staff see those about a bill: what is given back of one they decide."""
    about_bill = select(BillDispute.id).where(BillDispute.ticket_id == row.id)
    return ctx.may("money.correct") and session.scalar(about_bill.limit(1)) is not None
