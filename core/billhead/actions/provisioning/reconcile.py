"""Compare a whole panel with what customers should have, and queue what differs.

The panel's list is streamed; our side is one query. Nothing is written to the panel here: a difference that the
operator's policy enforces becomes a converge job (free steps only), everything else is reported.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.provisioning._desired import PanelView, desired_of, panel_view
from billhead.actions.provisioning._observed import comparable, enforced
from billhead.actions.provisioning._owners import owners_on
from billhead.actions.provisioning._queue import queue_converge
from billhead.db import Tx, reading
from billhead.domain.context import Context
from billhead.domain.errors import PanelUnreachable
from billhead.models.panels import Panel
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import CannotTell, Desired, Found, Free, Impossible, LineKind, ListedLine, Step

__all__ = ["PanelReport", "reconcile_panel"]

_SHOWN = 200


@dataclass(slots=True)
class PanelReport:
    """Counts, and the first few of each kind by our reference or the panel's id. `differences` is their sum.

    `missing`: paid for, but not there · `extra`: there, but nobody's, or no longer wanted · `differing`: in what is
    counted by `fields`, with `banned` for a ban by the panel's own staff.
    """

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
    """Services by our reference. `wanted` are paid for; `ended` are being removed, or were."""

    view: PanelView
    wanted: dict[str, Row[Any]]
    ended: dict[str, Row[Any]]
    owners: Mapping[int | None, str]  # reseller → the panel's id; empty where the panel knows none
    by_id: dict[int, Row[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {row.id: row for row in self.wanted.values()}

    def desired(self, row: Row[Any]) -> Desired:
        owner = self.owners.get(row.reseller_id, "") if self.owners else ""
        return desired_of(row, self.view, self.by_id.get(row.paired_with_id), owner=owner)


def reconcile_panel(ctx: Context, panel_id: int, *, repair: bool = True) -> PanelReport:
    """Compare and, with `repair`, queue a converge job for each line that is missing or differs.

    Raises PanelUnreachable when the list can't be read: half a list is never compared.
    """
    ours = _read(panel_id)  # not in a writing transaction: it is long on a large panel

    def record(tx: Tx, _ours: _Ours, report: PanelReport) -> PanelReport:
        panel = tx.session.get_one(Panel, panel_id)
        panel.reconciled_at, panel.reconcile_report = clock.business_now(), report.as_dict()
        for service_id in report.repairs if repair else ():
            queue_converge(tx, service_id, panel_id)
        return report

    report = exchange(ctx, intend=lambda _tx: ours, call=_compare, record=record)
    assert report is not None, "there is always something to compare"
    return report


def _read(panel_id: int) -> _Ours:
    with reading() as session:
        view = panel_view(session, session.get_one(Panel, panel_id))
        paid = Service.desired_expires_at.is_not(None)
        wanted = select(*Service.__table__.c).where(Service.panel_id == panel_id, Service.lifecycle == "wanted", paid)
        owners = owners_on(session, view)
        if owners:
            wanted = (
                wanted.add_columns(Customer.reseller_id)
                .join_from(Service, Subscription)
                .join(Customer, Customer.id == Subscription.customer_id)
            )
        ended = select(Service.id, Service.handle, Service.lifecycle, Service.created_by_us).where(
            Service.panel_id == panel_id, Service.lifecycle != "wanted"
        )
        return _Ours(view, _by_handle(session.execute(wanted)), _by_handle(session.execute(ended)), owners)


def _by_handle(rows: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    return {row.handle: row for row in rows}


def _compare(ours: _Ours) -> PanelReport:
    view = ours.view
    report = PanelReport(view.code, services=len(ours.wanted))
    unseen = dict(ours.wanted)
    by_name = {name: ref for ref, row in ours.wanted.items() for name in (row.mac, row.login) if name}
    lines = view.module.list_lines(view.connection) if view.capabilities.listing else _one_by_one(ours)
    for line in lines:
        report.lines += 1
        # without a reference of ours (wiped out, or never written) login or MAC tell; with somebody else's they do not
        seen = line.observed
        ref = line.ref or by_name.get(str(seen.login)) or by_name.get(str(seen.mac), "")
        row = unseen.pop(ref, None)
        if row is None:
            _note_extra(report, ours.ended.get(ref), line)
        else:
            _compare_line(report, ours, row, line)
    for ref, row in unseen.items():
        report.missing.append(ref)
        report.repairs.append(row.id)
    return report


def _one_by_one(ours: _Ours) -> Iterable[ListedLine]:
    """For a panel that lists nothing: each of our lines is looked up. Strangers' lines are not seen that way."""
    view = ours.view
    for ref, row in ours.wanted.items():
        answer = view.module.look_up(view.connection, ours.desired(row))
        if isinstance(answer, CannotTell):
            raise PanelUnreachable(f"panel {view.code} can't tell whether it has the line {ref}: {answer.why}")
        if isinstance(answer, Found):
            yield ListedLine(ref, ref, LineKind(row.kind), answer.observed)


def _note_extra(report: PanelReport, ended: Row[Any] | None, line: ListedLine) -> None:
    """A line that should not be there, unless it is the blocked remains that a panel keeps of an ended one."""
    if ended is not None and ended.lifecycle == "gone" and line.observed.blocked is True:
        return
    report.extra.append(line.ref or line.remote_id)
    if ended is not None and ended.lifecycle == "unwanted" and ended.created_by_us:
        report.repairs.append(ended.id)


def _compare_line(report: PanelReport, ours: _Ours, row: Row[Any], line: ListedLine) -> None:
    view, desired, now = ours.view, ours.desired(row), clock.business_now()
    seen = _steps(view, comparable(desired, line.observed, view.managed, now, ("accept",)), line)
    differing = enforced(seen, view.managed, ("accept",))
    if not differing and not line.observed.banned:
        report.in_step += 1
        return
    report.differing.append(desired.handle.ref)
    if line.observed.banned:
        report.fields["banned"] += 1
    for step in differing:
        report.fields.update(_fields(step))
    steps = differing
    if view.managed:
        steps = enforced(_steps(view, comparable(desired, line.observed, view.managed, now), line), view.managed)
    if steps and all(isinstance(step, Free) for step in steps):
        report.repairs.append(row.id)


def _steps(view: PanelView, desired: Desired, line: ListedLine) -> Sequence[Step]:
    return view.module.plan(view.connection, desired, line.observed)


def _fields(step: Step) -> Iterable[str]:
    if isinstance(step, Free):
        return step.changes
    return [step.field] if isinstance(step, Impossible) else ["purchase"]
