"""A line with bouquets that are licensed in one country alone is held to it on a panel that can, and let go again."""

import pytest
from sqlalchemy import select

from billhead.actions.provisioning.compare import compare
from billhead.db import reading
from billhead.models.catalogue import Bouquet
from billhead.models.panels import Panel
from two_panels import Operator


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def licensed(operator: Operator, code: str, *countries: str) -> None:
    rule = "only" if countries else ""
    operator.change(Bouquet, operator.bouquets[code], country_rule=rule, countries=list(countries))


def held(operator: Operator, login: str = "viewer1") -> str:
    row = operator.sandbox.state.store.row("SELECT forced_country FROM lines WHERE username = ?", (login,))
    return row["forced_country"] or ""


def lock(operator: Operator) -> None:
    panel = operator.panels["xtream"]
    with reading() as session:
        settings = session.scalar(select(Panel.settings).where(Panel.id == panel))
    operator.change(Panel, panel, settings={**settings, "lock_country": True})


def test_a_line_follows_the_licences_of_its_bouquets(operator: Operator):
    licensed(operator, "sport", "FI")
    line = operator.line(bouquets=("sport", "kids"))
    operator.work()
    assert held(operator) == ""  # the operator did not ask for it
    assert operator.reconcile("xtream").differences == 0

    lock(operator)
    operator.converge(line)
    assert held(operator) == "FI"
    with reading() as session:
        (pair,) = [pair for pair in compare(session, line).pairs if pair.field == "country"]
    assert (pair.desired, pair.observed, pair.verdict) == ("FI", "FI", "same")
    operator.tamper("xtream", "viewer1", forced_country="TR")
    operator.converge(line)
    assert held(operator) == "FI"

    licensed(operator, "kids", "FI", "SE")  # in both is Finland alone
    operator.converge(line)
    assert held(operator) == "FI"
    licensed(operator, "sport", "FI", "SE")  # two countries are more than a panel can say
    operator.converge(line)
    assert held(operator) == ""
    licensed(operator, "sport", "FI")
    licensed(operator, "kids", "FI")
    operator.converge(line)
    licensed(operator, "kids", "SE")  # nowhere may both be watched: it is not let go
    operator.converge(line)
    assert held(operator) == "FI"
    licensed(operator, "kids", "FI", "SE")
    operator.want(line, bouquets=("kids",))
    operator.work()
    assert held(operator) == ""
    assert operator.reconcile("xtream").differences == 0


def test_a_box_and_another_panel_are_in_step_without_it(operator: Operator):
    licensed(operator, "sport", "FI")
    lock(operator)
    box = operator.line(kind="mag", mac="00:1A:79:00:00:08", bouquets=("sport",))
    elsewhere = operator.line("stalker", bouquets=("sport",))
    operator.work()
    assert [operator.service(one).sync for one in (box, elsewhere)] == ["ok", "ok"]
    assert [operator.reconcile(panel).differences for panel in ("xtream", "stalker")] == [0, 0]
