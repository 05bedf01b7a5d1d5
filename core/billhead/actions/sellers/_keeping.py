"""What a seller decides, in one column of its row each."""

from typing import Any

from billhead.actions.verb import note
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.sellers import Seller

__all__ = ["keep_rules"]


def keep_rules(tx: Tx, seller_id: int, column: str, stored: dict[str, Any]) -> None:
    """Keep what has been checked, and in the row of the verb what stood there before. Raises NotFound."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    before = getattr(seller, column)
    setattr(seller, column, stored)
    note(tx, f"seller:{seller_id}", before=before, after=stored)
