"""Given a suspend call that fails: our state says "suspending", not "suspended"; the job tries again, and the report
of revenue leaks lists it with its price."""

import pytest
from billing_shop import NOW, open_shop
from debt_shop import SUSPEND, at, debtor, november, policy, run, state

from billhead.actions.provisioning.label_of import label_of
from billhead.db import reading
from billhead.domain.money import Money
from billhead.models.operations import Job
from billhead.models.subscriptions import Service
from billhead.reports import ask, report_of, tabled


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14) as shop:
        policy(shop, (5, SUSPEND))
        yield shop


def leaks(day):
    found = report_of("revenue-leaks")
    with at(day), reading() as session:
        return tabled(session, found, ask(session, found.report, {}, day)).rows


def test_pitfall_27_it_says_suspending_until_the_panel_has_confirmed_it(shop):
    subscription = debtor(shop)
    (service,) = shop.all(Service)
    seen = {"expires_at": None, "blocked": False}
    shop.change(Service, service.id, observed=seen, observed_at=NOW, sync="ok", converged_version=1)
    run(november(20))
    (service,) = shop.all(Service)
    assert state(shop, subscription) == "suspended"
    assert (service.desired_blocked, service.sync) == (True, "pending")
    assert str(label_of(service)) == "suspending"
    (job,) = [job for job in shop.all(Job) if job.kind == "provisioning.converge"]
    assert job.state == "queued"
    shop.change(Service, service.id, sync="failed", sync_error="the panel answers 500")
    assert str(label_of(shop.all(Service)[0])) == "failed"
    (row,) = [row for row in leaks(november(21)) if row[0] == "Blocked here, not on the panel"]
    assert row[-1] == Money(1000, "EUR")
