"""Drop rejected events: they are not to be counted. Told again later, each is looked at as if it were new."""

from dataclasses import dataclass

from sqlalchemy import delete, select

from billhead.actions.usage._rejects import AT_ONCE, ChosenRejects
from billhead.actions.verb import verb
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.usage import UsageReject

__all__ = ["RejectsDropped", "drop_rejects"]


@dataclass(frozen=True, slots=True)
class RejectsDropped:
    """`last_id` is where to go on (0: at the end)."""

    events: int
    last_id: int


@verb("usage.drop_rejects", permission="usage.write")
def drop_rejects(tx: Tx, chosen: ChosenRejects, *, upto: int, after: int = 0) -> RejectsDropped:
    """The next of them after one id and up to another. Raises InvalidInput without a reason."""
    if not tx.ctx.reason.strip():
        raise InvalidInput("reason", "say why: colleagues read it in the audit trail")
    one = UsageReject
    wanted = select(one.id).where(*chosen.conditions(), one.id > after, one.id <= upto)
    ids = tx.session.scalars(wanted.order_by(one.id).limit(AT_ONCE).with_for_update()).all()
    tx.session.execute(delete(one).where(among(one.id, ids, tx.session)))
    return RejectsDropped(len(ids), ids[-1] if len(ids) == AT_ONCE else 0)
