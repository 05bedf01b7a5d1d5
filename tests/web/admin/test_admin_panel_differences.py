"""Differences in the admin area: listed, taken away as CSV, repaired after a preview; the policy; the brake."""

import pytest
from sqlalchemy import select

from billhead.db import reading
from billhead.models.operations import Job
from billhead.models.panels import Panel, PanelDifference
from billhead.models.subscriptions import Service


@pytest.fixture
def lost(counter):
    """Ada's line is gone from its panel, and somebody else has one there."""
    from billhead.actions.provisioning.reconcile import reconcile_panel
    from billhead.domain.context import Context
    from billhead.plugin import Observed
    from billhead.plugin_host import plugins

    with counter.shop.app.app_context():
        with reading() as session:
            panel_id = session.scalar(select(Service.panel_id))
        lines = type(plugins().module("memory")).look_up.__globals__["LINES"]
        lines.clear()
        lines["else"] = Observed({}, "<else>", "pw", None, "", frozenset(), 1, None, False, "")
        reconcile_panel(Context.system("test"), panel_id, repair=False)
    yield counter, panel_id
    lines.clear()


def jobs(counter):
    with counter.shop.app.app_context(), reading() as session:
        waiting = select(Job).where(Job.kind == "provisioning.converge", Job.state == "queued")
        return len(session.scalars(waiting).all())


def test_differences_are_listed_and_repaired(lost):
    counter, panel_id = lost
    page = counter.get(f"/admin/panels/differences?panel={panel_id}").text
    assert "missing" in page
    assert "&lt;else&gt;" in page
    assert "Repair these" in page
    assert counter.get("/admin/panels/differences?panel=²").status_code == 200
    only = counter.get(f"/admin/panels/differences?panel={panel_id}&kind=extra&format=csv").text
    assert "else" in only
    assert "missing" not in only
    asks = counter.get(f"/admin/panels/{panel_id}/repair?kind=missing").text
    assert "1 missing" in asks
    counter.confirm(f"/admin/panels/{panel_id}/repair?kind=missing")
    assert jobs(counter) == 1
    counter.shop.work()
    assert counter.row(Service, 1).sync == "ok"
    again = counter.post(f"/admin/panels/{panel_id}/repair", reason="again")
    assert again.status_code == 422
    assert "nothing that can be repaired" in again.text


def test_the_policy_is_set_field_by_field(lost):
    counter, panel_id = lost
    address = f"/admin/panels/{panel_id}/policy"
    page = counter.get(address).text
    assert "Our reference in the notes" in page
    names = ("login", "password", "mac", "plan", "bouquets", "connections", "expires_at", "blocked", "owner", "note")
    fields = {**dict.fromkeys(names, "enforce"), "blocked": "report", "note": "accept", "brake_percent": "35"}
    assert counter.staff.post(address, fields, page=address).status_code == 303
    row = counter.row(Panel, panel_id)
    assert (row.managed, row.brake_percent) == ({"blocked": "report", "note": "accept"}, 35)
    assert counter.staff.post(address, {**fields, "brake_percent": "101"}, page=address).status_code == 422
    assert counter.staff.post(address, {**fields, "login": "guess"}, page=address).status_code == 422


def test_after_the_brake_staff_say_so(lost):
    counter, panel_id = lost
    with counter.shop.app.app_context():
        from billhead.db import writing
        from billhead.domain.context import Context

        with writing(Context.system("test")) as tx:
            panel = tx.session.get_one(Panel, panel_id)
            held = (
                "lines missing: 30 of 31, more than 20 per cent: is it the right panel, and whole? Nothing is "
                "repaired until you say so"
            )
            panel.reconcile_report = {**panel.reconcile_report, "held": held, "counts": {"missing": 30, "extra": 1}}
    page = counter.get(f"/admin/panels/{panel_id}").text
    for told in (held, "Repairs held", "Missing on the panel (30)", "and 29 more"):
        assert told in page
    assert "Repairs queued" not in page
    assert "its repair waits for you" in counter.get("/admin/").text
    counter.staff.client.set_cookie("language", "de")
    assert "fehlende Zugänge: 30 von 31" in counter.get(f"/admin/panels/{panel_id}").text
    counter.staff.client.set_cookie("language", "en")
    counter.confirm(f"/admin/panels/{panel_id}/confirm")
    counter.shop.work()
    assert counter.row(Service, 1).sync == "ok"
    assert counter.row(Panel, panel_id).reconcile_report["held"] == ""
    with counter.shop.app.app_context(), reading() as session:
        kinds = session.scalars(select(PanelDifference.kind)).all()
    assert sorted(kinds) == ["extra", "missing"]  # as found before the repair


def test_what_our_modules_answer_is_said_in_the_language_of_the_page_and_panels_are_quoted(counter):
    why = "connections: the panel accepts the change, but does not show it afterwards"
    counter.shop.change(Service, 1, sync="failed", sync_error=why)
    assert why in counter.get("/admin/services/1").text
    counter.staff.post("/language", {"language": "de", "back": "/admin/"}, page="/admin/")
    for page in ("/admin/services/1", "/admin/services"):
        assert "das Panel nimmt die Änderung an, zeigt sie danach aber nicht" in counter.get(page).text
    counter.shop.change(Service, 1, sync="failed", sync_error="Line limit reached")
    assert "Line limit reached" in counter.get("/admin/services/1").text
