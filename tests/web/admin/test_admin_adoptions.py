"""Adoption in the admin area: a dry run from the form, its findings, then the same done; called off; mistakes."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.db import reading
from billhead.models.adoptions import Adoption, AdoptionLine
from billhead.plugin import Observed

FIELDS = {"term": "1 month", "least_score": "60", "owners": "", "unlimited_until": "", "reason": "moving in"}


@pytest.fixture
def foreign(counter):
    """The shop's panel with two lines of somebody else, one of which never ends; returns the panel's id too."""
    from billhead.models.panels import Panel
    from billhead.plugin_host import plugins

    with counter.shop.app.app_context(), reading() as session:
        panel_id = session.scalar(select(Panel.id).order_by(Panel.id))
        lines = type(plugins().module("memory")).look_up.__globals__["LINES"]
        bouquets = next(iter(lines.values())).bouquets
        ends = clock.business_now() + timedelta(days=20)
        lines["old1"] = Observed({}, "anna", "pw", None, "", bouquets, 1, ends, False, "")
        lines["old2"] = Observed({}, "endless<b>", "pw", None, "", bouquets, 1, None, False, "")
        yield counter, panel_id, lines
        lines.clear()


def ask(counter, key, **fields):
    return counter.staff.post(f"/admin/panels/{key}/adopt", {**FIELDS, **fields}, page=f"/admin/panels/{key}/adopt")


def test_a_dry_run_is_shown_and_then_done(foreign):
    counter, key, lines = foreign
    before = dict(lines)
    answer = ask(counter, key, dry_run="y")
    assert answer.status_code == 303, answer.text
    assert 'data-look="/admin/adoptions/' in counter.get(answer.location).text
    counter.shop.work()
    page = counter.get(answer.location).text
    assert "Dry run 1" in page
    assert "never ends" in page
    assert "data-look=" not in page
    assert "endless&lt;b&gt;" in page
    row = counter.row(Adoption, 1)
    assert (row.state, row.lines, row.known) == ("done", 3, 1)  # Ada's own is known
    as_csv = counter.get("/admin/adoptions/lines?adoption=1&format=csv").text
    assert as_csv.lstrip("\ufeff").startswith("Remote id,Verdict,")
    assert "never_ends" in as_csv
    assert counter.trail("panels.adopt") == [("staff:2", "adoption:1", "moving in")]
    assert lines == before


def plans_here(counter, key):
    """What the house can sell on one line of this panel."""
    from billhead.actions.adopting._house import _plans_here
    from billhead.actions.provisioning._desired import panel_view
    from billhead.models.panels import Panel

    with counter.shop.app.app_context(), reading() as session:
        panel = session.get_one(Panel, key)
        return [
            one for one in _plans_here(session, panel, panel_view(session, panel)) if one.candidate.kind == "stream"
        ]


def test_the_operators_file_decides_and_the_same_is_done_afterwards(foreign):
    counter, key, _lines = foreign
    plan = next(one.plan.code for one in plans_here(counter, key))
    words = f"login,plan\nanna,{plan}\n".encode()
    boxes = counter.get(f"/admin/panels/{key}/adopt").text
    assert boxes.count('name="writes" type="checkbox"') == 8
    assert "<option" not in boxes.partition('name="writes"')[2].partition("</fieldset>")[0]
    answer = ask(counter, key, dry_run="y", file=(io.BytesIO(words), "words.csv"), writes="bouquets")
    assert answer.status_code == 303, answer.text
    counter.shop.work()
    preview = counter.row(Adoption, 1)
    assert (preview.state, preview.adopted) == ("done", 1), counter.get("/admin/adoptions/1").text
    counter.confirm("/admin/adoptions/1/adopt")
    counter.shop.work()
    done = counter.row(Adoption, 2)
    assert (done.state, done.adopted, done.dry_run) == ("done", 1, False)
    line = next(one for one in (counter.row(AdoptionLine, key) for key in range(4, 7)) if one.service_id)
    assert "anna" in counter.get(f"/admin/services/{line.service_id}").text


def test_mistakes_stand_at_their_fields(foreign):
    counter, key, _lines = foreign
    wrong = ask(counter, key, file=(io.BytesIO(b"login,plan\nanna,gold\n"), "words.csv"))
    assert wrong.status_code == 422
    assert "there is no plan" in wrong.text
    assert "is not like 12=alpha" in ask(counter, key, owners="twelve").text
    assert "There is no reseller" in ask(counter, key, owners="12=nobody").text
    assert ask(counter, key, term="a while").status_code == 422
    assert counter.row(Adoption, 1) is None


def test_one_that_waits_is_called_off(foreign):
    counter, key, _lines = foreign
    ask(counter, key)
    counter.confirm("/admin/adoptions/1/cancel")
    counter.shop.work()
    row = counter.row(Adoption, 1)
    assert (row.state, row.lines) == ("canceled", 0)
    assert counter.post("/admin/adoptions/1/cancel", reason="again").status_code == 422
