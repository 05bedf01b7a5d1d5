"""Another e-mail address for a login, and for the customer who is written to at the same one."""

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from billhead.actions.accounts._known_address import check_free, taken
from billhead.actions.accounts._telling import tell_change
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.models.people import Customer, OneTimeToken, User

__all__ = ["EMAIL_PUT", "put_email"]

EMAIL_PUT = "accounts.put_email"
"""In the audit trail of a login: nobody has proved before this line that they read the mail of its address."""


def put_email(tx: Tx, user: User, email: str, what: str) -> None:
    """The address of before is told, by `what` of WORDS in notifications/_logins.py. Links that were mailed there end;
    sessions go on: nobody knows more of the login than before. Raises InvalidInput (`email`) where a login has it."""
    check_free(tx.session, user.seller_id, email)
    tell_change(tx, user, what)
    tx.session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user.id))
    customer = tx.session.get(Customer, user.customer_id) if user.customer_id is not None else None
    if customer is not None and not user.family and customer.email.lower() == user.email:
        customer.email = email
    try:
        with tx.session.begin_nested():
            user.email = email
    except IntegrityError as error:  # two at once
        raise taken(email) from error
    audit(tx, EMAIL_PUT, f"user:{user.id}", {})
