"""The rows of what customers agreed to, for actions that are permitted otherwise: signing up, the link in a mail."""

from sqlalchemy import select, update

from billhead import clock
from billhead.db import Tx
from billhead.domain.consent import Agreed
from billhead.models.consents import Consent
from billhead.models.people import Customer

__all__ = ["agrees_to", "end_consent", "keep_consent"]


def keep_consent(tx: Tx, customer_id: int, what: Agreed, version: str = "", address: str = "") -> None:
    """The customer's row is locked: one agreement, one row, however often it is sent."""
    tx.session.get_one(Customer, customer_id, with_for_update=True)
    if agrees_to(tx, customer_id, what) != version:
        tx.session.add(
            Consent(customer_id=customer_id, what=what.value, version=version, at=clock.now(), address=address)
        )
        tx.session.flush()


def agrees_to(tx: Tx, customer_id: int, what: Agreed) -> str | None:
    """The version that holds; None: none does."""
    newest = (
        select(Consent.version, Consent.withdrawn_at)
        .where(Consent.customer_id == customer_id, Consent.what == what.value)
        .order_by(Consent.id.desc())
        .limit(1)
    )
    found = tx.session.execute(newest).one_or_none()
    return None if found is None or found.withdrawn_at is not None else found.version


def end_consent(tx: Tx, customer_id: int, what: Agreed) -> None:
    standing = (Consent.customer_id == customer_id, Consent.what == what.value, Consent.withdrawn_at.is_(None))
    tx.session.execute(update(Consent).where(*standing).values(withdrawn_at=clock.now()))
