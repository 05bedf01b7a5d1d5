"""What a panel's bouquets hold is read after the viewings, once a day, and kept when it does not answer."""

import pytest
from sqlalchemy import event, select

from billhead.actions.viewings._contents import keep_contents
from billhead.actions.viewings.read_contents import read_contents
from billhead.actions.viewings.read_viewings import read_viewings
from billhead.db import db, reading
from billhead.domain.context import Context
from billhead.models.panels import PanelBouquet
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


def test_only_what_has_changed_is_written(operator: Operator):
    """A channel more in sport and one less; kids is as it was."""
    panel, sport, kids = operator.panels["xtream"], operator.bouquets["sport"], operator.bouquets["kids"]
    with reading() as session:
        named = select(PanelBouquet.bouquet_id, PanelBouquet.remote).where(PanelBouquet.panel_id == panel)
        remote = {row.bouquet_id: row.remote for row in session.execute(named)}
    first = {remote[sport]: frozenset({"6", "7"}), remote[kids]: frozenset({"8"})}
    assert keep_contents(SYSTEM, panel, first) == 2
    written: list[tuple[str, object]] = []
    listening = (db.engine, "before_cursor_execute", lambda _c, _u, sql, told, *_: written.append((sql[:6], told)))
    event.listen(*listening)
    assert keep_contents(SYSTEM, panel, {**first, remote[sport]: frozenset({"6", "9"})}) == 2
    event.remove(*listening)
    changes = [one for one in written if one[0] in ("DELETE", "INSERT")]
    assert changes == [("DELETE", (panel, sport, '["7"]')), ("INSERT", (panel, sport, "9"))]
    assert kept() == {sport: {"", "6", "9"}, kids: {"", "8"}}
