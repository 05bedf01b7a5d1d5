"""Staff change what a line of a draft says and costs, never which period it is for."""

from dataclasses import dataclass

from billhead.actions.documents._changeable import locked_line, recompute
from billhead.actions.documents._wording import said
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.periods import Period
from billhead.domain.proration import mode_of, whole_of
from billhead.models.catalogue import Plan
from billhead.models.documents import DocumentLine

__all__ = ["Changed", "change_line"]


@dataclass(frozen=True, slots=True)
class Changed:
    line_id: int
    document_id: int


@verb("documents.change_line", permission="documents.write")
def change_line(tx: Tx, line_id: int, description: str, quantity: int, unit_minor: int) -> Changed:
    """The line costs quantity × unit from now on; what it was stands in the audit trail, with the reason.

    Raises InvalidInput (also without a reason), NotFound, or Conflict: final already, or it gives something back.
    """
    if not tx.ctx.reason.strip():
        raise InvalidInput("reason", "say why the line is changed")
    draft, line = locked_line(tx, line_id)
    if line.corrects_line_id is not None:
        raise Conflict("this line gives back what was billed: its amount is that of the line it corrects")
    text = said(description, quantity, unit_minor)
    before = {"description": line.description, "quantity": line.quantity, "unit_minor": line.unit_minor}
    before["net_minor"] = line.net_minor
    line.description, line.quantity, line.unit_minor = text, quantity, unit_minor
    line.net_minor, line.tax_minor, line.discount_minor = unit_minor * quantity, 0, 0
    line.cycle_minor = _whole(tx, line)
    recompute(tx, draft)
    after = {"description": text, "quantity": quantity, "unit_minor": unit_minor, "net_minor": line.net_minor}
    note(tx, f"document:{draft.id}", line_id=line.id, before=before, after=after)
    return Changed(line.id, draft.id)


def _whole(tx: Tx, line: DocumentLine) -> int | None:
    """Of a part of a cycle: what all of it costs by what the part costs now. Later changes go by that."""
    if line.cycle_minor is None or not (line.cycle_start and line.cycle_end and line.period_start and line.period_end):
        return None
    mode = mode_of(tx.session.get_one(Plan, line.plan_id).proration, line.term)
    part, cycle = Period(line.period_start, line.period_end), Period(line.cycle_start, line.cycle_end)
    return whole_of(line.net_minor, part, cycle, mode)
