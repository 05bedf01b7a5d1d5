"""Simulations in the admin area: asked for, lived by a job in a process of its own, shown, called off and removed."""

from datetime import timedelta

from sqlalchemy import text

from billhead import clock
from billhead.db import db
from billhead.domain.context import Context
from billhead.jobs.simulations import live_simulation
from billhead.models.simulations import Simulation

SYSTEM = Context.system("test")


def asked(counter, days: int = 20, **more) -> str:
    today = clock.business_now().date()
    fields = {"first": str(today), "last": str(today + timedelta(days=days)), "payments": "all", "seed": "1", **more}
    return counter.confirm("/admin/simulations/new", **fields).text


def live(counter, key: int = 1) -> None:
    with counter.shop.app.app_context():
        live_simulation(SYSTEM, {"simulation_id": key})


def test_a_simulation_from_the_form_to_its_charts(counter):
    assert "Simulation 1 is queued" in asked(counter)
    waiting = counter.get("/admin/simulations/1").text
    assert 'data-look="/admin/simulations/1"' in waiting
    live(counter)
    row = counter.row(Simulation, 1)
    assert (row.state, row.error) == ("done", "")
    assert row.progress["of"] == 21
    page = counter.get("/admin/simulations/1").text
    assert "The ledger is verified" in page
    assert "Nothing was billed twice" in page
    assert page.count('class="chart-wide"') >= 1
    assert "data-look=" not in page
    assert not (counter.shop.app.extensions["billhead"].config.home / "simulations" / "1").exists()
    assert counter.trail("simulations.ask") == [("staff:2", "simulation:1", "asked by phone")]
    live(counter)  # a job that comes a second time changes nothing
    assert counter.row(Simulation, 1).finished_at == row.finished_at
    counter.confirm("/admin/simulations/1/forget")
    assert counter.get("/admin/simulations/1").status_code == 404


def test_one_that_is_called_off_is_not_lived(counter):
    asked(counter)
    assert counter.post("/admin/simulations/1/forget", reason="too early").status_code == 422
    counter.confirm("/admin/simulations/1/cancel")
    live(counter)
    assert counter.row(Simulation, 1).state == "canceled"
    assert "goes on" not in counter.get("/admin/simulations/1").text
    assert counter.post("/admin/simulations/1/cancel", reason="again").status_code == 422


def test_what_can_not_be_simulated_is_shown_at_its_field(counter):
    today = clock.business_now().date()
    fields = {"first": "2020-01-01", "last": str(today), "payments": "all", "seed": "1", "reason": "why not"}
    assert "is in the past" in counter.post("/admin/simulations/new", **fields).text
    fields = {**fields, "first": str(today), "payments": "sometimes"}
    assert "Not a valid choice" in counter.post("/admin/simulations/new", **fields).text
    for percent in ("", "101", "most"):
        refused = counter.post("/admin/simulations/new", **{**fields, "payments": "rate", "percent": percent})
        assert 'id="percent-error">A number from 0 to 100' in refused.text, percent
    assert counter.row(Simulation, 1) is None


def test_what_is_paid_is_chosen_and_kept_as_the_command_takes_it(counter):
    form = counter.get("/admin/simulations/new").text
    assert 'checked class="form-check-input" id="payments-0" name="payments" type="radio" value="history"' in form
    for key, (typed, percent, kept, told) in enumerate(
        (
            ("history", "", "history", "As in your own records"),
            ("none", "95", "none", "None of the documents"),
            ("rate", "97,5 %", "97.5%", "97.5%"),
        ),
        1,
    ):
        asked(counter, payments=typed, percent=percent)
        assert counter.row(Simulation, key).payments == kept
        assert told in counter.get("/admin/simulations").text
    assert ",97.5%," in counter.get("/admin/simulations?format=csv").text


def test_one_that_breaks_says_so(counter):
    asked(counter)
    with counter.shop.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    live(counter)
    row = counter.row(Simulation, 1)
    assert row.state == "failed"
    assert "not at this release's revision" in row.error
    assert row.error in counter.get("/admin/simulations/1").get_data(as_text=True).replace("&#39;", "'")
