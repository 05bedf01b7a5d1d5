"""Pitfall 1: two schedulers at once, and a job that is called more often than planned: one invoice, one charge each."""

from datetime import date

import pytest
from billing_process import billing_process
from billing_shop import SYSTEM, open_shop
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from billhead.actions.ledger.verify import verify_ledger
from billhead.bench.subscribers import build_operator
from billhead.db import reading, writing
from billhead.jobs.schedule import queue_periodic
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Job

NOV = date(2026, 11, 1)
COUNT = 400


def test_pitfall_01_two_processes_at_once_write_one_document_each(database_url, tmp_path):
    with open_shop(database_url, tmp_path, bare=True) as shop:
        build_operator(COUNT)
        both = [billing_process(database_url, tmp_path, NOV, chunk=20) for _ in range(2)]
        for one in both:
            assert one.ended() == 0, one.said()
        with reading() as session:
            per_period = session.execute(
                select(DocumentLine.subscription_id, DocumentLine.component_id, DocumentLine.period_start, func.count())
                .group_by(DocumentLine.subscription_id, DocumentLine.component_id, DocumentLine.period_start)
                .having(func.count() > 1)
            ).all()
            numbers = session.scalars(select(Document.number).order_by(Document.number)).all()
            charges = session.scalars(select(Job.key).where(Job.kind == "payments.collect")).all()
            assert verify_ledger(session).faults == []
        assert per_period == []
        assert numbers == list(range(1, COUNT + 1))
        assert len(charges) == len(set(charges)) <= COUNT
        assert shop.run(NOV).considered == 0


def test_pitfall_01_the_database_itself_refuses_a_second_line_for_a_period(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
        shop.run(NOV)
        columns = "subscription_id, component_id, kind, period_start, period_end, revision, position, description"
        with pytest.raises(IntegrityError), writing(SYSTEM) as tx:
            tx.session.execute(
                text(
                    f"INSERT INTO document_line (document_id, {columns}, quantity, unit_minor, net_minor, tax_minor, "
                    f"tax_code, tax_rate_ppm, term) SELECT document_id, {columns}, quantity, unit_minor, net_minor, "
                    "tax_minor, tax_code, tax_rate_ppm, term FROM document_line"
                )
            )


def test_pitfall_01_two_schedulers_queue_one_run_an_hour(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr("billhead.jobs.schedule._of_plugins", lambda: iter(()))
    with open_shop(sqlite_url, tmp_path):
        queue_periodic()
        queue_periodic()
        with reading() as session:
            runs = session.scalars(select(Job.key).where(Job.kind == "billing.run")).all()
        assert len(runs) == 1
