"""`billhead usage drop`: how many rejected events there are, and dropped with a reason."""

import json

import pytest
from billing_shop import open_shop
from click.testing import CliRunner
from metered_shop import rejects, tell, used

from billhead.cli import main


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop:
        yield shop


def run(shop, *words, code=0):
    ran = CliRunner().invoke(main, ["usage", *words, "--json"], obj=shop.app)
    assert ran.exit_code == code, (ran.stdout, ran.stderr, ran.exception)
    return json.loads(ran.stdout) if not code else ran.stderr


def test_rejected_events_are_looked_at_and_dropped(shop):
    tell(used(99, id="a"), used(99, id="b"))
    tell(used(99, id="c"), source="file")
    because = "--reason", "a test"
    looked = run(shop, "drop", *because, "--source", "panel", "--dry-run")
    assert looked == {"events": 2, "reasons": {"unknown_subscription": 2}, "dropped": False}
    assert len(rejects()) == 3
    assert run(shop, "drop", *because, "--source", "panel", "--rejected-for", "unknown_subscription")["events"] == 2
    assert rejects() == [("c", "unknown_subscription")]
    assert "nothing was told by 'pannel'" in run(shop, "drop", *because, "--source", "pannel", code=1)
    told = CliRunner().invoke(main, ["usage", "drop", *because, "--delivery", "2"], obj=shop.app).stdout
    assert told.splitlines()[-1] == "1 dropped"
    assert rejects() == []
