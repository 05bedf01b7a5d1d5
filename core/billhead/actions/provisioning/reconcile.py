"""Compare a whole panel with what customers should have, and queue what differs.

The panel's list is streamed, and our side is read for a few hundred lines of it at a time. Nothing is written to the
panel here: a difference that the operator's policy enforces becomes a converge job (free steps only), everything else
is reported. Where so many lines are missing that the list itself is in doubt, nothing is repaired until a person says
so: the panel's brake.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, delete, insert

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.provisioning._observed import comparable, enforced
from billhead.actions.provisioning._our_side import OurSide, Rows, batches
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.provisioning._report import Difference, PanelReport
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.domain.errors import PanelUnreachable
from billhead.models.panels import Panel, PanelDifference
from billhead.plugin import UNOBSERVABLE, CannotTell, Desired, Found, Free, Impossible, LineKind, ListedLine, Step

__all__ = ["PanelReport", "reconcile_panel"]

_FEW = 10  # so many lines may be missing on any panel before its brake is asked
_QUEUED_AT_ONCE = 200


def reconcile_panel(ctx: Context, panel_id: int, *, repair: bool = True, confirmed: bool = False) -> PanelReport:
    """Compare and, with `repair`, queue a converge job for each line that is missing or differs.

    `confirmed`: a person has seen how many are missing. Raises PanelUnreachable when the list can't be read: half a
    list is never compared.
    """
    ours = OurSide.of(panel_id)

    def record(tx: Tx, _ours: OurSide, report: PanelReport) -> PanelReport:
        panel = tx.session.get_one(Panel, panel_id, with_for_update=True)  # the command may compare it beside the job
        if not confirmed:
            report.held = _brake(panel, report)
        if report.short:
            panel.bouquets_read_to = report.turn.last
        panel.reconciled_at, panel.reconcile_report = clock.business_now(), report.as_dict()
        _keep(tx, panel_id, report)
        return report

    report = exchange(ctx, intend=lambda _tx: ours, call=_compare, record=record)
    assert report is not None, "there is always something to compare"
    if repair and not report.held:
        for ids in batches(report.repairs, _QUEUED_AT_ONCE):  # short transactions: nobody waits for a long repair
            with writing(ctx) as tx:
                for service_id in ids:
                    queue_converge(tx, service_id, panel_id)
    return report


def _brake(panel: Panel, report: PanelReport) -> str:
    missing = len(report.missing)
    if missing <= _FEW or not panel.brake_percent or missing * 100 <= report.services * panel.brake_percent:
        return ""
    return (
        f"lines missing: {missing} of {report.services}, more than {panel.brake_percent} per cent: is it the right "
        "panel, and whole? Nothing is repaired until you say so"
    )


def _keep(tx: Tx, panel_id: int, report: PanelReport) -> None:
    """The differences of the last comparison, for its page and its CSV."""
    tx.session.execute(delete(PanelDifference).where(PanelDifference.panel_id == panel_id))
    for found in batches(report.found):
        rows = [
            {
                "panel_id": panel_id,
                "kind": one.kind,
                "ref": one.ref,
                "login": one.login,
                "service_id": one.service_id,
                "fields": " ".join(one.fields),
                "repair": one.repair,
            }
            for one in found
        ]
        tx.session.execute(insert(PanelDifference), rows)


def _compare(ours: OurSide) -> PanelReport:
    view = ours.view
    report = PanelReport(view.code, services=len(ours.wanted), coming=ours.coming, turn=ours.turn)
    unseen = set(ours.wanted)
    lines = view.module.list_lines(view.connection) if view.capabilities.listing else _one_by_one(ours)
    for batch in batches(lines):
        rows = ours.rows_of(batch)
        for line in batch:
            report.lines += 1
            row = rows.of(line)
            if row is not None and row.id in unseen:
                unseen.remove(row.id)
                _compare_line(report, ours, rows, row, _whole(report, ours, rows, row, line))
            elif row is None or row.id not in ours.wanted or row.lifecycle != "wanted":
                _note_extra(report, row, line)
            else:
                _note_extra(report, None, line)  # a second line of that reference
    for ids in batches(sorted(unseen)):
        for row in ours.rows_with(ids).by_ref.values():
            if row.lifecycle == "wanted":
                report.found.append(Difference("missing", row.handle, row.login, row.id, repair=True))
    return report


def _whole(report: PanelReport, ours: OurSide, rows: Rows, row: Row[Any], line: ListedLine) -> ListedLine:
    """The line as the list has it; read by itself where that leaves bouquets out and it is the line's turn."""
    if not ours.view.capabilities.bouquets or line.observed.bouquets is not UNOBSERVABLE:
        return line
    report.short += 1
    if row.id not in ours.turn.ids:
        return line
    report.read_whole += 1
    answer = ours.view.module.look_up(ours.view.connection, ours.desired(row, rows))
    return replace(line, observed=answer.observed) if isinstance(answer, Found) else line


