"""The two kinds of session: no update is lost, writers take turns in the order they came, readers cannot write."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select, text

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.scheduling import enqueue
from billhead.db import in_session, reading, reserve_ids, writing
from billhead.domain.context import Context
from billhead.models.operations import Job
from billhead.models.sellers import NumberSeries, Seller

CTX = Context.system("test")


def add_series() -> int:
    with writing(CTX) as tx:
        seller = Seller(code="north", name="North", legal_name="North Ltd", country="NO", currency="NOK")
        tx.session.add(seller)
        tx.session.flush()
        series = NumberSeries(seller_id=seller.id, kind="invoice", fiscal_year=2026)
        tx.session.add(series)
        tx.session.flush()
        return series.id


def in_threads(app, how_many, work):
    """Run `work(number)` in so many threads at once; the first exception is raised here."""
    start = threading.Barrier(how_many)

    def one(number):
        with app.app_context():
            start.wait(10)
            return work(number)

    with ThreadPoolExecutor(how_many) as pool:
        return [done.result(60) for done in [pool.submit(one, number) for number in range(how_many)]]


def test_eight_threads_that_add_one_25_times_add_200(app_context):
    series_id = add_series()

    def add_25(_number):
        for _ in range(25):
            with writing(CTX) as tx:
                tx.session.get_one(NumberSeries, series_id, with_for_update=True).next_number += 1

    in_threads(app_context, 8, add_25)
    with reading() as session:
        assert session.get_one(NumberSeries, series_id).next_number == 1 + 8 * 25


def test_reserved_ids_are_never_given_twice(app_context):
    def reserve_and_write(_number):
        with writing(CTX) as tx:
            ids = reserve_ids(tx.session, "job", 50)
            tx.session.add_all(Job(id=i, kind="k", due_at=clock.now(), created_at=clock.now()) for i in ids)
            return list(ids)

    drawn = in_threads(app_context, 4, reserve_and_write)
    assert all(ids == sorted(ids) for ids in drawn)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 4 * 50
    with writing(CTX) as tx:
        assert enqueue(tx, "k") not in {i for ids in drawn for i in ids}


def test_a_click_that_waits_behind_a_run_of_many_batches_comes_next_not_last(app_context):
    """SQLite: writers take turns in the order in which they came. PostgreSQL: the click needn't wait at all."""
    turns: list[str] = []
    run_goes_on, click_waits = threading.Event(), threading.Event()

    def run(_number=0):
        with app_context.app_context():
            for batch in count():
                with writing(CTX) as tx:
                    tx.session.execute(text("SELECT 1"))
                    turns.append("batch")
                    run_goes_on.set()
                    if batch == 0:
                        click_waits.wait(10)
                        threading.Event().wait(0.2)  # the click is in the queue by now
                if batch == 20:
                    return

    def click():
        with app_context.app_context():
            run_goes_on.wait(10)
            click_waits.set()
            with writing(CTX) as tx:
                tx.session.execute(text("SELECT 1"))
                turns.append("click")

    threads = [threading.Thread(target=run), threading.Thread(target=click)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert turns.index("click") <= 1
    assert turns.count("batch") == 21


def test_a_reader_waits_for_no_writer(app_context):
    series_id = add_series()
    with writing(CTX) as tx:
        tx.session.get_one(NumberSeries, series_id, with_for_update=True).next_number = 7
        tx.session.flush()
        seen = in_threads(app_context, 1, lambda _: _next_number(series_id))
    assert seen == [1]
    assert _next_number(series_id) == 7


def _next_number(series_id: int) -> int:
    with reading() as session:
        return session.get_one(NumberSeries, series_id).next_number


def test_a_reading_session_refuses_to_write(app_context):
    series_id = add_series()
    with reading() as session:
        session.get_one(NumberSeries, series_id).next_number = 9
        with pytest.raises(RuntimeError, match=r"open writing\(ctx\) instead"):
            session.flush()
    assert _next_number(series_id) == 1


def test_a_transaction_inside_a_transaction_is_refused(app_context):
    with writing(CTX), pytest.raises(RuntimeError, match="actions are given its Tx"), writing(CTX):
        pass


def test_what_raises_leaves_nothing_and_wakes_nobody(app_context):
    woken = []

    def half_done():
        with writing(CTX) as tx:
            enqueue(tx, "k")
            tx.after_commit(lambda: woken.append(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0
    assert woken == []
    assert in_session() == ""


def test_a_naive_instant_never_reaches_the_database(app_context):
    with pytest.raises(Exception, match="naive datetime"), writing(CTX) as tx:
        enqueue(tx, "k", due_at=(clock.now() + timedelta(hours=1)).replace(tzinfo=None))


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_an_exchange_inside_a_session_is_refused_before_anything_happens(app_context, kind):
    happened = []
    session = reading() if kind == "reading" else writing(CTX)
    with session, pytest.raises(RuntimeError, match="network calls never happen inside a transaction"):
        exchange(CTX, intend=happened.append, call=happened.append, record=lambda *a: happened.append(a))
    assert happened == []


def test_an_exchange_commits_its_intent_before_it_calls_and_calls_with_no_session_open(app_context):
    series_id = add_series()

    def intend(tx):
        tx.session.get_one(NumberSeries, series_id).next_number = 2
        return "intent"

    def call(intent):
        assert in_session() == ""
        assert _next_number(series_id) == 2
        return f"answer to {intent}"

    def record(tx, intent, answer):
        tx.session.get_one(NumberSeries, series_id).next_number = 3
        return answer

    assert exchange(CTX, intend=intend, call=call, record=record) == "answer to intent"
    assert _next_number(series_id) == 3


def test_a_call_that_fails_leaves_the_intent_to_be_resolved(app_context):
    series_id = add_series()

    def intend(tx):
        tx.session.get_one(NumberSeries, series_id).next_number = 2
        return True

    with pytest.raises(ConnectionError):
        exchange(CTX, intend=intend, call=_breaks, record=lambda *_: pytest.fail("there is no answer to record"))
    assert _next_number(series_id) == 2


def _breaks(_intent):
    raise ConnectionError("the line went dead")
