"""Mail a link with which a password is set: to who forgot theirs, and to whoever got a login without one."""

from datetime import timedelta

from sqlalchemy import select

from billhead.actions.accounts._tokens import new_link
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.models.people import OneTimeToken, User
from billhead.plugin_host import vault

__all__ = ["PURPOSE", "send_password_link"]

PURPOSE = "set_password"
_LASTS = timedelta(hours=24)


@verb("accounts.send_password_link")
def send_password_link(tx: Tx, seller_id: int, email: str) -> None:
    """Says nothing about whether there is such an account. The token is in the notice under the vault (`sealed_token`);
    the page that takes it is /set-password/<token>."""
    user = tx.session.scalar(
        select(User).where(User.seller_id == seller_id, User.email == email.strip().lower(), User.disabled.is_(False))
    )
    if user is None or user.customer_id is None:
        return
    token = new_link(tx, user.id, PURPOSE, _LASTS)
    row = tx.session.scalars(select(OneTimeToken).where(OneTimeToken.user_id == user.id)).one()
    data = {"user_id": user.id, "sealed_token": vault().encrypt(token)}
    queue_notice(tx, user.customer_id, "password_link", f"password_link:{row.token_hash[:16]}", data)
    audit(tx, "accounts.password_link", f"user:{user.id}", {})
