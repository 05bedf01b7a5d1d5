"""Staff say where a ticket belongs, how urgent it is, and who looks after it."""

from dataclasses import dataclass

from billhead.actions.support._seen import locked_ticket, may_see
from billhead.actions.support._writing import say
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput
from billhead.domain.support import PRIORITIES
from billhead.models.people import User
from billhead.models.support import Department, Ticket

__all__ = ["Sorted", "sort_ticket"]


@dataclass(frozen=True, slots=True)
class Sorted:
    ticket_id: int
    changed: bool


@verb("support.sort_ticket", permission="tickets.write")
def sort_ticket(tx: Tx, ticket_id: int, department_id: int, priority: str, assignee_id: int | None) -> Sorted:
    """Raises NotFound, or InvalidInput naming the field: a department of another seller, nobody of staff."""
    ticket = locked_ticket(tx, ticket_id)
    told = [*_department(tx, ticket, department_id), *_priority(ticket, priority), *_assignee(tx, ticket, assignee_id)]
    for what in told:
        say(tx, ticket, what)
    if told:
        note(tx, f"ticket:{ticket.id}", changes=told)
    return Sorted(ticket.id, bool(told))


def _department(tx: Tx, ticket: Ticket, department_id: int) -> list[str]:
    if department_id == ticket.department_id:
        return []
    row = tx.session.get(Department, department_id)
    if row is None or row.seller_id != ticket.seller_id:
        raise InvalidInput("department", "choose one of the list")
    ticket.department_id = row.id
    return [f"moved to {row.name}"]


def _priority(ticket: Ticket, priority: str) -> list[str]:
    if priority not in PRIORITIES:
        raise InvalidInput("priority", f"must be one of {', '.join(PRIORITIES)}")
    if priority == ticket.priority:
        return []
    ticket.priority = priority
    return [f"priority {priority}"]


def _assignee(tx: Tx, ticket: Ticket, assignee_id: int | None) -> list[str]:
    if assignee_id == ticket.assignee_id:
        return []
    ticket.assignee_id = assignee_id
    if assignee_id is None:
        return ["nobody looks after it"]
    user = tx.session.get(User, assignee_id)
    if user is None or user.role != Role.STAFF or user.disabled:
        raise InvalidInput("assignee", "choose one of the list")
    department = tx.session.get_one(Department, ticket.department_id)
    theirs = not department.staff_ids or user.id in department.staff_ids or "*" in user.permissions
    if not theirs and not may_see(department, tx.ctx):
        raise InvalidInput("assignee", f"{user.email} does not see tickets of {department.name}")
    return [f"given to {user.email}"]
