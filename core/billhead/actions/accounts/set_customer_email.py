"""Staff give a customer another e-mail address: to be written to at, and to sign in by."""

from sqlalchemy import select

from billhead.actions.accounts._known_address import check_unused
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.accounts._put_email import put_email
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.people import Customer, User

__all__ = ["set_customer_email"]


@verb("accounts.set_customer_email", permission="customers.write")
def set_customer_email(tx: Tx, customer_id: int, email: str) -> None:
    """At once and without a link: staff have asked who it is. The address of before is told, where it has a login.

    Raises NotFound, InvalidInput (`email`), or NotAllowed for a reseller's without resellers.write.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None or customer.erased_at is not None:
        raise NotFound("customer", customer_id)
    email, before = checked_email(email), customer.email
    if email == before:
        raise InvalidInput("email", "this is its address already")
    main = select(User).where(User.customer_id == customer_id, User.family.is_(False)).order_by(User.id).limit(1)
    user = tx.session.scalar(main.with_for_update())
    if user is not None and user.role != Role.CUSTOMER.value and not tx.ctx.may("resellers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change how a reseller signs in: it needs resellers.write")
    if user is None:
        check_unused(tx, customer.seller_id, email, but=customer_id)
    elif user.email != email:
        put_email(tx, user, email, "email_set")
    customer.email = email
    note(tx, f"customer:{customer_id}", **{"from": before, "to": email})
