"""`billhead demo --once`: NorthCable on two sandbox panels, over HTTP, through months of billing, faults included."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def demo(home: Path, *options: str) -> dict[str, Any]:
    environment = {**os.environ, "BILLHEAD_HOME": str(home)}
    environment.pop("BILLHEAD_DATABASE_URL", None)
    command = [sys.executable, "-m", "billhead", "demo", "--once", "--json", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def is_sound(figures: dict[str, Any]) -> None:
    assert figures["ledger_verified"] is True
    assert figures["panel_differences"] == 0
    assert set(figures["services"]) == {"ok"}
    assert set(figures["jobs"]) <= {"done", "queued"}
    assert figures["payments"]["count"] > 0


def test_a_month_of_forty_subscribers(tmp_path):
    figures = demo(tmp_path, "--subscribers", "40", "--months", "1")
    is_sound(figures)
    assert figures["subscribers"] == 40 - figures["rows_refused"]
    assert figures["outage"]["panels_down"] == 2


@pytest.mark.full
def test_six_months_of_all_subscribers(tmp_path):
    figures = demo(tmp_path)
    is_sound(figures)
    assert figures["subscribers"] == 2000
    assert figures["suspended"] > 0
    assert figures["restored"] > 0
    assert figures["failures_healed"] > 0
