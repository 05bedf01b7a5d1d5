"""The work: workers and the scheduler, jobs that wait, stuck or parked ones, messages, renewals, plugins, switches."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.freeze import SWITCHES, is_frozen
from billhead.actions.health._check import Answer, amber, good, look, red
from billhead.actions.jobs._chosen import NEEDS_A_PERSON
from billhead.db import reading
from billhead.domain.counted import counted
from billhead.models.health import WorkerPulse
from billhead.models.operations import EventDelivery, Job, Notice
from billhead.models.resellers import CreditRenewal
from billhead.models.sellers import Seller
from billhead.plugin_host import plugins
from billhead.plugin_host.current import config
from billhead.wording import marked

__all__ = ["DEAD_AFTER", "LOOKS", "PULSE_SECONDS", "command_of", "lives"]

PULSE_SECONDS = 15
DEAD_AFTER = timedelta(seconds=4 * PULSE_SECONDS)
_LATE = timedelta(minutes=5)
_STUCK = timedelta(minutes=5)
_RECENT = timedelta(days=7)
_SHOWN = 10


def command_of(kind: str) -> str:
    """What starts it in this installation."""
    return "billhead serve" if config().embedded else f"billhead {kind}"


def lives(one: WorkerPulse) -> bool:
    return not one.ended and clock.now() - one.seen_at < DEAD_AFTER


def _alive(kind: str) -> Iterator[Answer]:
    """Never seen is a house that was not started yet; seen and gone is a fault."""
    with reading() as session:
        newest = session.scalars(
            select(WorkerPulse).where(WorkerPulse.kind == kind).order_by(WorkerPulse.seen_at.desc()).limit(100)
        ).all()
    alive = [one for one in newest if lives(one)]
    start = f"start {command_of(kind)}"
    if alive:
        machines = ", ".join(sorted({one.host for one in alive}))
        yield good(f"{len(alive)} alive on {machines}, seen {_ago(max(one.seen_at for one in alive))} ago")
    elif not newest:
        yield amber("none was ever seen", start)
    else:
        last = newest[0]
        says = f"process {last.pid} on {last.host} has died, seen {_ago(last.seen_at)} ago"
        if last.ended:
            says = f"process {last.pid} on {last.host} was stopped, seen {_ago(last.seen_at)} ago"
        yield red(says, start)


def _ago(seen_at: datetime) -> str:
    """ "40 s", "12 min", "7 h", "3 d": whoever reads it has a zone of their own."""
    seconds = max(int((clock.now() - seen_at).total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@look("workers", "Work", mend="run: billhead db upgrade")
def workers() -> Iterator[Answer]:
    yield from _alive("worker")


@look("beat", "Work", mend="run: billhead db upgrade")
def beat() -> Iterator[Answer]:
    yield from _alive("beat")


@look("jobs", "Work", mend="run: billhead db upgrade")
def jobs() -> Iterator[Answer]:
    with reading() as session:
        late = Job.due_at < clock.business_now() - _LATE
        waiting = session.scalar(select(func.count()).where(Job.state == "queued", late)) or 0
        parked = session.scalar(select(func.count()).where(Job.state.in_(NEEDS_A_PERSON))) or 0
        running = Job.state == "running"
        stuck = session.scalar(select(func.count()).where(running, Job.lease_until < clock.now() - _STUCK)) or 0
    late_ones = counted(
        waiting, f"{waiting} has waited for more than five minutes", f"{waiting} have waited for more than five minutes"
    )
    if waiting:
        mend = "start billhead serve" if config().embedded else "start billhead worker and billhead beat"
        yield red(late_ones, mend, "jobs", state="queued")
    else:
        yield good(late_ones)
    for_people = counted(parked, f"{parked} waits for a person", f"{parked} wait for a person")
    if parked:
        mend = "see billhead jobs list --state parked, mend the cause, then: billhead jobs retry ID"
        yield red(for_people, mend, "jobs", state=marked("needs a person"))
    else:
        yield good(for_people)
    if stuck:
        left_behind = counted(
            stuck,
            f"{stuck} was left behind by a worker that died",
            f"{stuck} were left behind by a worker that died",
        )
        yield red(left_behind, "start a worker: it takes them up", "jobs")


@look("messages", "Work", mend="run: billhead db upgrade")
def messages() -> Iterator[Answer]:
    since = clock.business_now() - _RECENT
    with reading() as session:
        by_state = select(Notice.state, func.count()).where(
            Notice.state.in_(("failed", "rejected", "unknown")), Notice.created_at > since
        )
        counts = dict(session.execute(by_state.group_by(Notice.state)).all())
        parked = session.scalar(select(func.count()).where(EventDelivery.state == "parked")) or 0
    for state, count in sorted(counts.items()):
        mend = "read the error on its page; when the cause is mended, send it again there"
        yield amber(f"{count} of the last week {state}", mend, "notices", state=state)
    if not counts:
        yield good("none failed in the last week")
    if parked:
        mend = "mend the plugin, then deliver them again"
        not_taken = counted(
            parked, f"{parked} event was not taken by a plugin", f"{parked} events were not taken by a plugin"
        )
        yield amber(not_taken, mend, "deliveries", state="parked")


@look("plugins", "Work", mend="run: billhead db upgrade")
def loaded() -> Iterator[Answer]:
    broken = plugins().broken()
    for plugin in broken:
        yield red(f"{plugin.name} is broken: {plugin.broken}", plugin.mend, "plugins", state="broken")
    if not broken:
        yield good(f"{len(plugins().active_names())} of {len(plugins().all())} are active, none is broken")


@look("themes", "Work", mend="run: billhead db upgrade")
def themes() -> Iterator[Answer]:
    known = {theme.code for _, theme in plugins().offers("themes")}
    with reading() as session:
        wanted = session.execute(select(Seller.code, Seller.theme).order_by(Seller.code)).all()
    missing = [(code, theme) for code, theme in wanted if theme not in known]
    for code, theme in missing:
        mend = "choose another look on the page, or install the theme's package and start again"
        yield amber(f"the look {theme} of {code} is not installed: a plain one is shown", mend, "setup_look")
    if not missing:
        yield good(counted(len(known), f"{len(known)} look is installed", f"{len(known)} looks are installed"))


@look("switches", "Work", mend="run: billhead db upgrade")
def switches() -> Iterator[Answer]:
    with reading() as session:
        stopped = [name for name in SWITCHES if is_frozen(session, name)]
    for name in stopped:
        yield red(f"{name} are stopped", f"run: billhead stop {name} --lift", "switches")
    if not stopped:
        yield good("nothing is stopped")


@look("renewals", "Work", mend="run: billhead db upgrade")
def renewals() -> Iterator[Answer]:
    """Of resellers' users, from their credits."""
    row = CreditRenewal
    with reading() as session:
        broken = session.execute(
            select(row.subscription_id, row.failures)
            .where(row.retry_at.is_not(None))
            .order_by(row.failures.desc(), row.subscription_id)
            .limit(_SHOWN)
        ).all()
    for key, times in broken:
        mend = "the log names the fault; it is tried again by itself, and can be renewed by hand"
        told = counted(
            times,
            f"subscription {key} could not be renewed from credits: {times} fault in a row",
            f"subscription {key} could not be renewed from credits: {times} faults in a row",
        )
        yield amber(told, mend, "subscription", key=key)
    if not broken:
        yield good("none from credits has met a fault")


LOOKS = (workers, beat, jobs, messages, renewals, loaded, themes, switches)
