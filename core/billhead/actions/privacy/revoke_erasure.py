"""Who wanted to be forgotten has thought again."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.privacy._logins import open_logins
from billhead.actions.privacy._own import person_to_decide
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.privacy import OPEN, ErasureState
from billhead.models.privacy import ErasureRequest

__all__ = ["revoke_erasure"]


@verb("privacy.revoke_erasure")
def revoke_erasure(tx: Tx, customer_id: int) -> None:
    """Raises Conflict where none waits, or lines are being ended already."""
    person_to_decide(tx, customer_id)
    open_one = select(ErasureRequest).where(ErasureRequest.customer_id == customer_id, ErasureRequest.state.in_(OPEN))
    row = tx.session.scalar(open_one.with_for_update())
    if row is None:
        raise Conflict("there is no erasure to revoke")
    if row.state == ErasureState.ENDING.value:
        raise Conflict("it has begun: the lines are being ended")
    open_logins(tx, row)
    row.state, row.said, row.finished_at = ErasureState.REVOKED.value, "", clock.now()
    note(tx, f"customer:{customer_id}", erasure_id=row.id)
