"""Queue a notice to everybody of a seller's staff who has a permission: to each by mail, once for a key."""

from typing import Any

from sqlalchemy import select

from billhead.actions.notifications.queue_to_login import queue_to_login
from billhead.actions.staff._standing import ALL, permissions_of
from billhead.db import Tx
from billhead.models.people import User

__all__ = ["queue_to_staff"]


def queue_to_staff(tx: Tx, seller_id: int, permission: str, kind: str, key: str, data: dict[str, Any]) -> int:
    """How many they are. Whoever lost the permission before it is sent is not told: see `_facts_panels`."""
    here = select(User).where(User.seller_id == seller_id, User.role == "staff", User.disabled.is_(False))
    all_of_them = tx.session.scalars(here.order_by(User.id)).all()
    told = [one for one in all_of_them if {ALL, permission} & permissions_of(tx.session, one)]
    for user in told:
        queue_to_login(tx, user, kind, f"{key}:{user.id}", data)
    return len(told)
