"""Queue a comparison of a whole panel with what customers should have."""

from dataclasses import dataclass

from billhead.actions.provisioning._queue import queue_reconcile
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.panels import Panel

__all__ = ["ReconcileAsked", "ask_reconcile"]


@dataclass(frozen=True, slots=True)
class ReconcileAsked:
    panel_id: int
    job: int


@verb("panels.reconcile", permission="panels.write")
def ask_reconcile(tx: Tx, panel_id: int, *, confirmed: bool = False) -> ReconcileAsked:
    """The job reads the panel's whole list; its report stands on the panel's page afterwards. `confirmed`: it repairs
    also where so many lines are missing that it would stop and ask."""
    if tx.session.get(Panel, panel_id) is None:
        raise NotFound("panel", panel_id)
    return ReconcileAsked(panel_id, queue_reconcile(tx, panel_id, confirmed=confirmed))
