"""What an operator leaves open about a panel is found out at the first connection, and remembered."""

import pytest
from sqlalchemy import select

from billhead.actions.panels.check_panel import check_panel
from billhead.actions.panels.save_panel import PanelEntry, save_panel
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.operations import Job
from billhead.models.panels import Panel
from two_panels import KEY, Operator

SYSTEM = Context.system("test")
RESELLERS_KEY = "fedcba9876543210fedcba9876543210"


def saved(operator, path, **settings):
    url = f"{operator.sandbox.url}/{path}/"
    with writing(SYSTEM) as tx:
        return save_panel(tx, operator.seller_id, "xtream", PanelEntry("second", "Second"), {"url": url, **settings})


def kept(panel_id):
    with reading() as session:
        panel = session.get_one(Panel, panel_id)
        return panel.settings.get("dialect"), panel.last_ok_at is not None


def queued():
    with reading() as session:
        return session.scalars(select(Job.kind).where(Job.kind == "panels.check", Job.state == "queued")).all()


@pytest.mark.parametrize(
    ("path", "key", "dialect"), [("resell", RESELLERS_KEY, "xui_reseller"), ("sandbox", KEY, "xui_admin")]
)
def test_the_first_connection_finds_the_dialect_and_it_stays(operator: Operator, path, key, dialect):
    panel_id = saved(operator, path, api_key=key, dialect="auto")
    assert kept(panel_id) == ("auto", False)
    operator.work()
    assert kept(panel_id) == (dialect, True)
    with writing(SYSTEM) as tx:
        tx.session.get_one(Panel, panel_id).last_ok_at = None
    assert check_panel(SYSTEM, panel_id).found == {}
    assert kept(panel_id) == (dialect, True)


def test_a_dialect_that_the_operator_sets_wins(operator: Operator):
    panel_id = saved(operator, "resell", api_key=RESELLERS_KEY, dialect="xui_admin")
    assert queued() == []
    checked = check_panel(SYSTEM, panel_id)
    assert (checked.ok, "with the dialect xui_reseller it answers" in checked.said) == (False, True)
    assert kept(panel_id) == ("xui_admin", False)


def test_a_panel_that_is_down_stays_open_until_a_check_finds_it(operator: Operator):
    operator.fault("down", "/resell/*")
    panel_id = saved(operator, "resell", api_key=RESELLERS_KEY, dialect="auto")
    operator.work()
    assert kept(panel_id) == ("auto", False)
    operator.sandbox.state.faults.clear()
    assert check_panel(SYSTEM, panel_id).ok
    assert kept(panel_id) == ("xui_reseller", True)
