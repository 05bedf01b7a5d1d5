"""What a plugin gets back from core."""

from contextlib import suppress
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import text

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotFound
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import current_host
from billhead.plugin_host import provide_facade

SETTINGS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Settings:
    level: int = option("Level", default=3)
"""
CORE = Context.system("test")


@pytest.fixture
def app(host_app, database_url, pretend):
    app = host_app(database_url, [pretend("loyal", SETTINGS), pretend("other", "")])
    with app.app_context():
        yield app


def test_storage_belongs_to_its_plugin(app):
    loyal, other = current_host("loyal"), current_host("other")
    loyal.put("points", {"17": 3})
    loyal.put("points", {"17": 4})
    assert loyal.get("points") == {"17": 4}
    assert other.get("points", "none") == "none"


def test_of_two_changes_at_once_none_is_lost(app):
    loyal = current_host("loyal")

    def one_more(points):
        sleep(0.01)  # as long as somebody else needs to look at the same value
        return points + 1

    def work():
        with app.app_context():
            for _ in range(5):
                loyal.change("points", one_more, 0)

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loyal.get("points") == 15

    with pytest.raises(ZeroDivisionError):
        loyal.change("points", lambda points: points // 0)
    assert loyal.get("points") == 15


def test_settings_are_the_plugins_own(app):
    assert current_host("loyal").settings().level == 3
    assert current_host("other").settings() is None


def test_a_plugin_reads_and_writes_its_own_tables(app):
    loyal = current_host("loyal")
    with loyal.tables(write=True) as connection:
        connection.execute(text("CREATE TABLE x_loyal_points (customer_id INTEGER, points INTEGER)"))
        connection.execute(text("INSERT INTO x_loyal_points VALUES (17, 3)"))
    with suppress(ZeroDivisionError), loyal.tables(write=True) as connection:
        connection.execute(text("DELETE FROM x_loyal_points"))
        raise ZeroDivisionError
    with loyal.tables() as connection:
        assert connection.execute(text("SELECT points FROM x_loyal_points")).scalars().all() == [3]


def test_tables_are_not_written_inside_a_transaction(app):
    tables = current_host("loyal").tables(write=True)
    with writing(CORE), pytest.raises(Conflict, match="whose transaction is open"):
        tables.__enter__()


def test_it_works_where_no_context_is_open(host_app, sqlite_url, pretend):
    host_app(sqlite_url, [pretend("loyal", SETTINGS)])
    host = current_host("loyal")
    host.put("seen", True)
    assert host.get("seen") is True


def test_a_customer_is_read_as_a_plain_mapping(app):
    with writing(CORE) as tx:
        seller = Seller(code="nc", name="NC", legal_name="NC GmbH", country="DE", currency="EUR")
        tx.session.add(seller)
        tx.session.flush()
        customer = Customer(
            seller_id=seller.id, name="Ada", email="a@example.org", country="DE", currency="EUR", created_at=clock.now()
        )
        tx.session.add(customer)
        tx.session.flush()
        number = customer.id
    found = current_host("loyal").customer(number)
    assert (found["name"], found["currency"]) == ("Ada", "EUR")
    for read in (current_host("loyal").subscription, current_host("loyal").document):
        with pytest.raises(NotFound):
            read(404)


def test_a_guard_does_not_write(app):
    with writing(CORE), pytest.raises(Conflict, match="inside a guard"):
        current_host("loyal").put("points", 1)


def test_notices_are_queued_under_a_key_of_the_plugin(app):
    queued = []
    provide_facade(app, lambda *notice: queued.append(notice))
    current_host("loyal").notify(7, "level_up", "2026", {"level": 4})
    assert queued == [(7, "level_up", "plugin:loyal:2026", {"level": 4})]


def test_an_unknown_plugin_has_no_host(app):
    with pytest.raises(NotFound, match="There is no plugin nobody"):
        current_host("nobody")
