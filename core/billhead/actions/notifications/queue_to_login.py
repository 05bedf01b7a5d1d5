"""Queue a notice to the address of a login: staff and resellers have no customer, and a family has several logins."""

from typing import Any

from billhead.actions.notifications._channels import EMAIL
from billhead.actions.notifications._often import OFF, held_until, often_of_login
from billhead.actions.notifications._queueing import queued_once
from billhead.db import Tx
from billhead.models.people import Customer, User
from billhead.models.sellers import Seller

__all__ = ["queue_to_login"]


def queue_to_login(tx: Tx, user: User, kind: str, key: str, data: dict[str, Any], *, recipient: str = "") -> int | None:
    """As `queue_notice`; `data` names the login as its `user_id`. `recipient`: an address that is not its own yet."""
    often = often_of_login(tx.session, user, kind)
    if often == OFF:
        return None
    to: dict[str, Any] = {"customer_id": user.customer_id, "user_id": user.id, "recipient": recipient or user.email}
    waits = held_until(often, _zone_of(tx, user))
    return queued_once(tx, kind, key, {**data, "user_id": user.id}, None, waits, channel=EMAIL, **to)


def _zone_of(tx: Tx, user: User) -> str:
    """Staff live where their seller does."""
    customer = tx.session.get(Customer, user.customer_id) if user.customer_id is not None else None
    return customer.zone if customer is not None else tx.session.get_one(Seller, user.seller_id).zone
