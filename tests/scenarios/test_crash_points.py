"""kill -9 at every named point and at seeded moments, then start again: the books are those of an undisturbed run."""

import json
import multiprocessing
import random
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import crash_story
from billhead.crash import CRASH_POINTS
from crash_story import Place
from databases import _migrate

_numbers = count(1)
PASSED_OFTEN = [point for point in CRASH_POINTS if not point.startswith("billing.")]
SEEDS = range(4)
SEEDS_IN_FULL = range(4, 30)


def run(story: Any, place: Place, *args: Any) -> int:
    """One act of the story in a process of its own, forked from one that has imported everything; its exit code."""
    forks = multiprocessing.get_context("forkserver")
    process = forks.Process(target=story, args=(place, *args))
    process.start()
    process.join(timeout=120)
    if process.exitcode is None:
        process.kill()
        pytest.fail(f"{story.__name__}{args} did not end within two minutes")
    return process.exitcode


class Stage:
    """One prepared operator, to be copied for each telling; panels and cards always listen at the same address."""

    def __init__(self, folder: Path, engine: str, cluster: Any, migrated: Path | str) -> None:
        from billhead_sandbox.panel.server import start

        self.folder, self.engine, self.cluster = folder, engine, cluster
        with start() as somewhere, socket.create_server(("127.0.0.1", 0)) as ours:
            self.sandbox_port, self.port = somewhere.server.server_address[1], ours.getsockname()[1]
        self.eve = folder / "eve"
        self.eve.mkdir()
        if engine == "sqlite":
            shutil.copy(migrated, self.eve / "billhead.sqlite3")
        place = self._place(self.eve, copy_of=migrated)
        with start(self.eve / "panel", port=self.sandbox_port) as sandbox:
            sandbox.state.change_settings({"cards": {"processing_seconds": 0.1}})
            assert run(crash_story.prepare, place) == 0
        self.undisturbed = self.tell()
        self.statements = int(self.undisturbed.pop("statements"))

    def _place(self, home: Path, copy_of: Path | str) -> Place:
        url = f"sqlite:///{home / 'billhead.sqlite3'}"
        if self.engine == "postgresql":
            name = self._database(home)
            self.cluster.execute(f"CREATE DATABASE {name} TEMPLATE {copy_of} STRATEGY file_copy")
            url = self.cluster.url(name)
        return Place(url, home, f"http://127.0.0.1:{self.sandbox_port}", self.port)

    def _database(self, home: Path) -> str:
        return f"crash_{self.port}_{home.name}"

    def drop(self, home: Path) -> None:
        if self.engine == "postgresql":
            self.cluster.execute(f"DROP DATABASE {self._database(home)} WITH (FORCE)")

    def tell(self, crash_at: str = "", kill_at_statement: int = 0) -> dict[str, Any]:
        """Live the two days, with at most one crash, and say what came of them."""
        from billhead_sandbox.panel.server import start

        home = self.folder / f"telling{next(_numbers)}"
        shutil.copytree(self.eve, home)
        place = self._place(home, copy_of=self._database(self.eve))
        with start(home / "panel", port=self.sandbox_port) as sandbox:
            first = run(crash_story.live, place, crash_at, kill_at_statement)
            crashed = first == -signal.SIGKILL
            assert crashed or first == 0
            if crashed:
                assert run(crash_story.live, place) == 0
            told = json.loads((home / "told.json").read_text())
            told["statements"] = (home / "statements").read_text()
            charges = sandbox.state.store.rows("SELECT * FROM card_charges WHERE status = 'succeeded'")
            told["at_the_processor"] = sorted([c["amount"], c["currency"]] for c in charges)
            told["paid_twice"] = [
                document for document, n in Counter(c["reference"].split("-")[0] for c in charges).items() if n > 1
            ]
            told["on_the_panels"] = sorted(_line(row) for row in sandbox.state.lines())
        self.drop(home)
        shutil.rmtree(home)
        return told | {"crashed": crashed}

    def check(self, told: dict[str, Any]) -> None:
        told = {name: fact for name, fact in told.items() if name not in ("crashed", "statements")}
        for name, fact in self.undisturbed.items():
            if name != "crashed":
                assert told[name] == fact, name


