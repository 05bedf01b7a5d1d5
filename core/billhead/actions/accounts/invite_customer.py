"""A customer that has no login gets one, or the link to its first password once more."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.accounts._links import INVITATION_LASTS, mail_link
from billhead.actions.accounts._new_login import new_login
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.people import Customer, User

__all__ = ["Invited", "invite_customer"]


@dataclass(frozen=True, slots=True)
class Invited:
    user_id: int


@verb("accounts.invite_customer", permission="customers.write")
def invite_customer(tx: Tx, customer_id: int) -> Invited:
    """Mail the welcome with a link that holds three days, to the customer's address. Links from before end.

    Raises NotFound, InvalidInput (`email`: none, or another login's) or Conflict (it has set a password already).
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None or customer.erased_at is not None:
        raise NotFound("customer", customer_id)
    main = select(User).where(User.customer_id == customer_id, User.family.is_(False)).order_by(User.id).limit(1)
    user = tx.session.scalar(main)
    if user is None:
        if not customer.email:
            raise InvalidInput("email", "this customer has no e-mail address")
        user = new_login(tx, customer.seller_id, customer.email, Role.CUSTOMER.value, customer_id=customer.id)
    elif user.disabled or user.password_hash:
        raise Conflict(
            f"{user.email} has a login already", hint="who forgot the password is mailed a link by the sign-in page"
        )
    mail_link(tx, user, "welcome", INVITATION_LASTS)
    note(tx, f"customer:{customer_id}", email=user.email)
    return Invited(user.id)
