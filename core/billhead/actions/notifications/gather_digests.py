"""Put what was held for a morning into one mail for each person: a batch of people at a time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from billhead import clock
from billhead.actions.notifications._channels import EMAIL
from billhead.actions.notifications._groups import DIGEST
from billhead.actions.notifications._queueing import queued_once
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.operations import Notice
from billhead.models.people import Customer, User

__all__ = ["DigestsGathered", "gather_digests"]

_BATCH = 50
_FAMILY = select(User.id).where(User.family)
_LOGIN: ColumnElement[Any] = case((or_(Notice.customer_id.is_(None), Notice.user_id.in_(_FAMILY)), Notice.user_id))
"""Staff and further logins of a family are persons of their own; a customer's own login is the customer."""


@dataclass(frozen=True, slots=True)
class DigestsGathered:
    """`more`: there may be others whose morning has come."""

    digests: int
    more: bool


@verb("notifications.gather_digests", permission="customers.write")
def gather_digests(tx: Tx) -> DigestsGathered:
    """What was held and the mail that tells of it change in one transaction: each is told of once, wherever it ends.

    A digest goes to the address of now: a week may have passed. Who has none any more is told nothing.
    """
    due = (Notice.state == "held", Notice.held_until <= clock.business_now())
    held = select(Notice.id, Notice.customer_id, _LOGIN.label("login")).where(*due).subquery()
    people = select(held.c.customer_id, held.c.login).group_by(held.c.customer_id, held.c.login)
    found = tx.session.execute(people.order_by(func.min(held.c.id)).limit(_BATCH)).all()
    made = sum(_gather(tx, customer_id, user_id, due) for customer_id, user_id in found)
    return DigestsGathered(made, len(found) == _BATCH)


def _gather(tx: Tx, customer_id: int | None, user_id: int | None, due: tuple[ColumnElement[bool], ...]) -> bool:
    theirs = (
        select(Notice)
        .where(*due, Notice.customer_id == customer_id, _LOGIN.is_not_distinct_from(user_id))
        .order_by(Notice.id)
    )
    rows = tx.session.scalars(theirs.with_for_update()).all()
    to = _address(tx, customer_id, user_id)
    for one in rows:
        one.state = "in_digest" if to else "rejected"
    if not rows or not to:
        return False
    whose: dict[str, Any] = {"customer_id": customer_id, "user_id": user_id, "channel": EMAIL, "recipient": to}
    queued_once(tx, DIGEST, f"digest:{rows[0].id}", {"notices": [one.id for one in rows]}, **whose)
    return True


def _address(tx: Tx, customer_id: int | None, user_id: int | None) -> str:
    if user_id is not None:
        user = tx.session.get(User, user_id)
        return user.email if user is not None and not user.disabled else ""
    customer = tx.session.get(Customer, customer_id)
    return customer.email if customer is not None else ""
