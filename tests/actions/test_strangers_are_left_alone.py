"""Nothing is ever deleted or changed on a panel that Billhead did not create or adopt."""

import pytest
from sqlalchemy import select

from two_panels import BOX

BOTH = pytest.mark.parametrize("on", ["stalker", "xtream"])
TABLES = {"stalker": ("stalker_accounts", "login"), "xtream": ("lines", "username")}


def strangers(operator, on):
    """Three lines of somebody else: with the login of a line of ours, with its MAC, and with nothing of ours."""
    store = operator.sandbox.state.store
    if on == "stalker":
        for login, number, mac in (("viewer1", "X1", ""), ("boxer", "X2", BOX), ("bob", "X3", "")):
            row = {"login": login, "account_number": number, "stb_mac": mac, "full_name": "Else", "tariff_plan_id": 1}
            store.insert("stalker_accounts", row)
    else:
        for login in ("viewer1", "viewer2", "bob"):
            store.insert("lines", {"username": login, "password": "theirs", "admin_notes": "else", "bouquet": "[3]"})
    return rows(operator, on)


def rows(operator, on):
    return operator.sandbox.state.store.rows(f"SELECT * FROM {TABLES[on][0]} ORDER BY id")


@BOTH
def test_strangers_survive_whatever_becomes_of_our_lines(operator, on):
    """Our lines have their names: they are never made; they are compared, changed, ended. The strangers stay."""
    before = strangers(operator, on)
    box = {"kind": "mag", "mac": BOX} if on == "stalker" else {}
    lines = [operator.line(on), operator.line(on, **box)]
    operator.work()
    operator.reconcile(on)
    operator.work()
    for line in lines:
        assert operator.service(line).sync == "failed"
        operator.want(line, desired_blocked=True, password="another")
    operator.work()
    for line in lines:
        operator.want(line, lifecycle="unwanted")
    operator.work()
    operator.reconcile(on)
    operator.work()
    assert rows(operator, on) == before


@BOTH
def test_a_stranger_that_took_the_name_of_our_lost_line_is_left_alone(operator, on):
    line = operator.line(on)
    operator.work()
    assert operator.service(line).sync == "ok"
    operator.sandbox.state.store.run(f"DELETE FROM {TABLES[on][0]}")
    before = strangers(operator, on)
    operator.reconcile(on)
    operator.work()
    operator.want(line, lifecycle="unwanted")
    operator.work()
    operator.reconcile(on)
    operator.work()
    assert rows(operator, on) == before


@BOTH
def test_an_adopted_line_may_be_ended_and_its_neighbour_stays(operator, on):
    """Adopted by hand here: a service whose line was found, beside one that was not taken over."""
    from billhead.models.subscriptions import Service

    operator.line(on)
    operator.work()
    before = strangers_beside(operator, on)
    service = operator._read(lambda session: session.scalar(select(Service.id)))
    operator.want(service, lifecycle="unwanted")
    operator.work()
    assert operator.service(service).lifecycle == "gone"
    assert rows(operator, on) == before


def strangers_beside(operator, on):
    store = operator.sandbox.state.store
    if on == "stalker":
        key = store.insert("stalker_accounts", {"login": "bob", "account_number": "X3", "tariff_plan_id": 1})
    else:
        key = store.insert("lines", {"username": "bob", "password": "theirs", "admin_notes": "", "bouquet": "[3]"})
    return [row for row in rows(operator, on) if row["id"] == key]
