"""What makes a test's PostgreSQL its own although another test had it before (tests/support/used_again.py)."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from used_again import UsedAgain

from postgres_cluster import PostgresCluster

Connect = Callable[[str], psycopg.Connection]


@pytest.fixture
def databases(new_databases: Callable[[], UsedAgain]) -> Iterator[UsedAgain]:
    kept = new_databases()
    yield kept
    kept.close()


@pytest.fixture
def connect(postgres_cluster: PostgresCluster) -> Connect:
    return lambda name: psycopg.connect(
        host=postgres_cluster.socket_folder, user="postgres", dbname=name, autocommit=True
    )


def test_rows_go_the_ones_that_nobody_may_delete_too_and_numbers_start_anew(databases: UsedAgain, connect: Connect):
    name = databases.take()
    for _ in range(3):
        with connect(name) as connection:
            assert _book(connection) == 1
        databases.give_back(name)
        assert databases.take() == name


def test_what_is_not_a_row_is_not_handed_on(databases: UsedAgain, connect: Connect):
    changes = (
        "CREATE TABLE of_a_plugin (id integer)",
        "CREATE INDEX slower ON seller (name)",
        "ALTER TABLE seller ADD COLUMN odd integer",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "ANALYZE ledger_account",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE OR REPLACE FUNCTION billhead_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    )
    name = databases.take()
    for change in changes:
        with connect(name) as connection:
            _book(connection)
            connection.execute(change)
        databases.give_back(name)
        before, name = name, databases.take()
        assert name != before, change


def test_one_that_somebody_is_still_connected_to_is_dropped(databases: UsedAgain, connect: Connect):
    name = databases.take()
    with connect(name) as left:
        databases.give_back(name)
        assert databases.take() != name
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")


def _book(connection: psycopg.Connection) -> int:
    """The number of a new account, in a table that refuses DELETE."""
    connection.execute("SET session_replication_role = replica")
    row = "INSERT INTO ledger_account (seller_id, code, currency, subject) VALUES (7, 'cash', 'EUR', '') RETURNING id"
    return connection.execute(row).fetchone()[0]
