"""Make a copy ready to be lived in: what belongs to the world outside is taken out of it."""

from typing import Any

from sqlalchemy import delete, select, update

from billhead.db import Tx
from billhead.models.operations import EventDelivery, FreezeSwitch, Job, Notice
from billhead.models.panels import Panel
from billhead.models.support import Department

__all__ = ["prepare", "take_out_reconciling"]

_OUTSIDE = (
    *("callbacks.apply", "events.deliver", "plugins.periodic", "provisioning.reconcile", "simulations.run"),
    "support.fetch_mail",
)
_RECONCILING = ("provisioning.reconcile", "provisioning.reconcile_all")


def prepare(tx: Tx) -> list[str]:
    """Forget what waits for the world outside, let what was stopped go on; returns what a reader should know of it."""
    notes: list[str] = []
    session = tx.session
    session.execute(delete(Job).where(Job.kind.in_(_OUTSIDE)))
    session.execute(delete(Job).where(Job.state.in_(["done", "failed", "parked", "canceled"])))
    session.execute(update(Job).where(Job.state == "running").values(state="queued"))
    session.execute(delete(EventDelivery).where(EventDelivery.state == "pending"))
    session.execute(
        update(Notice).where(Notice.state.in_(["queued", "failed", "sending", "held"])).values(state="sent")
    )
    session.execute(delete(Job).where(Job.kind == "notices.send"))
    session.execute(update(Department).values(settings={}, secrets=""))  # whose mailboxes are not read
    for switch in session.scalars(select(FreezeSwitch).where(FreezeSwitch.on)):
        notes.append(f"all {switch.name} are stopped in real life; in the simulation they go on")
        switch.on = False
    stopped: Any = session.execute(
        update(Panel)
        .where(Panel.maintenance | Panel.open_until.is_not(None))
        .values(maintenance=False, open_until=None)
    )
    if stopped.rowcount:
        notes.append(
            f"{stopped.rowcount} panels are under maintenance or not called now; in the simulation they answer"
        )
    return notes


def take_out_reconciling(tx: Tx) -> None:
    """Panels that are always in step have nothing to be reconciled with."""
    tx.session.execute(delete(Job).where(Job.kind.in_(_RECONCILING), Job.state == "queued"))
