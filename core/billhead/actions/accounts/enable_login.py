"""A login that staff had disabled opens again: with its password, or with a new one that is set by a mailed link."""

from sqlalchemy import delete

from billhead.actions.accounts._customers_login import customers_login
from billhead.actions.accounts._links import mail_link
from billhead.actions.accounts._ways_in import forget_ways_in
from billhead.actions.accounts.send_password_link import LINK_LASTS
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.sign_in import LinkedIdentity

__all__ = ["enable_login"]


@verb("accounts.enable_login", permission="customers.write")
def enable_login(tx: Tx, user_id: int, new_password: bool = False) -> None:
    """`new_password`: whatever opened it before opens it no more, also passkeys and single sign-on.

    Raises NotFound, or Conflict for one that is open, or that ended with its account (erased, or its reseller is
    removed): that is not for staff to undo."""
    user = customers_login(tx, user_id)
    if not user.disabled:
        raise Conflict(f"{user.email} is not disabled")
    if not user.disabled_because:
        raise Conflict(f"{user.email} ended with its account")
    user.disabled, user.disabled_because = False, ""
    if new_password:
        forget_ways_in(tx, user)
        tx.session.execute(delete(LinkedIdentity).where(LinkedIdentity.user_id == user.id))
        mail_link(tx, user, "password_link", LINK_LASTS)
    note(tx, f"user:{user.id}", email=user.email, new_password=new_password)
