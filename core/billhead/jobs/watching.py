"""The kinds of job about what is watched: panels read, shared lines found, everybody on a line cut, and forgetting."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.access.cut_session import cut_session
from billhead.actions.fraud.forget_facts import forget_facts
from billhead.actions.freeze import is_frozen
from billhead.actions.privacy.purge_old import purge_old
from billhead.actions.scheduling import enqueue
from billhead.actions.viewings.find_sharing import find_sharing
from billhead.actions.viewings.finish_kick import finish_kick
from billhead.actions.viewings.look_live import look_live
from billhead.actions.viewings.purge_viewings import purge_viewings
from billhead.actions.viewings.queue_reading import queue_reading
from billhead.actions.viewings.read_contents import read_contents
from billhead.actions.viewings.read_viewings import read_viewings
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed, NotFound, PanelRejected, PanelUnreachable
from billhead.jobs.kinds import TryLater, job_kind
from billhead.models.panels import Panel
from billhead.plugin_host import capabilities_of

__all__ = ["forget"]

_SOON = timedelta(minutes=1)
_LATER = timedelta(minutes=15)


@job_kind("viewings.read_all")
def _read_all(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Panels that tell; one at a time each."""
    with writing(ctx) as tx:
        for panel in tx.session.scalars(select(Panel).where(Panel.maintenance.is_(False)).order_by(Panel.id)):
            able = capabilities_of(panel)
            if able is not None and able.viewings:
                queue_reading(tx, panel.id)


@job_kind("viewings.read")
def _read(ctx: Context, args: Mapping[str, Any]) -> None:
    """Days that were missed are read window by window, so that other jobs get their turn."""
    try:
        report = read_viewings(ctx, int(args["panel_id"]))
    except PanelUnreachable as error:
        raise TryLater(clock.business_now() + _LATER, str(error)) from error
    if report is not None and report.behind:
        raise TryLater(clock.business_now() + _SOON, f"read to {report.read_to}")
    if report is not None:
        read_contents(ctx, report.panel_id)


@job_kind("viewings.look_live_all")
def _look_live_all(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Panels that tell who watches, one job each."""
    with writing(ctx) as tx:
        for panel in tx.session.scalars(select(Panel).where(Panel.maintenance.is_(False)).order_by(Panel.id)):
            able = capabilities_of(panel)
            if able is not None and able.live:
                lane = f"look_live:{panel.id}"
                enqueue(tx, "viewings.look_live", {"panel_id": panel.id}, key=lane, lane=lane)


@job_kind("viewings.look_live")
def _look_live(ctx: Context, args: Mapping[str, Any]) -> None:
    look_live(ctx, int(args["panel_id"]))


@job_kind("viewings.find_sharing")
def _find_sharing(ctx: Context, _args: Mapping[str, Any]) -> None:
    after = 0
    while True:
        with writing(ctx) as tx:
            after = find_sharing(tx, after)
        if not after:
            return


@job_kind("access.cut_all", max_tries=4)
def _cut_all(ctx: Context, args: Mapping[str, Any]) -> None:
    """Everybody who watches on a line now. A line that is gone meanwhile has nobody."""
    with reading() as session:
        if is_frozen(session, "panels"):
            raise TryLater(clock.business_now() + _LATER, "nothing is written to panels now")
    with suppress(NotFound):
        try:
            cut = cut_session(ctx, int(args["service_id"]), None)
        except NotAllowed as often:
            raise TryLater(clock.business_now() + _SOON, often.message) from often
        if cut.problem:
            raise PanelRejected(cut.problem)
    with writing(ctx) as tx:
        finish_kick(tx, int(args["case_id"]), str(args["by"]))


def forget(ctx: Context) -> None:
    """What an operator keeps for so many days only."""
    touched = 1
    while touched:
        with writing(ctx) as tx:
            touched = purge_viewings(tx) + forget_facts(tx)
    purge_old(ctx)
