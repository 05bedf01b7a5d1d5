"""The family logins of the customer whose main login acts."""

from collections.abc import Iterable

from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.domain.rights import FAMILY_RIGHTS
from billhead.models.people import Customer, User

__all__ = ["checked_rights", "own_customer", "own_member"]


def own_customer(tx: Tx) -> Customer:
    """Locked: two invitations at once are one after the other. Raises NotAllowed for whoever is not its main login."""
    customer_id = tx.ctx.scope.customer_id
    if customer_id is None or not tx.ctx.may("own.family"):
        raise NotAllowed("Only the main login of an account gives logins.")
    return tx.session.get_one(Customer, customer_id, with_for_update=True)


def own_member(tx: Tx, user_id: int) -> User:
    customer, user = own_customer(tx), tx.session.get(User, user_id)
    if user is None or user.customer_id != customer.id or not user.family or user.disabled:
        raise NotFound("login", user_id)
    return user


def checked_rights(given: Iterable[str]) -> list[str]:
    rights = sorted(set(given))
    if not rights or not FAMILY_RIGHTS.keys() >= set(rights):
        raise InvalidInput("rights", "choose what this person may do")
    return rights
