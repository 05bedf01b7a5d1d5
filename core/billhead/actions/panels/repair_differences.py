"""Repair what the last comparison of a panel has found: all of it that free steps can mend, or one kind."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.provisioning.want import want
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.panels import Panel, PanelDifference
from billhead.models.subscriptions import Service

__all__ = ["KINDS", "RepairAsked", "preview_repair", "repair_differences"]

KINDS = ("missing", "differing", "extra")
_AT_MOST = 5000


@dataclass(frozen=True, slots=True)
class RepairAsked:
    panel_id: int
    lines: int


def preview_repair(session: Session, panel_id: int) -> dict[str, int]:
    """How many of each kind would be brought in step; kinds of which there is none are left out."""
    query = select(PanelDifference.kind, func.count()).where(*_mendable(panel_id, ""))
    return dict(session.execute(query.group_by(PanelDifference.kind)).all())


@verb("panels.repair", permission="panels.write")
def repair_differences(tx: Tx, panel_id: int, kind: str = "") -> RepairAsked:
    """Queues the lines; each is looked up again before anything is written. A line of ours that had ended and is back,
    serving, ends again. At most a few thousand at once, the rest by asking again.

    Raises Conflict when there is nothing to repair, or when so much is missing that the comparison was held: that is
    confirmed for the whole panel, after another look at it.
    """
    panel = tx.session.get(Panel, panel_id)
    if panel is None:
        raise NotFound("panel", panel_id)
    if kind not in ("", *KINDS):
        raise InvalidInput("kind", f"is one of {', '.join(KINDS)}")
    held = panel.reconcile_report.get("held")
    if held and kind in ("", "missing"):
        raise Conflict(f"{held}.", code="held", hint="Confirm it on the panel's page, which compares the panel again.")
    mendable = select(PanelDifference).where(*_mendable(panel_id, kind)).order_by(PanelDifference.id).limit(_AT_MOST)
    found = tx.session.scalars(mendable).all()
    if not found:
        raise Conflict("There is nothing that can be repaired.", hint="compare the panel again")
    numbers = [one.service_id for one in found]
    back = select(Service).where(Service.id.in_(numbers), Service.lifecycle == "gone").order_by(Service.id)
    ending = {service.id: service for service in tx.session.scalars(back.with_for_update())}
    for one in found:
        assert one.service_id is not None, "asked for"
        if one.service_id in ending:
            want(tx, ending[one.service_id], lifecycle="unwanted")  # it has come back, and ends once more
        else:
            queue_converge(tx, one.service_id, panel_id)
        one.repair = False  # asked for already
    return RepairAsked(panel_id, len(found))


def _mendable(panel_id: int, kind: str) -> list[ColumnElement[bool]]:
    mendable: list[ColumnElement[bool]] = [
        PanelDifference.panel_id == panel_id,
        PanelDifference.repair.is_(True),
        PanelDifference.service_id.is_not(None),
    ]
    return [*mendable, PanelDifference.kind == kind] if kind else mendable
