"""Health: one list of checks on the page and in the doctor, each fault with its cure, and no call on opening a page."""

import json
import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask import current_app

from billhead import clock
from billhead.actions.health._check import Look
from billhead.actions.health._health import LOOKS, last_health, quick_checks
from billhead.actions.health.check_house import check_house
from billhead.actions.health.verify_books import verify_books
from billhead.actions.ledger.seal import seal
from billhead.cli import main
from billhead.db import writing
from billhead.domain.context import Context
from billhead.jobs.embedded import EmbeddedWorkers
from billhead.models.catalogue import Price
from billhead.models.health import HouseFact, WorkerPulse
from billhead.models.operations import Job, Notice
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.models.sellers import Seller
from billhead.plugin_host.current import config
from billhead.web.admin.health import _CALLED
from processes import until

CTX = Context.system("test")
MOVES = ("clock", "disk")  # between two looks


def told(counter, name):
    """(state, says, mend) of a look, as it is now."""
    with counter.shop.app.app_context():
        return [(c.state, c.says, c.mend) for c in last_health().checks if c.name == name]


def checked(counter):
    return counter.post("/admin/health/check")


def pulse(**more):
    row = {"name": "worker:tv1:81", "kind": "worker", "host": "tv1", "pid": 81, "started_at": clock.now()}
    return WorkerPulse(**{**row, "seen_at": clock.now(), **more})


def test_the_page_asks_nobody_until_it_is_told_to(any_counter):
    text = any_counter.get("/admin/health").text
    assert "were not asked yet" in text
    assert told(any_counter, "panels") == []
    assert checked(any_counter).status_code == 303
    text = any_counter.get("/admin/health").text
    assert "were asked last" in text
    assert any(says.endswith(": 1 lines") for _, says, _ in told(any_counter, "panels"))
    assert any_counter.trail("house.check")


def test_the_page_calls_what_it_looks_at_in_its_language_and_the_command_by_its_code(counter):
    assert {look.name for look in LOOKS} == set(_CALLED)
    page = counter.get("/admin/health", headers={"Accept-Language": "de"}).text
    assert "<strong>Hauptbuch</strong>" in page
    assert "<strong>ledger</strong>" not in page
    ran = CliRunner().invoke(main, ["doctor"], obj=counter.shop.app)
    assert "ledger" in ran.stdout


def test_the_doctor_and_the_page_say_the_same(counter):
    ran = CliRunner().invoke(main, ["doctor", "--json"], obj=counter.shop.app)
    by_doctor = {(c["name"], c["says"]) for c in json.loads(ran.stdout)["checks"] if c["name"] not in MOVES}
    with counter.shop.app.app_context():
        assert by_doctor == {(c.name, c.says) for c in last_health().checks if c.name not in MOVES}
    strict = CliRunner().invoke(main, ["doctor", "--strict"], obj=counter.shop.app)
    assert strict.exit_code == 1
    assert "look address" in strict.stdout


def test_a_fault_is_red_with_its_cure_and_the_page_where_it_is_mended(counter):
    counter.shop.change(GatewayAccount, 1, paused_because="the key was revoked")
    counter.shop.change(Panel, 1, maintenance=True)
    counter.add(Job(kind="x", state="parked", due_at=clock.business_now(), created_at=clock.now()))
    counter.confirm("/admin/switches/panels", "moving")
    checked(counter)
    text = counter.get("/admin/health").text
    for says, where in (
        ("is paused: the key was revoked", "/admin/gateways/1"),
        ("is under maintenance", "/admin/panels/1"),
        ("1 waits for a person", "/admin/jobs?state=needs+a+person"),
        ("panels are stopped", "/admin/switches"),
    ):
        assert says in text
        assert f'href="{where}"' in text
        assert counter.get(where).status_code == 200
    assert 'data-state="bad"' in text
    assert 'data-state="warn"' in text


def test_a_panel_that_does_not_answer_is_one_fault_and_the_rest_is_looked_at(counter, monkeypatch):
    monkeypatch.setattr("billhead.actions.health.check_house._PATIENCE", 1)
    released = threading.Event()

    def silent():
        released.wait(5)
        yield from ()

    slow = Look("panels", "Outside", silent, "mend it", slow=True)
    monkeypatch.setattr("billhead.actions.health._outside.looks_of_rows", lambda: [slow])
    checked(counter)
    assert ("bad", "no answer within 1 seconds", "mend it") in told(counter, "panels")
    released.set()
    assert told(counter, "address")[0][0] == "warn"


def test_a_look_that_breaks_is_a_fault_of_its_own(counter):
    def broken():
        raise RuntimeError("no such thing\nand more")
        yield

    (found,) = Look("odd", "Work", broken, "mend it")()
    assert (found.state, found.says, found.mend) == ("bad", "no such thing", "mend it")


def test_workers_are_alive_stopped_or_dead(counter):
    assert told(counter, "workers") == [("warn", "none was ever seen", "start billhead serve")]
    with counter.shop.app.app_context(), writing(CTX) as tx:
        tx.session.add(pulse())
    assert told(counter, "workers")[0][0] == "ok"
    counter.shop.change(WorkerPulse, "worker:tv1:81", ended=True)
    assert "process 81 on tv1 was stopped" in told(counter, "workers")[0][1]
    counter.shop.change(WorkerPulse, "worker:tv1:81", ended=False, seen_at=clock.now() - timedelta(minutes=9))
    state, says, mend = told(counter, "workers")[0]
    assert (state, mend) == ("bad", "start billhead serve")
    assert "process 81 on tv1 has died, seen 9 min ago" in says
    assert "died" in counter.get("/admin/health").text


