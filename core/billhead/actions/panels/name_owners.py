"""Say which owner on a panel each reseller of ours is, and what happens to a line that has another one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.panels import Panel, PanelOwner
from billhead.models.people import Reseller

__all__ = ["HOUSE", "POLICIES", "NamedOwner", "OwnersNamed", "name_owners"]

HOUSE = "-"  # in place of a reseller's code: the house itself, for customers without a reseller
POLICIES = ("enforce", "report", "accept")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class NamedOwner:
    """`reseller`: the code of one of ours, or HOUSE; `remote`: the panel's id of it; `name`: as the panel calls it."""

    reseller: str
    remote: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class OwnersNamed:
    panel_id: int
    named: int


@verb("panels.name_owners", permission="panels.write")
def name_owners(tx: Tx, panel_id: int, owners: Sequence[NamedOwner], policy: str) -> OwnersNamed:
    """Replace the panel's whole list; two resellers may share an owner there. Lines follow when they are next brought
    in step. `policy` for a line of another owner: enforce (put right), report (a difference that nobody mends), accept.

    Raises NotFound, or InvalidInput for a reseller that does not exist or is named twice.
    """
    session = tx.session
    panel = session.get(Panel, panel_id, with_for_update=True)
    if panel is None:
        raise NotFound("panel", panel_id)
    if policy not in POLICIES:
        raise InvalidInput("policy", f"{policy!r} is none of {', '.join(POLICIES)}")
    codes = {owner.reseller for owner in owners}
    ours = select(Reseller.code, Reseller.id).where(Reseller.seller_id == panel.seller_id, Reseller.code.in_(codes))
    resellers = dict(session.execute(ours).all())
    rows = [_row(panel_id, owner, resellers) for owner in owners]
    if len(codes) < len(rows):
        raise InvalidInput("on", "names a reseller twice")
    session.execute(delete(PanelOwner).where(PanelOwner.panel_id == panel_id))
    session.add_all(rows)
    panel.managed = {**panel.managed, "owner": policy}
    return OwnersNamed(panel_id, len(rows))


def _row(panel_id: int, owner: NamedOwner, resellers: dict[str, int]) -> PanelOwner:
    if owner.reseller != HOUSE and owner.reseller not in resellers:
        raise InvalidInput("on", f"there is no reseller {owner.reseller!r}")
    if not owner.remote or len(owner.remote) > _LONGEST:
        raise InvalidInput("on", f"{owner.reseller} needs the id of an owner on the panel")
    reseller_id = None if owner.reseller == HOUSE else resellers[owner.reseller]
    return PanelOwner(panel_id=panel_id, reseller_id=reseller_id, remote=owner.remote, name=owner.name[:_LONGEST])
