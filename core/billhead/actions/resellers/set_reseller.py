"""Change what a reseller is called, what it may do, and how far it may spend what it has not."""

from dataclasses import dataclass

from billhead.actions.resellers._rights import Rights, checked_rights, effective_rights
from billhead.actions.resellers._rights_lost import RightsPreview, rights_lost
from billhead.actions.resellers._tree import lock_below
from billhead.actions.resellers._wallet import owed_by
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.money import CREDITS, Money
from billhead.models.people import Reseller

__all__ = ["ResellerEntry", "ResellerSet", "RightsPreview", "preview_set_reseller", "set_reseller"]


@dataclass(frozen=True, slots=True)
class ResellerEntry:
    """`credit_line`: how much it may owe, None: as before. Only staff sets it, as it is the operator's risk."""

    name: str
    rights: Rights
    credit_line: Money | None = None


@dataclass(frozen=True, slots=True)
class ResellerSet:
    reseller_id: int


def preview_set_reseller(tx: Tx, reseller_id: int, entry: ResellerEntry) -> RightsPreview:
    """What `set_reseller` would touch. Raises what it raises."""
    reseller = lock_below(tx, reseller_id)
    _checked(tx, reseller, entry)
    return rights_lost(tx.session, reseller, entry.rights)


@verb("resellers.set_reseller")
def set_reseller(tx: Tx, reseller_id: int, entry: ResellerEntry) -> ResellerSet:
    """Staff may for everybody, a super-reseller for those below it, and never more than whoever stands above has.

    Raises NotFound, NotAllowed, InvalidInput (field and reason), or Conflict (it owes more than the new credit line).
    """
    reseller = lock_below(tx, reseller_id)
    before = {"name": reseller.name, "rights": dict(reseller.rights), "credit_line_minor": reseller.credit_line_minor}
    reseller.rights = _checked(tx, reseller, entry)
    reseller.name = " ".join(entry.name.split())
    if entry.credit_line is not None and entry.credit_line.minor != reseller.credit_line_minor:
        _set_line(tx, reseller, entry.credit_line)
    note(tx, f"reseller:{reseller.id}", before=before)
    return ResellerSet(reseller.id)


def _checked(tx: Tx, reseller: Reseller, entry: ResellerEntry) -> dict[str, object]:
    if not 1 <= len(" ".join(entry.name.split())) <= 200:
        raise InvalidInput("name", "is missing or longer than 200 letters")
    above = effective_rights(tx.session, reseller.parent_id) if reseller.parent_id is not None else None
    return checked_rights(tx.session, reseller.seller_id, entry.rights, above)


def _set_line(tx: Tx, reseller: Reseller, line: Money) -> None:
    if not tx.ctx.scope.everything:
        raise NotAllowed("only the operator lends credits")
    if line.currency != CREDITS or line.minor < 0:
        raise InvalidInput("credit_line", "must be credits from zero up")
    owed = owed_by(tx, reseller)
    if owed > line:
        raise Conflict(f"{reseller.name} owes {owed} already", hint="let it pay that back first")
    reseller.credit_line_minor = line.minor
