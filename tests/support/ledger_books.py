"""A seller with one customer in a migrated database, and a short way to book: for tests of the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import Flask

from billhead.actions.ledger.post import post
from billhead.db import db, init_db, writing
from billhead.domain.context import Context
from billhead.domain.ledger import Posting
from billhead.models.people import Customer
from billhead.models.sellers import Seller

SYSTEM = Context.system("test")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = date(2026, 11, 22)


@dataclass
class Books:
    app: Flask
    seller_id: int
    customer_id: int
    is_sqlite: bool
    now: datetime = NOW


@contextmanager
def open_books(url: str) -> Iterator[Books]:
    app = Flask("books")
    init_db(app, url)
    with app.app_context():
        with writing(SYSTEM) as tx:
            seller = Seller(code="shop", name="Shop", legal_name="Shop Oy", country="FI", currency="EUR")
            tx.session.add(seller)
            tx.session.flush()
            customer = Customer(
                seller_id=seller.id, name="Aino", email="aino@example.com", country="FI", currency="EUR", created_at=NOW
            )
            tx.session.add(customer)
            tx.session.flush()
            books = Books(app, seller.id, customer.id, url.startswith("sqlite"))
        yield books
        db.engine.dispose()


def booked(books: Books, kind: str, key: str, *legs: Posting, day: date = DAY) -> int:
    with writing(SYSTEM) as tx:
        return post(tx, books.seller_id, kind, day, key, legs, customer_id=books.customer_id)
