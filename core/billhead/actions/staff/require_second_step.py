"""All staff of a seller must sign in with a second step, or need not any more."""

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.sellers import Seller

__all__ = ["require_second_step"]


@verb("staff.require_second_step", permission="staff.write")
def require_second_step(tx: Tx, seller_id: int, required: bool) -> None:
    """Who has none is led to set one up at their next click; nobody is locked out."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    seller.staff_two_step = required
    note(tx, f"seller:{seller.id}", required=required)