def test_the_process_that_works_tells_that_it_lives_and_that_it_ended(counter, monkeypatch):
    monkeypatch.setattr("billhead.jobs.schedule.PERIODIC", [])
    with counter.shop.app.app_context():
        workers = EmbeddedWorkers(counter.shop.app.extensions["billhead"].celery, threads=2)
    name = f"beat:{os.uname().nodename}:{os.getpid()}"
    with counter.shop.app.app_context(), workers:
        until(lambda: counter.row(WorkerPulse, name), "the scheduler has told that it lives")
        assert told(counter, "beat")[0][0] == "ok"
        assert told(counter, "workers")[0][0] == "ok"
    until(lambda: counter.row(WorkerPulse, name).ended, "it has told that it ended")
    assert told(counter, "beat")[0][0] == "bad"


def test_a_key_that_others_may_read_is_red(counter):
    with counter.shop.app.app_context():
        file = config().home / "secret.key"
    file.write_text("k")
    file.chmod(0o644)
    assert told(counter, "files") == [
        ("bad", f"{file} can be read by other users of this machine", f"run: chmod 600 {file}")
    ]
    file.chmod(0o600)
    assert told(counter, "files")[0][0] == "ok"


def test_secrets_of_another_key_are_found(counter):
    assert told(counter, "secrets")[0][0] == "ok"
    counter.shop.change(Panel, 1, secrets="gAAAAABnb3RoaW5n")
    state, says, mend = told(counter, "secrets")[0]
    assert (state, "panel" in says, "put the key of that time back" in mend) == ("bad", True, True)


def test_the_ledgers_proof_and_the_backup_grow_old(any_counter):
    assert told(any_counter, "ledger")[0][:2] == ("warn", "it was never proven")
    assert told(any_counter, "backup")[0][:2] == ("warn", "no backup is known")
    assert any_counter.post("/admin/health/ledger").status_code == 303
    any_counter.shop.work()
    assert "proven on" in told(any_counter, "ledger")[0][1]
    any_counter.shop.change(HouseFact, "ledger", at=clock.now() - timedelta(days=40))
    assert told(any_counter, "ledger")[0][0] == "warn"
    any_counter.shop.change(HouseFact, "ledger", data={"verified": False, "faults": 2})
    assert told(any_counter, "ledger")[0][:2] == ("bad", "wrong in 2 places")


def test_the_page_says_that_the_ledger_was_sealed_with_another_key(any_counter):
    with any_counter.shop.app.app_context():
        seal(CTX)
        settings = current_app.extensions["billhead"]
        before, settings.config = settings.config, replace(settings.config, secret_key="of another house")
        verify_books(CTX)
        settings.config = before
    (found,) = told(any_counter, "ledger")
    assert found[:2] == (
        "bad",
        "this is not the secret key that it was sealed with, or somebody without that has sealed everything anew",
    )
    assert 'BILLHEAD_SECRET_KEY="new old"' in found[2]
    assert "this is not the secret key that it was sealed with" in any_counter.get("/admin/health").text
    with any_counter.shop.app.app_context():
        assert verify_books(CTX).verified


def test_what_the_catalogue_and_the_seller_lack(counter):
    counter.shop.change(Price, 1, withdrawn_on=clock.business_now().date())
    for key in range(2, 30):
        if counter.row(Price, key) is not None:
            counter.shop.change(Price, key, withdrawn_on=clock.business_now().date())
    assert any("in the shop without a price" in says for _, says, _ in told(counter, "plans"))
    counter.shop.change(Seller, 1, tax_engine="gone", address={})
    (tax,) = told(counter, "tax")
    assert tax[0] == "bad"
    assert "the tax engine gone is not here" in tax[1]
    assert any("lacks: street, city" in says for _, says, _ in told(counter, "sellers"))


def test_messages_that_failed_are_counted(counter):
    counter.add(
        Notice(channel="email", kind="receipt", key="t:1", recipient="a@example.com", state="rejected",
               created_at=clock.business_now())
    )  # fmt: skip
    assert ("warn", "1 of the last week rejected") in [one[:2] for one in told(counter, "messages")]


def test_only_who_may_checks_and_the_page_asks_few_questions(counter):
    reader = counter.shop.person("staff", "reader@example.com")
    assert reader.get("/admin/health").status_code == 200
    assert "Check now" not in reader.get("/admin/health").text
    assert reader.post("/admin/health/check", {}, page="/admin/switches").status_code == 403
    counter.get("/admin/health")
    with counter.counting() as seen:
        counter.get("/admin/health")
    assert len(seen) < 60, len(seen)


def test_each_look_has_a_name_and_a_cure():
    for look in LOOKS:
        assert look.name
        assert look.mend


@pytest.mark.parametrize("names", [("mail",), ("jobs", "plans")])
def test_a_step_may_ask_for_some_of_them(counter, names):
    with counter.shop.app.app_context():
        assert {check.name for check in quick_checks(names)} <= set(names)
        assert check_house(CTX).asked_at is not None
