"""A message in a ticket: its row, whose turn it is then, and who is told."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.access._limits import count_try
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.notifications.queue_to_login import queue_to_login
from billhead.actions.support._files import keep_files
from billhead.actions.support._rules import LONGEST_TEXT, SupportRules
from billhead.db import Tx
from billhead.domain.card_numbers import hide_card_numbers
from billhead.domain.errors import InvalidInput
from billhead.domain.state import next_state
from billhead.domain.support import TRANSITIONS, Event, State
from billhead.models.people import User
from billhead.models.support import Department, Ticket, TicketFile, TicketMessage

__all__ = ["author_of", "checked_text", "count_message", "move", "say", "tell_customer", "tell_staff", "write"]


def checked_text(field: str, typed: str, longest: int = LONGEST_TEXT) -> str:
    """Without what no database keeps and no card number. Raises InvalidInput when nothing is left, or too much."""
    text = hide_card_numbers(typed.replace("\0", "").replace("\r\n", "\n").strip())
    if not text:
        raise InvalidInput(field, "write something")
    if len(text) > longest:
        raise InvalidInput(field, f"it is longer than {longest} characters", hint="send the rest as a file")
    return text


def author_of(tx: Tx) -> str:
    """Who acts now, as colleagues know them."""
    user = tx.session.get(User, tx.ctx.user_id) if tx.ctx.user_id is not None else None
    return user.email if user is not None else tx.ctx.actor


def count_message(tx: Tx, customer_id: int, rules: SupportRules) -> None:
    """Raises NotAllowed (`too_often`)."""
    refusal = "You have written a lot within an hour; we read it all. Please wait a little before you write more."
    count_try(tx, f"ticket-message:{customer_id}", rules.messages_an_hour, timedelta(hours=1), refusal)


def write(
    tx: Tx, ticket: Ticket, kind: str, body: str, files: Sequence[TicketFile] = (), author: str = ""
) -> TicketMessage:
    """The row, with its files; the ticket must be locked, or new."""
    message = TicketMessage(
        ticket_id=ticket.id,
        kind=kind,
        user_id=tx.ctx.user_id,
        author=author or author_of(tx),
        body=body,
        at=clock.business_now(),
    )
    tx.session.add(message)
    tx.session.flush()
    keep_files(tx, files, message_id=message.id)
    ticket.last_message_id = message.id
    return message


def say(tx: Tx, ticket: Ticket, what: str) -> None:
    """What happened to a ticket, for its history; staff alone read it."""
    write(tx, ticket, "event", what)


def move(ticket: Ticket, event: Event) -> None:
    ticket.state = next_state(TRANSITIONS, State(ticket.state), event).value
    ticket.closed_at = clock.business_now() if ticket.state == State.CLOSED else None


def tell_customer(tx: Tx, ticket: Ticket, message: TicketMessage, kind: str = "ticket_answer") -> None:
    """To whoever opened it, of a family; else to the customer's own address. The key makes the mail's id: who answers
    names the ticket by it."""
    data = {"ticket_id": ticket.id, "message_id": message.id}
    key = f"ticket:{ticket.token}:{message.id}"
    opener = tx.session.get(User, ticket.opened_by_id) if ticket.opened_by_id is not None else None
    if opener is not None and opener.family and not opener.disabled:
        queue_to_login(tx, opener, kind, key, data)
    else:
        queue_notice(tx, ticket.customer_id, kind, key, data)


def tell_staff(tx: Tx, ticket: Ticket, message: TicketMessage) -> None:
    """The colleague whose ticket it is; of one that is nobody's, those whom its department names. Where it names none
    it is all of staff, who have a queue to look at. A reseller has none: it is told of all that is written in its shop.
    """
    user = tx.session.get(User, ticket.assignee_id) if ticket.assignee_id is not None else None
    told = [user] if user is not None and not user.disabled else _of_department(tx, ticket)
    data = {"ticket_id": ticket.id, "message_id": message.id}
    for one in told:
        queue_to_login(tx, one, "ticket_news", f"ticket-news:{ticket.id}:{message.id}:{one.id}", data)


def _of_department(tx: Tx, ticket: Ticket) -> Sequence[User]:
    department = tx.session.get_one(Department, ticket.department_id)
    whose = User.reseller_id == department.reseller_id
    if department.reseller_id is None:
        whose = User.id.in_(department.staff_ids)
    mine = select(User).where(whose, User.disabled.is_(False), User.family.is_(False))
    return tx.session.scalars(mine.order_by(User.id)).all()
