"""Queue a notice to the address of a login: staff and resellers have no customer, and a family has several logins."""

from typing import Any

from billhead.actions.notifications._channels import EMAIL
from billhead.actions.notifications._queueing import queued_once
from billhead.db import Tx
from billhead.models.people import User

__all__ = ["queue_to_login"]


def queue_to_login(tx: Tx, user: User, kind: str, key: str, data: dict[str, Any], *, recipient: str = "") -> int | None:
    """As `queue_notice`; `data` names the login as its `user_id`. `recipient`: an address that is not its own yet."""
    to: dict[str, Any] = {"customer_id": user.customer_id, "user_id": user.id, "recipient": recipient or user.email}
    return queued_once(tx, kind, key, {**data, "user_id": user.id}, channel=EMAIL, **to)
