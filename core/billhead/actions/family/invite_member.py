"""Give somebody a login of one's own account: a mailed link, and rights."""

from collections.abc import Iterable

from sqlalchemy import func, select

from billhead.actions.accounts._links import INVITATION_LASTS, mail_link
from billhead.actions.accounts._new_login import new_login
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.accounts._tries import count_try
from billhead.actions.accounts.create_login import Login
from billhead.actions.exchange import exchange
from billhead.actions.family._rows import checked_rights, own_customer
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Context, Role
from billhead.domain.errors import Conflict
from billhead.models.people import User

__all__ = ["invite_member"]

_MOST = 10
_TRIES = 10


def invite_member(ctx: Context, email: str, rights: Iterable[str]) -> Login:
    """Somebody who was removed comes in again by a new link. Raises InvalidInput (`email`, `rights`), Conflict.

    Ten in a quarter of an hour, counted before they are looked at: an account neither fills strangers' mailboxes nor
    finds out who has a login here. Then NotAllowed (`locked_out`).
    """
    rights = list(rights)

    def intend(tx: Tx) -> int:
        return count_try(tx, f"family:{own_customer(tx).id}", _TRIES)

    login = exchange(ctx, intend=intend, call=lambda _try: None, record=lambda tx, _try, _: _invite(tx, email, rights))
    assert login is not None, "intend raises or returns an id"
    return login


@verb("family.invite")
def _invite(tx: Tx, email: str, rights: Iterable[str]) -> Login:
    customer, wanted = own_customer(tx), checked_rights(rights)
    mine = select(User).where(User.customer_id == customer.id, User.family)
    count = select(func.count()).select_from(mine.where(User.disabled.is_(False)).subquery())
    if int(tx.session.scalar(count) or 0) >= _MOST:
        raise Conflict(f"An account has up to {_MOST} further logins.", hint="remove one first")
    user = tx.session.scalar(mine.where(User.email == checked_email(email), User.disabled, User.disabled_because == ""))
    if user is None:
        user = new_login(
            tx, customer.seller_id, email, Role.CUSTOMER.value, customer_id=customer.id, family=True, permissions=wanted
        )
    user.permissions, user.disabled, user.password_hash = wanted, False, ""
    mail_link(tx, user, "invited", INVITATION_LASTS)
    note(tx, f"customer:{customer.id}", email=user.email, rights=wanted)
    return Login(user.id)
