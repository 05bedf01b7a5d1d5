"""What a panel bears is shared by all processes: together they never call more often, and a turn not used is over."""

import subprocess
import sys
import time
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from billing_shop import SYSTEM, open_shop

from billhead.db import db, reading, writing
from billhead.models.panels import Panel, PanelPace
from billhead.plugin.pacing import Pacer, Turn
from billhead.plugin_host import panel_connection
from billhead.plugin_host.shared_pacing import turns_of

CALLER = """
import sys, time
from sqlalchemy import create_engine
from billhead.db import prepare_engine
from billhead.plugin.pacing import Pacer
from billhead.plugin_host.shared_pacing import turns_of

engine = create_engine(sys.argv[1])
prepare_engine(engine)
pacer = Pacer(40, turns_of(engine, int(sys.argv[2]), 40))
print("ready", flush=True)
sys.stdin.readline()
until = time.time() + 1.5
while time.time() < until:
    pacer.wait()
    print(time.time_ns(), flush=True)
"""


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def test_two_processes_together_stay_below_the_limit(shop, database_url):
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, database_url, str(shop.panel_id)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for one in callers:
        assert one.stdout.readline() == "ready\n"
    for one in callers:
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [[int(at) for at in one.communicate(timeout=60)[0].split()] for one in callers]
    assert all(told)
    calls = sorted(at for one in told for at in one)
    for first, second in zip(calls, calls[40:], strict=False):  # any 41 calls in a row take a second
        assert second - first >= 0.97e9, "more than 40 in a second"
    assert len(calls) <= 40 * 2.6  # both begin within some time of each other, and each goes on for a second and a half


def test_a_process_that_calls_on_and_on_reserves_seldom(shop):
    reserved = []
    take = turns_of(db.engine, shop.panel_id, 100)

    def counted(calls):
        reserved.append(calls)
        return take(calls)

    pacer = Pacer(100, counted)
    began = time.monotonic()
    for _ in range(63):
        pacer.wait()
    assert time.monotonic() - began >= 62 / 100 - 0.001
    assert len(reserved) <= 12, "1, 2, 4, 8, 16, 32: six, and a few more where the machine stumbled"


def test_a_turn_that_was_not_used_lapses_and_a_clock_that_was_wrong_is_not_waited_for(shop):
    mine, theirs = turns_of(db.engine, shop.panel_id, 10), turns_of(db.engine, shop.panel_id, 10)
    assert mine(2) == Turn(0, 2)
    assert 0.1 < theirs(1).wait <= 0.2
    time.sleep(0.35)
    assert mine(1) == Turn(0, 1)
    with writing(SYSTEM) as tx:
        tx.session.get_one(PanelPace, shop.panel_id).ends_at += 3_600_000_000
    assert mine(1) == Turn(0, 1)


@dataclass(frozen=True)
class Settings:
    pass


def test_a_panels_connection_is_paced_with_all_processes_and_one_without_a_limit_writes_nothing(shop, monkeypatch):
    monkeypatch.setattr(shop.plugins, "module", lambda code: SimpleNamespace(settings_type=Settings), raising=False)

    def pacer():
        with writing(SYSTEM) as tx:
            panel = tx.session.get_one(Panel, shop.panel_id)
        return panel_connection(panel).http._pacer

    assert pacer().reserve is None
    shop.change(Panel, shop.panel_id, calls_per_second=50)
    pacer().wait()
    with reading() as session:
        assert session.get(PanelPace, shop.panel_id) is not None
