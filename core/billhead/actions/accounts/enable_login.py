"""A login that staff had disabled opens again: with its password, or with a new one that is set by a mailed link."""

from billhead.actions.accounts._customers_login import customers_login
from billhead.actions.accounts._links import mail_link
from billhead.actions.accounts.send_password_link import LINK_LASTS
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict

__all__ = ["enable_login"]


@verb("accounts.enable_login", permission="customers.write")
def enable_login(tx: Tx, user_id: int, new_password: bool = False) -> None:
    """Raises NotFound, or Conflict for one that is open, or that ended with its account (erased, or its reseller is
    removed): that is not for staff to undo."""
    user = customers_login(tx, user_id)
    if not user.disabled:
        raise Conflict(f"{user.email} is not disabled")
    if not user.disabled_because:
        raise Conflict(f"{user.email} ended with its account")
    user.disabled, user.disabled_because = False, ""
    if new_password:
        user.password_hash = ""
        mail_link(tx, user, "password_link", LINK_LASTS)
    note(tx, f"user:{user.id}", email=user.email, new_password=new_password)
