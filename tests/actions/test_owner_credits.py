"""Credits of a panel's own reseller: sent once, written down before and after, and left alone while in doubt."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from billhead.actions.freeze import set_freeze
from billhead.actions.panels.change_owner_credits import change_owner_credits
from billhead.actions.panels.read_owners import read_owners
from billhead.db import in_session, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.models.operations import AuditEntry
from billhead.plugin import Owner
from two_panels import Operator

SYSTEM = Context.system("test", reason="paid by transfer")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """No SQL here that other files do not ask of both engines."""
    return sqlite_url


def credit(operator: Operator) -> int:
    return operator.sandbox.state.store.row("SELECT credits FROM users WHERE id = 2")["credits"]


def trail() -> list[tuple[str, int, str]]:
    with reading() as session:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "panels.change_owner_credits").order_by(AuditEntry.id)
        )
        return [(row.reason, row.details["credits_minor"], row.details["outcome"]) for row in rows]


def test_they_are_read_and_given_with_no_transaction_open(operator: Operator, monkeypatch):
    panel = operator.panels["xtream"]
    rita = next(one for one in read_owners(SYSTEM, panel).owners if one.remote_id == "2")
    assert rita == Owner("2", "reseller", 100_00)
    from billhead_xtream.client import XuiClient

    real, open_sessions = XuiClient.write, []
    monkeypatch.setattr(XuiClient, "write", lambda *about: (open_sessions.append(in_session()), real(*about))[1])
    done = change_owner_credits(SYSTEM, panel, rita, 50_00)
    assert (done.owner.credits_minor, credit(operator), open_sessions) == (150_00, 150, [""])
    assert trail() == [("paid by transfer", 100_00, "sent"), ("paid by transfer", 150_00, "done")]
    again = change_owner_credits(SYSTEM, panel, rita, 50_00)  # the same form, once more
    assert (again.owner, credit(operator)) == (None, 150)
    assert "another credit" in again.problem
    assert trail()[-1][2] == "refused"


def test_while_one_is_in_doubt_no_other_is_sent(operator: Operator, monkeypatch):
    panel, rita = operator.panels["xtream"], Owner("2", "reseller", 100_00)
    operator.fault("reset", "*adjust_credits*", perform=False, count=1)
    done = change_owner_credits(SYSTEM, panel, rita, 50_00)
    assert (done.owner, done.in_doubt, credit(operator)) == (None, True, 100)
    with pytest.raises(Conflict, match="no outcome yet"):
        change_owner_credits(SYSTEM, panel, rita, 50_00)
    assert [outcome for _, _, outcome in trail()] == ["sent", "unknown"]
    monkeypatch.setattr("billhead.actions.panels.change_owner_credits._DOUBT", timedelta(0))
    assert change_owner_credits(SYSTEM, panel, rita, 50_00).owner is not None


def test_who_may_not_and_what_can_not_be_is_refused(operator: Operator):
    panel, rita = operator.panels["xtream"], Owner("2", "reseller", 100_00)
    with pytest.raises(NotAllowed):
        change_owner_credits(replace(SYSTEM, permissions=frozenset()), panel, rita, 50_00)
    for ctx, key, amount in ((replace(SYSTEM, reason=" "), panel, 50_00), (SYSTEM, panel, 0),
                             (SYSTEM, operator.panels["stalker"], 50_00)):  # fmt: skip
        with pytest.raises(InvalidInput):
            change_owner_credits(ctx, key, rita, amount)
    with writing(SYSTEM) as tx:
        set_freeze(tx, "panels", on=True)
    with pytest.raises(Conflict, match="Nothing is written to panels now"):
        change_owner_credits(SYSTEM, panel, rita, 50_00)
    assert (credit(operator), trail()) == (100, [])