def _one_by_one(ours: OurSide) -> Iterable[ListedLine]:
    """For a panel that lists nothing: each of our lines is looked up. Strangers' lines are not seen that way."""
    view = ours.view
    for ids in batches(sorted(ours.wanted)):
        rows = ours.rows_with(ids)
        for ref, row in rows.by_ref.items():
            answer = view.module.look_up(view.connection, ours.desired(row, rows))
            if isinstance(answer, CannotTell):
                raise PanelUnreachable(f"panel {view.code} can't tell whether it has the line {ref}: {answer.why}")
            if isinstance(answer, Found):
                yield ListedLine(ref, ref, LineKind(row.kind), answer.observed)


def _note_extra(report: PanelReport, ended: Row[Any] | None, line: ListedLine) -> None:
    """A line that should not be there, unless it is the blocked remains that a panel keeps of an ended one, or a line
    that was ordered while the list was read."""
    if ended is not None and ended.lifecycle == "gone" and line.observed.blocked is True:
        return
    if ended is not None and ended.lifecycle == "wanted" and ended.desired_expires_at is not None:
        return
    if ended is not None and ended.lifecycle in ("arriving", "leaving"):
        return  # a move sees to it
    ours = ended is not None and ended.lifecycle in ("unwanted", "gone") and ended.created_by_us
    came_back = ours and ended is not None and ended.lifecycle == "gone"  # from a backup
    login = line.observed.login if isinstance(line.observed.login, str) else ""
    service_id = ended.id if ended is not None else None
    name = line.ref or line.remote_id
    report.found.append(Difference("extra", name, login, service_id, repair=ours, by_hand=came_back))


def _compare_line(report: PanelReport, ours: OurSide, rows: Rows, row: Row[Any], line: ListedLine) -> None:
    view, desired, now = ours.view, ours.desired(row, rows), clock.business_now()
    seen = _steps(ours, comparable(desired, line.observed, view.managed, now, ("accept",)), line)
    differing = enforced(seen, view.managed, ("accept",))
    if not differing and not line.observed.banned:
        report.in_step += 1
        return
    fields = [name for step in differing for name in _fields(step)]
    if line.observed.banned:
        fields.append("banned")
    report.fields.update(fields)
    steps = differing
    if view.managed:
        steps = enforced(_steps(ours, comparable(desired, line.observed, view.managed, now), line), view.managed)
    free = bool(steps) and all(isinstance(step, Free) for step in steps)
    report.found.append(Difference("differing", row.handle, row.login, row.id, tuple(sorted(fields)), free))


def _steps(ours: OurSide, desired: Desired, line: ListedLine) -> Sequence[Step]:
    return ours.view.module.plan(ours.view.connection, desired, line.observed)


def _fields(step: Step) -> Iterable[str]:
    if isinstance(step, Free):
        return step.changes
    return [step.field] if isinstance(step, Impossible) else ["purchase"]
