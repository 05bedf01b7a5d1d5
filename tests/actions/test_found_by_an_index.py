"""What is asked for all day is found by an index: no page or job looks through years of lines, or all that is open."""

import sqlite3
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import event, select

from apps import build_app, close_app
from billhead.actions.billing.run import run_billing
from billhead.actions.documents._subscriptions import open_offers, owed_of
from billhead.actions.dunning._debts import read_debts
from billhead.actions.dunning._terms import Policies
from billhead.actions.provisioning._desired import PanelView
from billhead.actions.provisioning._our_side import OurSide
from billhead.actions.subscriptions._offers import lock_about
from billhead.bench.subscribers import DUE_ON, OnlyTax, build_operator
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.models.documents import Document
from billhead.models.subscriptions import Service
from billhead.plugin import Capabilities, Expiry, LineKind, ListedLine, Observed
from billhead.reports._recurring_moves import recurring_moves
from billhead.web.admin.home_figures import debts, work
from billhead.web.customer.orders import orders_of
from billhead.web.paging import page_of


@pytest.fixture
def said(sqlite_url, tmp_path):
    """Every statement about 300 customers who were billed once, half of whom have not paid."""
    app = build_app(sqlite_url, tmp_path / "home")
    with app.app_context():
        build_operator(300)
        run_billing(DUE_ON, host=OnlyTax.and_all_hooks())
        statements: list[str] = []
        event.listen(db.engine, "checkout", lambda raw, *_: raw.set_trace_callback(statements.append))
        db.engine.dispose()
        yield statements
        close_app(app)


def steps(url: str, statements: list[str]) -> list[str]:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        asked = [one for one in statements if one.lstrip().upper().startswith("SELECT")]
        return [row[3] for one in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {one}")]


def by_state(url: str, statements: list[str]) -> list[str]:
    return [step for step in steps(url, statements) if "ix_document_open" in step]


def test_what_one_subscription_owes_is_looked_for_among_its_own_documents(sqlite_url, said):
    with reading() as session:
        assert owed_of(session, 2)
        assert open_offers(session, [2], "open") == {}
    assert by_state(sqlite_url, said) == []


def test_who_ends_a_subscription_waits_for_no_look_through_all_that_is_open(sqlite_url, said):
    with writing(Context.system("test")) as tx:
        lock_about(tx, [2])
    assert by_state(sqlite_url, said) == []


def test_dunning_looks_through_all_that_is_open_once_a_batch_and_not_again_for_its_subscriptions(sqlite_url, said):
    with reading() as session:
        due, _ = read_debts(session, 0, Policies(session))
    assert len(due) > 100
    assert len([one for one in said if by_state(sqlite_url, [one])]) == 1


def test_all_that_is_open_is_still_found_by_its_state(sqlite_url, said):
    with reading() as session:
        assert debts(session, DUE_ON)
    assert by_state(sqlite_url, said)


def test_the_figures_of_the_dashboard_look_at_the_lines_that_run_and_not_at_years_of_them(sqlite_url, said):
    with reading() as session:
        (moves,) = recurring_moves(session, DUE_ON - timedelta(days=1), DUE_ON)
        assert (moves.came, moves.went) == (300, 0)
        assert work(session, DUE_ON)["unbilled"] == 0
    assert [step for step in steps(sqlite_url, said) if step.startswith("SCAN document_line")] == []
    assert any("ix_document_line_period_end" in step for step in steps(sqlite_url, said))


def test_the_orders_of_one_customer_are_not_looked_for_among_all_subscriptions(sqlite_url, said):
    with current_app.test_request_context(), reading() as session:
        assert page_of(session, orders_of(2), Document.id, whole_rows=True).items
    assert [step for step in steps(sqlite_url, said) if step.startswith("SCAN subscription")] == []


def test_a_batch_of_a_panels_lines_is_not_looked_for_among_all_of_the_panel(sqlite_url, said):
    with reading() as session:
        first = session.scalars(select(Service).order_by(Service.id).limit(2)).all()
    view = PanelView(
        first[0].panel_id, "north", None, None, Capabilities(Expiry.SETTABLE, frozenset(LineKind)), {}, {}, {}
    )
    ours = OurSide(view, {}, ())
    said.clear()
    listed = [
        ListedLine(ref, str(one.id), LineKind.STREAM, Observed(login=one.login, mac=one.mac or "00:1A:79:00:00:01"))
        for ref, one in zip(("", first[1].handle), first, strict=True)
    ]
    rows = ours.rows_of(listed)
    assert [rows.of(line).id for line in listed] == [one.id for one in first]
    assert ours.rows_with([first[1].id]).by_ref.keys() == {first[1].handle}
    assert [step for step in steps(sqlite_url, said) if "ix_service_panel_sync" in step or "SCAN service" in step] == []
