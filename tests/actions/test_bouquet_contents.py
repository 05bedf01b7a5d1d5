"""What a panel's bouquets hold is read after the viewings, once a day, and kept when it does not answer."""

import pytest
from sqlalchemy import select

from billhead.actions.viewings.read_contents import read_contents
from billhead.actions.viewings.read_viewings import read_viewings
from billhead.db import reading
from billhead.domain.context import Context
from billhead.models.viewings import BouquetItem
from two_panels import Operator

SYSTEM = Context.system("test")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The report asks both engines."""
    return sqlite_url


def kept() -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    with reading() as session:
        for bouquet, item in session.execute(select(BouquetItem.bouquet_id, BouquetItem.item)):
            found.setdefault(bouquet, set()).add(item)
    return found


def test_it_is_read_once_a_day_for_bouquets_that_are_ours(operator: Operator):
    panel, sport, kids = operator.panels["xtream"], operator.bouquets["sport"], operator.bouquets["kids"]
    assert read_contents(SYSTEM, panel) is None  # nothing was read there yet
    read_viewings(SYSTEM, panel)
    assert read_contents(SYSTEM, panel) == 2
    assert kept() == {sport: {"", "6", "7"}, kids: {"", "8"}}  # "" says that it is known
    operator.calls()
    assert read_contents(SYSTEM, panel) is None
    assert operator.calls() == {}

    operator.wait(hours=21)
    operator.fault("html", "*get_bouquets*")
    assert read_contents(SYSTEM, panel) == 0
    assert kept() == {sport: {"", "6", "7"}, kids: {"", "8"}}
    operator.sandbox.state.faults.clear()
    operator.wait(hours=21)
    assert read_contents(SYSTEM, panel) == 2
