"""Let a panel rest: no line is written to it and no new line is put on it, until it is switched back."""

from dataclasses import dataclass

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.panels import Panel

__all__ = ["MaintenanceSet", "set_maintenance"]


@dataclass(frozen=True, slots=True)
class MaintenanceSet:
    panel_id: int
    on: bool


@verb("panels.maintenance", permission="panels.write")
def set_maintenance(tx: Tx, panel_id: int, on: bool) -> MaintenanceSet:
    """What is wanted meanwhile waits in the queue and is done when the switch is off again."""
    panel = tx.session.get(Panel, panel_id, with_for_update=True)
    if panel is None:
        raise NotFound("panel", panel_id)
    panel.maintenance = on
    return MaintenanceSet(panel_id, on)
