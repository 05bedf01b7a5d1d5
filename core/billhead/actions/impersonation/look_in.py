"""Open the area of a customer or reseller in the browser of staff, as the person sees it."""

from datetime import timedelta

from sqlalchemy import update

from billhead import clock
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.people import Customer, Reseller, UserSession
from billhead.models.sign_in import Impersonation

__all__ = ["look_in"]

LASTS = timedelta(minutes=30)


@verb("people.look_in", permission="people.look_in")
def look_in(tx: Tx, session_id: int, *, customer_id: int | None = None, reseller_id: int | None = None) -> None:
    """In this session of the acting staff, whose other visits end. Raises InvalidInput without a reason, which the
    person can read; NotFound."""
    if not tx.ctx.reason.strip():
        raise InvalidInput("reason", "say why: the person can read it")
    if tx.ctx.user_id is None or tx.ctx.behind is not None:
        raise NotAllowed("Only a signed-in person of staff looks in.")
    session = tx.session.get(UserSession, session_id)
    if session is None or session.user_id != tx.ctx.user_id:
        raise NotFound("session", session_id)
    kind, key = (Customer, customer_id) if customer_id is not None else (Reseller, reseller_id)
    if key is None or tx.session.get(kind, key) is None:
        raise NotFound("customer" if customer_id is not None else "reseller", key)
    at = clock.now()
    before = update(Impersonation).where(Impersonation.session_id == session_id, Impersonation.ended_at.is_(None))
    tx.session.execute(before.values(ended_at=at))
    row = Impersonation(
        session_id=session_id,
        staff_id=tx.ctx.user_id,
        customer_id=customer_id,
        reseller_id=reseller_id,
        reason=tx.ctx.reason.strip()[:500],
        started_at=at,
        ends_at=at + LASTS,
    )
    tx.session.add(row)
    note(tx, f"customer:{key}" if customer_id is not None else f"reseller:{key}")
