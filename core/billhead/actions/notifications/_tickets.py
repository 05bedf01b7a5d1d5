"""What a notice about a ticket tells, and where an answer to it goes.

kind                                         ids in `data`
ticket_opened, ticket_answer, ticket_news,
ticket_written                               ticket_id, message_id
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts
from billhead.actions.notifications._values import Address
from billhead.domain.errors import NoticeRejected
from billhead.models.operations import Notice
from billhead.models.people import Customer, User
from billhead.models.support import Department, Ticket, TicketFile, TicketMessage
from billhead.plugin_host.current import config

__all__ = ["PARTS", "reply_to"]


def _ticket_told(session: Session, notice: Notice) -> Mapping[str, Any]:
    """Raises NoticeRejected when the ticket is gone or another customer's, or the message is staff's own."""
    ticket = session.get(Ticket, int(notice.data.get("ticket_id", 0)))
    message = session.get(TicketMessage, int(notice.data.get("message_id", 0)))
    if ticket is None or message is None:
        raise NoticeRejected("the ticket that this notice is about does not exist any more")
    if message.kind not in ("customer", "staff"):
        raise NoticeRejected("a note of staff is never sent")
    department = session.get_one(Department, ticket.department_id)
    if notice.kind == "ticket_news":
        _check_reader(session, notice, department)
    elif ticket.customer_id != notice.customer_id:
        raise NoticeRejected("the ticket that this notice is about belongs to another customer")
    by_mail = bool(reply_to(session, ticket)) and notice.kind != "ticket_news"
    files = select(TicketFile.file_name).where(TicketFile.message_id == message.id).order_by(TicketFile.id)
    told = {
        "id": ticket.id,
        "subject": ticket.subject,
        "customer": session.get_one(Customer, ticket.customer_id).name,
        "body": message.body,
        "files": list(session.scalars(files)),
        "url": Address(f"{home_of(session, notice)}/account/tickets/{ticket.id}"),
        "staff_url": Address(f"{config().base_url}/{_desk(department)}/tickets/{ticket.id}"),
        "by_mail": by_mail,
    }
    return {"ticket": told, "reply_to": reply_to(session, ticket) if by_mail else ""}


def _desk(department: Department) -> str:
    return "admin" if department.reseller_id is None else "reseller/shop"


def _check_reader(session: Session, notice: Notice, department: Department) -> None:
    user = session.get(User, notice.user_id) if notice.user_id is not None else None
    of_shop = user is not None and user.reseller_id is not None and user.reseller_id == department.reseller_id
    if user is None or user.disabled or not (of_shop or user.role == "staff"):
        raise NoticeRejected("whom this notice is for answers no tickets any more")


def reply_to(session: Session, ticket: Ticket) -> str:
    """support+TOKEN@shop.example; without the token where its server takes no such addresses, and the answer is known
    by the message ids that it names; "" where the department has no address."""
    department = session.get_one(Department, ticket.department_id)
    local, at, domain = department.mail.partition("@")
    if not at:
        return ""
    return f"{local}+{ticket.token}@{domain}" if department.settings.get("plus", True) else department.mail


PARTS: Parts = {
    "ticket_answer": (_ticket_told,),
    "ticket_news": (_ticket_told,),
    "ticket_opened": (_ticket_told,),
    "ticket_written": (_ticket_told,),
}
