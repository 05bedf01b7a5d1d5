"""`billhead bench`: what the hot paths do on this machine, beside what its database could do at most."""

import tempfile
from pathlib import Path

import click

from billhead.bench.adopting import measure_adopt
from billhead.bench.billing_run import measure
from billhead.bench.panels import measure_converge, measure_reconcile
from billhead.bench.rating import measure_rating
from billhead.bench.web_during_run import measure as measure_web
from billhead.cli import json_option, show

__all__ = ["group"]


class _Counts(click.ParamType[list[int]]):
    name = "counts"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        try:
            counts = [int(part) for part in str(value).split(",")]
        except ValueError:
            counts = []
        if not counts or min(counts) < 1:
            self.fail(f"{value!r} is not a list of whole numbers above zero, like 10000,100000", param, ctx)
        return counts


@click.group()
def group() -> None:
    """Measure the hot paths. Databases of its own are made and dropped; yours is never touched."""


@group.command("billing-run")
@click.option("--count", "counts", type=_Counts(), default="10000", show_default=True, help="Due subscriptions.")
@click.option("--database", "urls", multiple=True, help="SQLite, or a PostgreSQL server on which to create databases.")
@click.option("--workers", type=click.IntRange(1, 16), default=1, show_default=True, help="Processes that share a run.")
@json_option
def billing_run(counts: list[int], urls: tuple[str, ...], workers: int, as_json: bool) -> None:
    """The billing run, its limit (the same rows by SQL alone), and an ORM loop that commits each invoice."""
    here = f"sqlite:///{Path(tempfile.gettempdir()) / 'bench'}"
    found = [measure(url, counts, workers) for url in urls or (here,)]
    lines = [
        f"{one['database']} {row['count']:>9}: {row['per_second']} subscriptions a second, {row['of_the_limit']:.0%} "
        f"of the limit ({row['pure_sql_per_second']}), {row['times_the_orm_loop']} times the ORM loop "
        f"({row['orm_loop_per_second']}), {row['statements_per_1000']} statements per 1,000, peak {row['peak_mb']} MB"
        + (f", {row['times_one_worker']} times one worker" if row["workers"] > 1 else "")
        for one in found
        for row in one["runs"]
    ]
    show({"billing_run": found}, as_json, lines)


@group.command("web-during-run")
@click.option("--count", type=click.IntRange(1000), default=20_000, show_default=True, help="Due subscriptions.")
@json_option
def web_during_run(count: int, as_json: bool) -> None:
    """A signed-in page of the customer area, at rest and while a billing run goes on in the same process (SQLite)."""
    found = measure_web(count)
    lines = [
        f"{when}: p50 {times['p50']} ms, p95 {times['p95']} ms, p99 {times['p99']} ms, worst {times['worst']} ms "
        f"({times['requests']} requests)"
        for when, times in (("at rest", found["at_rest"]), ("during a run", found["during_run"]))
    ]
    show({"web_during_run": found}, as_json, [*lines, f"the run: {found['per_second']} subscriptions a second"])


@group.command("rating")
@click.option("--events", type=click.IntRange(1000), default=10_000_000, show_default=True, help="Viewing events.")
@click.option("--subscribers", type=click.IntRange(10), default=100_000, show_default=True)
@click.option("--columns/--no-columns", default=True, help="Through DuckDB too (the extra `analytics`).")
@json_option
def rating(events: int, subscribers: int, columns: bool, as_json: bool) -> None:
    """A month of viewing events into what each subscriber owes: recorded once, rated in SQLite and in columns."""
    found = measure_rating(events, subscribers, columns)
    taken, inside = found["ingest"], found["sqlite"]
    lines = [
        f"recorded once: {taken['per_second']} events a second, peak {taken['peak_mb']} MB",
        f"SQLite: {events} events of {subscribers} subscribers in {inside['seconds']} s, peak {inside['peak_mb']} MB",
    ]
    if columns:
        beside = found["duckdb"]
        lines.append(
            f"DuckDB: {beside['seconds']} s, {beside['times_bare']} times its bare aggregate "
            f"({beside['bare_seconds']} s); the same sums"
        )
    show({"rating": found}, as_json, lines)


@group.command()
@click.option("--lines", type=click.IntRange(100), default=100_000, show_default=True)
@json_option
def reconcile(lines: int, as_json: bool) -> None:
    """Compare a whole panel with what customers should have, against the sandbox (one line in a hundred differs)."""
    found = measure_reconcile(lines)
    told = (
        f"{found['lines']} lines in {found['seconds']} s and {found['calls']} calls, peak {found['peak_mb']} MB; "
        f"{found['in_step']} in step, {found['differences']} differences, {found['repairs']} repairs queued"
    )
    show({"reconcile": found}, as_json, [told])


@group.command()
@click.option("--lines", type=click.IntRange(100), default=10_000, show_default=True, help="Changed lines.")
@click.option("--panels", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=16, show_default=True)
@json_option
def converge(lines: int, panels: int, workers: int, as_json: bool) -> None:
    """Bring changed lines in step over several panels; the first process is killed half-way, the second one ends it."""
    found = measure_converge(lines, panels, workers)
    told = (
        f"{found['lines']} lines over {panels} panels with {workers} workers: none lost, {found['seconds']} s after "
        f"the kill, {found['calls']} calls, {found['calls_a_second_and_panel']} a second and panel, "
        f"peak {found['peak_mb']} MB"
    )
    show({"converge": found}, as_json, [told if not found["lost"] else f"{found['lost']} lines are LOST"])
    if found["lost"]:
        raise SystemExit(1)


@group.command()
@click.option("--lines", type=click.IntRange(10, 100_000), default=500, show_default=True, help="On each of the two.")
@json_option
def adopt(lines: int, as_json: bool) -> None:
    """A dry run of adopting foreign lines, on a Stalker portal and on an Xtream panel (both the sandbox's)."""
    found = measure_adopt(lines)
    told = [
        f"{module}: {one['lines']} lines in {one['seconds']} s and {one['calls']} calls, peak {one['peak_mb']} MB; "
        f"{one['adopted']} would be adopted, {one['refused']} refused"
        for module, one in found.items()
    ]
    show({"adopt": found}, as_json, told)
