"""Links to set a password, as a mail."""

from datetime import timedelta
from typing import Any

from billhead.actions.accounts._tokens import hash_of, new_link
from billhead.actions.notifications.queue_to_login import queue_to_login
from billhead.db import Tx
from billhead.models.people import User
from billhead.plugin_host import vault

__all__ = ["INVITATION_LASTS", "PURPOSE", "mail_link"]

PURPOSE = "set_password"
INVITATION_LASTS = timedelta(days=3)


def mail_link(tx: Tx, user: User, kind: str, lasts: timedelta, **data: Any) -> None:
    """The token is in the notice under the vault (`sealed_token`); the page that takes it is /set-password/<token>."""
    token = new_link(tx, user.id, PURPOSE, lasts)
    queue_to_login(tx, user, kind, f"{kind}:{hash_of(token)[:16]}", {**data, "sealed_token": vault().encrypt(token)})
