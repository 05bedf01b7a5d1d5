"""Stop giving days: what was given by now stays given."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.subscriptions import DayGift

__all__ = ["GiftStopped", "cancel_gift"]


@dataclass(frozen=True, slots=True)
class GiftStopped:
    gift_id: int
    given: int


@verb("subscriptions.cancel_gift", permission="subscriptions.write")
def cancel_gift(tx: Tx, gift_id: int) -> GiftStopped:
    """Raises NotFound, or Conflict when it is over already."""
    gift = tx.session.get(DayGift, gift_id, with_for_update=True)
    if gift is None:
        raise NotFound("gift of days", gift_id)
    if gift.state != "running":
        raise Conflict(f"this gift of days is {gift.state} already")
    gift.state, gift.finished_at = "canceled", clock.now()
    return GiftStopped(gift_id, gift.given)
