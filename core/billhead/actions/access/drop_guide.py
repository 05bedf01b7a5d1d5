"""Take an operator's own guide away; where the house has one of that code and language, it is shown again."""

from dataclasses import dataclass

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.access import SetupGuide

__all__ = ["GuideDropped", "drop_guide"]


@dataclass(frozen=True, slots=True)
class GuideDropped:
    guide_id: int


@verb("access.drop_guide", permission="catalogue.write")
def drop_guide(tx: Tx, guide_id: int) -> GuideDropped:
    row = tx.session.get(SetupGuide, guide_id)
    if row is None:
        raise NotFound("guide", guide_id)
    note(tx, f"guide:{guide_id}", code=row.code, language=row.language)
    tx.session.delete(row)
    return GuideDropped(guide_id)
