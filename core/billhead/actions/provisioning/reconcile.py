"""Compare a whole panel with what customers should have, and queue what differs.

The panel's list is streamed; our side is one query. Nothing is written to the panel here: a difference that the
operator's policy enforces becomes a converge job (free steps only), everything else is reported.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.provisioning._desired import PanelView, desired_of, panel_view
from billhead.actions.provisioning._observed import comparable
from billhead.actions.provisioning._queue import queue_converge
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import Desired, Free, ListedLine

__all__ = ["PanelReport", "reconcile_panel"]

_SHOWN = 200


@dataclass(slots=True)
class PanelReport:
    """Counts, and the first few of each kind by our reference or the panel's id. `differences` is their sum."""

    panel: str
    lines: int = 0
    services: int = 0
    in_step: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    repairs: list[int] = field(default_factory=list)

    @property
    def differences(self) -> int:
        return len(self.missing) + len(self.extra) + len(self.differing)

    def as_dict(self) -> dict[str, Any]:
        return {
            "panel": self.panel,
            "lines": self.lines,
            "services": self.services,
            "in_step": self.in_step,
            "differences": self.differences,
            "fields": dict(self.fields),
            "missing": self.missing[:_SHOWN],
            "extra": self.extra[:_SHOWN],
            "differing": self.differing[:_SHOWN],
            "repairs": len(self.repairs),
        }


@dataclass(slots=True)
class _Ours:
    view: PanelView
    wanted: dict[str, tuple[int, Desired]]


def reconcile_panel(ctx: Context, panel_id: int, *, repair: bool = True) -> PanelReport:
    """Compare and, with `repair`, queue a converge job for each line that is missing or differs.

    Raises PanelUnreachable when the list can't be read: half a list is never compared.
    """

    def intend(tx: Tx) -> _Ours:
        panel = tx.session.get_one(Panel, panel_id)
        view = panel_view(tx.session, panel)
        return _Ours(view, {d.handle.ref: (service_id, d) for service_id, d in _wanted(tx.session, view)})

    def record(tx: Tx, _ours: _Ours, report: PanelReport) -> PanelReport:
        panel = tx.session.get_one(Panel, panel_id)
        panel.reconciled_at, panel.reconcile_report = clock.business_now(), report.as_dict()
        for service_id in report.repairs if repair else ():
            queue_converge(tx, service_id, panel_id)
        return report

    report = exchange(ctx, intend=intend, call=_compare, record=record)
    assert report is not None, "intend always has something to compare"
    return report


def _wanted(session: Session, view: PanelView) -> Iterator[tuple[int, Desired]]:
    rows: Iterator[Row[Any]] = session.execute(
        select(*Service.__table__.c).where(Service.panel_id == view.id, Service.lifecycle == "wanted")
    )
    for row in rows:
        yield row.id, desired_of(row, view)


def _compare(ours: _Ours) -> PanelReport:
    view = ours.view
    report = PanelReport(view.code, services=len(ours.wanted))
    unseen = dict(ours.wanted)
    by_login = {desired.login: ref for ref, (_, desired) in ours.wanted.items()}
    for line in view.module.list_lines(view.connection):
        report.lines += 1
        ref = line.ref if line.ref in unseen else by_login.get(str(line.observed.login), "")
        pair = unseen.pop(ref, None)
        if pair is None:
            report.extra.append(line.ref or line.remote_id)
        else:
            _compare_line(report, view, pair, line)
    for ref, (service_id, _) in unseen.items():
        report.missing.append(ref)
        report.repairs.append(service_id)
    return report


def _compare_line(report: PanelReport, view: PanelView, pair: tuple[int, Desired], line: ListedLine) -> None:
    service_id, desired = pair
    steps = view.module.plan(
        view.connection, comparable(desired, line.observed, view.managed, clock.business_now()), line.observed
    )
    if not steps:
        report.in_step += 1
        return
    report.differing.append(desired.handle.ref)
    for step in steps:
        report.fields.update(step.changes if isinstance(step, Free) else ["purchase"])
    if all(isinstance(step, Free) for step in steps):
        report.repairs.append(service_id)
