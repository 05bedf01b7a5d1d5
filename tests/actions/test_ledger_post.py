"""Posting: balanced entries with digests, accounts opened on demand, and the guards that the database itself keeps."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import pytest
from ledger_books import SYSTEM, booked, open_books
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from billhead.actions.ledger._accounts import AccountKey, account_ids
from billhead.actions.ledger.post import post
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput, Unbalanced
from billhead.domain.ledger import AccountCode, credit, debit, entry_digest
from billhead.domain.money import Money
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting

DAY = date(2026, 11, 22)
TEN = Money(1000, "EUR")


@pytest.fixture
def books(database_url):
    with open_books(database_url) as books:
        yield books


def test_an_entry_has_its_postings_its_customer_and_its_digest(books):
    entry_id = booked(
        books, "invoice", "document:81", debit(AccountCode.RECEIVABLE, TEN), credit(AccountCode.REVENUE, TEN)
    )
    with reading() as session:
        entry = session.get(LedgerEntry, entry_id)
        legs = session.scalars(select(LedgerPosting).order_by(LedgerPosting.leg)).all()
        accounts = {row.code: row.id for row in session.scalars(select(LedgerAccount))}
    owed, earned = accounts["receivable"], accounts["revenue"]
    assert [(leg.account_id, leg.customer_id, leg.side, leg.amount_minor) for leg in legs] == [
        (owed, books.customer_id, "D", 1000),
        (earned, None, "C", 1000),
    ]
    legs_of_digest = [(f"{owed}:{books.customer_id}", "D", 1000, "EUR"), (str(earned), "C", 1000, "EUR")]
    assert entry.digest == entry_digest(
        entry_id, books.seller_id, "invoice", "2026-11-22", "document:81", legs_of_digest
    )


def test_what_does_not_balance_is_refused_before_the_database(books):
    with pytest.raises(Unbalanced, match="document:1"):
        booked(
            books,
            "invoice",
            "document:1",
            debit(AccountCode.RECEIVABLE, TEN),
            credit(AccountCode.REVENUE, Money(999, "EUR")),
        )


def test_a_customers_account_needs_a_customer(books):
    legs = [debit(AccountCode.RECEIVABLE, TEN), credit(AccountCode.REVENUE, TEN)]
    with writing(SYSTEM) as tx, pytest.raises(InvalidInput, match="names no customer"):
        post(tx, books.seller_id, "invoice", DAY, "document:1", legs)


def test_the_same_thing_is_booked_once(books):
    legs = debit(AccountCode.CASH, TEN), credit(AccountCode.REVENUE, TEN)
    booked(books, "sale", "sale:1", *legs)
    with pytest.raises(IntegrityError):
        booked(books, "sale", "sale:1", *legs)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(LedgerPosting)) == 2


def test_a_rolled_back_account_is_not_remembered(books):
    with suppress(RuntimeError), writing(SYSTEM) as tx:
        account_ids(tx.session, [AccountKey(books.seller_id, "cash", "EUR")])
        raise RuntimeError("everything back")
    with writing(SYSTEM) as tx:
        (account_id,) = account_ids(tx.session, [AccountKey(books.seller_id, "cash", "EUR")]).values()
        assert tx.session.get(LedgerAccount, account_id).code == "cash"


def test_many_who_open_the_same_accounts_at_once_share_them(books):
    def sell(number):
        with books.app.app_context():
            return booked(
                books,
                "sale",
                f"sale:{number}",
                debit(AccountCode.CASH, TEN, "gateway:1"),
                credit(AccountCode.REVENUE, TEN),
            )

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(sell, range(24)))
    assert len(set(ids)) == 24
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(LedgerAccount)) == 2


REFUSED = {
    "an entry without postings": "INSERT INTO ledger_entry (id, seller_id, kind, day, key, digest, recorded_at) "
    "VALUES (999, {seller}, 'x', '2026-11-22', 'x:1', {bytes}, '2026-11-22 00:00:00')",
    "a posting for an entry that stands": "INSERT INTO ledger_posting (entry_id, leg, account_id, side, amount_minor) "
    "SELECT entry_id, 9, account_id, 'D', 1 FROM ledger_posting LIMIT 1",
    "another amount": "UPDATE ledger_posting SET amount_minor = 1",
    "another day": "UPDATE ledger_entry SET day = '2020-01-01'",
    "no more posting": "DELETE FROM ledger_posting",
    "no more entry": "DELETE FROM ledger_entry",
    "another account": "UPDATE ledger_account SET code = 'revenue'",
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_database_refuses(books, what):
    booked(books, "sale", "sale:1", debit(AccountCode.CASH, TEN), credit(AccountCode.REVENUE, TEN))
    empty = "x''" if books.is_sqlite else "''"
    statement = REFUSED[what].format(seller=books.seller_id, bytes=empty)
    with pytest.raises(DBAPIError, match=r"append-only|already stands|needs two or more"), writing(SYSTEM) as tx:
        tx.session.execute(text(statement))


def written_raw(books, *legs):
    """Past all of our code: postings and an entry as anybody with access to the database could write them."""
    with writing(SYSTEM) as tx:
        for number, (currency, side, amount) in enumerate(legs):
            key = AccountKey(books.seller_id, f"cash{number}", currency)
            account = account_ids(tx.session, [key])[key]
            tx.session.add(LedgerPosting(entry_id=5, leg=number, account_id=account, side=side, amount_minor=amount))
        tx.session.flush()
        entry = {"id": 5, "seller_id": books.seller_id, "kind": "x", "day": DAY, "key": "x:5", "digest": b""}
        tx.session.add(LedgerEntry(**entry, recorded_at=books.now))


@pytest.mark.parametrize(
    "legs",
    [
        [("EUR", "D", 1000), ("EUR", "C", 999)],
        [("EUR", "D", 1000)],
        [("EUR", "D", 7), ("USD", "C", 7)],
    ],
    ids=["a cent short", "one leg", "two currencies"],
)
def test_the_database_refuses_an_entry_that_does_not_balance(books, legs):
    with pytest.raises(DBAPIError, match="balance in each currency"):
        written_raw(books, *legs)


def test_the_database_takes_an_entry_that_balances_in_each_currency(books):
    written_raw(books, ("EUR", "D", 7), ("EUR", "C", 7), ("USD", "D", 3), ("USD", "C", 3))