def _line(row: dict[str, Any]) -> list[str]:
    """A line as stored, without what the panel itself counts."""
    if row["panel"] == "stalker":
        names = ("login", "stb_mac", "account_number", "tariff_plan", "end_date", "blocked")
    else:
        names = ("admin_notes", "mac", "exp_date", "enabled", "bouquet", "max_connections")
    return [row["panel"], *(str(row[name]) for name in names)]


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> None:
    multiprocessing.get_context("forkserver").set_forkserver_preload(["crash_story", "apps", "billhead.app"])


@pytest.fixture(scope="module")
def sqlite_stage(forks: None, request: Any, tmp_path_factory: Any) -> Stage:
    return Stage(tmp_path_factory.mktemp("sqlite"), "sqlite", None, request.getfixturevalue("migrated_sqlite"))


@pytest.fixture(scope="module")
def postgresql_stage(forks: None, request: Any, tmp_path_factory: Any) -> Iterator[Stage]:
    cluster = request.getfixturevalue("postgres_cluster")
    stage = Stage(tmp_path_factory.mktemp("postgresql"), "postgresql", cluster, cluster.migrated_template(_migrate))
    yield stage
    stage.drop(stage.eve)


def test_the_undisturbed_story_is_worth_telling(sqlite_stage: Stage) -> None:
    told = sqlite_stage.undisturbed
    assert told["ledger_verified"]
    assert [panel["differences"] for panel in told["panels"]] == [0, 0]
    assert (told["stuck"], told["paid_twice"]) == ([], [])
    states = Counter(state for _, state, *_ in told["subscriptions"])
    assert states == {"active": 11, "suspended": 2, "canceled": 1}
    # 9 by card on the first two days, 2 by transfer; the tenth card has paid on its second try
    assert len(told["payments"]) == 11
    assert all(in_step for *_, in_step in told["services"])


def _killed_at(stage: Stage, point: str, passes: int) -> None:
    told = stage.tell(crash_at=f"{point}:{passes}")
    assert told["crashed"], f"the story does not come to {point} {passes} times"
    stage.check(told)


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_killed_at_a_named_point(sqlite_stage: Stage, point: str) -> None:
    _killed_at(sqlite_stage, point, 1)


@pytest.mark.parametrize("point", PASSED_OFTEN)
def test_killed_at_a_later_pass(sqlite_stage: Stage, point: str) -> None:
    _killed_at(sqlite_stage, point, 4)


@pytest.mark.full
@pytest.mark.parametrize("passes", [2, 3, 6, 8])
@pytest.mark.parametrize("point", PASSED_OFTEN)
def test_killed_at_more_passes(sqlite_stage: Stage, point: str, passes: int) -> None:
    _killed_at(sqlite_stage, point, passes)


def _killed_at_a_moment(stage: Stage, seed: int) -> None:
    told = stage.tell(kill_at_statement=random.Random(seed).randrange(1, stage.statements))
    assert told["crashed"]
    stage.check(told)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_a_seeded_moment(sqlite_stage: Stage, seed: int) -> None:
    _killed_at_a_moment(sqlite_stage, seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", SEEDS_IN_FULL)
def test_killed_at_more_seeded_moments(sqlite_stage: Stage, seed: int) -> None:
    _killed_at_a_moment(sqlite_stage, seed)


def test_postgresql_tells_the_same_story(sqlite_stage: Stage, postgresql_stage: Stage) -> None:
    lite, large = sqlite_stage.undisturbed, postgresql_stage.undisturbed
    for name in ("documents", "entries", "payments", "subscriptions", "services"):
        assert large[name] == lite[name], name


@pytest.mark.parametrize("point", ["exchange.called", "billing.batch_written", "settle.booked"])
def test_killed_at_a_named_point_on_postgresql(postgresql_stage: Stage, point: str) -> None:
    _killed_at(postgresql_stage, point, 1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 103))
def test_killed_at_a_seeded_moment_on_postgresql(postgresql_stage: Stage, seed: int) -> None:
    _killed_at_a_moment(postgresql_stage, seed)
