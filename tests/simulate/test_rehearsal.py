"""Simulations of a small operator: what comes of them, that nothing else does, and that a stopped one goes on."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine, text

from billhead.db import db
from billhead.domain.errors import Conflict
from billhead.models.operations import FreezeSwitch
from billhead.simulate.copying import copy_database

TODAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
LAST = date(2027, 1, 20)  # 60 days
BOTH = date(2027, 1, 5)
SOON = date(2026, 12, 28)


def test_two_months_of_sixty_subscribers(operator):
    before = operator.rows()
    result = operator.simulated(LAST)
    assert result["exceptions"] == []
    assert result["refused"] == {}
    assert (result["billed_twice"], result["billing_faults"], result["failed"]) == ([], [], 0)
    assert result["ledger_verified"] is True
    assert result["ledger_faults"] == []
    assert operator.rows() == before  # the living shop has not changed by a row
    assert [month["month"] for month in result["months"]] == ["2026-11", "2026-12", "2027-01"]
    assert len(result["days"]) == 60
    december = result["months"][1]
    assert set(december["currencies"]) >= {"EUR", "USD"}
    assert all(flow["invoiced"] > flow["tax"] >= 0 for flow in december["currencies"].values() if flow["invoiced"])
    assert december["subscriptions"]["active"] > 40
    assert result["notices"]["receipt"] > 10
    assert result["jobs"]["payments.collect"] > 10
    assert result["paid_by_hand"] > 5
    assert any("only 0 in the history" in note for note in result["notes"])
    # what was invoiced came in, is owed, was credit, or is lost
    for currency in december["currencies"]:
        flows = [month["currencies"].get(currency, {}) for month in result["months"]]
        invoiced, money_in = (sum(flow.get(name, 0) for flow in flows) for name in ("invoiced", "money_in"))
        assert money_in <= invoiced


def test_everybody_pays_or_nobody(small_operator):
    everybody = small_operator.simulated(BOTH, "all")
    nobody = small_operator.simulated(BOTH, "none")
    euros = [month["currencies"]["EUR"] for month in everybody["months"]]
    assert sum(flow["money_in"] for flow in euros) == sum(flow["invoiced"] for flow in euros) > 0
    assert euros[-1]["owed"] == euros[-1]["lost"] == 0
    assert not everybody["months"][-1]["subscriptions"].get("suspended")
    unpaid = [month["currencies"]["EUR"] for month in nobody["months"]]
    assert sum(flow["money_in"] for flow in unpaid) == 0
    invoiced, lost = sum(flow["invoiced"] for flow in unpaid), sum(flow["lost"] for flow in unpaid)
    assert unpaid[-1]["owed"] + lost == invoiced > 0
    assert nobody["months"][-1]["subscriptions"].get("active", 0) < 20
    assert nobody["ledger_verified"] is True


def test_one_that_was_stopped_goes_on_where_it_was(small_operator):
    straight = small_operator.simulated(SOON, "50%")
    first = small_operator.rehearsal("stopped", SOON, "50%")
    days = first.days()
    for _ in range(15):
        last_lived = next(days)
    days.close()
    again = small_operator.rehearsal("stopped", SOON, "50%")
    lived = list(again.days())
    assert (lived[0] - last_lived).days == 1
    result = again.result()
    assert [month["currencies"] for month in result["months"]] == [month["currencies"] for month in straight["months"]]
    assert result["days"] == straight["days"]
    assert result["jobs"] == straight["jobs"]


def test_life_before_the_first_day_is_lived_but_not_told(small_operator):
    told = small_operator.simulated(SOON, "all", first=date(2026, 12, 20))
    assert [month["month"] for month in told["months"]] == ["2026-12"]
    assert told["days"][0]["day"] == "2026-12-20"
    assert told["months"][0]["currencies"]["EUR"]["invoiced"] > 0
    assert told["billed_twice"] == []


def test_switches_that_are_on_are_lifted_in_the_copy_and_told(small_operator):
    small_operator.add(FreezeSwitch(name="charges", on=True, reason="audit", changed_at=TODAY))
    result = small_operator.simulated(date(2026, 12, 10), "all")
    assert any("all charges are stopped in real life" in note for note in result["notes"])
    assert result["jobs"]["payments.collect"] > 0


def test_a_day_that_is_billed_twice_is_found(small_operator):
    made = small_operator.rehearsal("twice", date(2027, 1, 8), "all")
    list(made.days())
    engine = create_engine(f"sqlite:///{made.copy}")
    with engine.begin() as connection:
        guards = connection.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).all()
        for guard in guards:
            connection.execute(text(f"DROP TRIGGER {guard}"))
        connection.execute(
            text(
                "UPDATE document_line SET period_start = date(period_start, '-3 days') WHERE id = ("
                " SELECT line.id FROM document_line AS line WHERE line.kind = 'recurring' AND EXISTS ("
                " SELECT 1 FROM document_line AS one WHERE one.component_id = line.component_id"
                " AND one.period_end = line.period_start) LIMIT 1)"
            )
        )
    engine.dispose()
    result = made.result()
    (twice,) = result["billed_twice"]
    assert (date.fromisoformat(twice["period_end"]) - date.fromisoformat(twice["period_start"])).days == 3
    (fault,) = [fault for fault in result["billing_faults"] if "twice" in fault]
    assert fault.startswith(f"subscription {twice['subscription_id']}, document")
    assert f"{twice['period_start']} to {twice['period_end']} is charged twice" in fault


def test_the_copy_is_for_nobody_else_s_eyes_and_is_never_written_over(small_operator):
    made = small_operator.rehearsal("private", LAST)
    assert made.copy.stat().st_mode & 0o077 == 0
    assert made.copy.parent.stat().st_mode & 0o077 == 0
    with small_operator.app.app_context(), pytest.raises(Conflict, match="exists already"):
        copy_database(db.engine, made.copy, str)


@pytest.mark.full
def test_two_years_of_all_subscribers(whole_operator):
    result = whole_operator.simulated(date(2028, 12, 31), first=date(2027, 1, 1))
    assert (result["exceptions"], result["billed_twice"], result["ledger_verified"]) == ([], [], True)
    assert (result["billing_faults"], result["failed"], result["refused"]) == ([], 0, {})
    assert len(result["months"]) == 24
    assert len(result["days"]) == 731
