"""The customers who pay by hand: offers and invoices without a saved method, and debts whose charges have failed.

They act once a day, in the way in which staff book what has arrived at the bank.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from billhead.actions.payments.book_transfer import book_transfer
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, PaymentAttempt
from billhead.models.subscriptions import Subscription
from billhead.simulate.habits import Habits

__all__ = ["Payers"]

_CTX = Context.system("simulation:payers")
_EARLIEST, _LATEST = timedelta(days=60), timedelta(days=90)
_PAGE = 1000

_charged = exists().where(PaymentAttempt.document_id == Document.id, PaymentAttempt.off_session)
_OFFERED = (Document.kind == "proforma") & (Document.state == "open")


@dataclass(slots=True)
class Payers:
    """`paid` counts; `refused` has what stood against a payment, by reason."""

    habits: Habits
    accounts: dict[int, int]
    paid: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, habits: Habits) -> "Payers":
        """Each seller's first account that is open; who has none is paid by nobody by hand."""
        with reading() as session:
            accounts: dict[int, int] = {}
            rows = select(GatewayAccount).where(GatewayAccount.enabled).order_by(GatewayAccount.position.desc())
            for account in session.scalars(rows):
                accounts[account.seller_id] = account.id
        return cls(habits, accounts)

    def act(self, today: date) -> None:
        for row in self._whose_day_it_is(today):
            account = self.accounts.get(row.seller_id)
            if account is None:
                continue
            try:
                with writing(_CTX) as tx:
                    owed = row.total_minor - row.settled_minor
                    book_transfer(tx, row.id, account, owed, row.currency, f"simulated-{row.id}")
                self.paid += 1
            except BillheadError as error:
                self.refused[error.message] = self.refused.get(error.message, 0) + 1

    def _whose_day_it_is(self, today: date) -> Iterator[Any]:
        after = 0
        while True:
            with reading() as session:
                page = _page(session, today, after)
            for row in page:
                delay = self.habits.heals(row.id) if row.charged else self.habits.pays_by_hand(row.id)
                if delay is not None and today >= row.due_on + timedelta(days=delay):
                    yield row
            if len(page) < _PAGE:
                return
            after = page[-1].id


def _page(session: Session, today: date, after: int) -> list[Any]:
    query = (
        select(
            Document.id,
            Document.seller_id,
            Document.currency,
            Document.total_minor,
            Document.settled_minor,
            Document.due_on,
            _charged.label("charged"),
        )
        .outerjoin(Subscription, Subscription.id == Document.subscription_id)
        .where(
            or_(_OFFERED, Document.owed()),
            Document.due_on.between(today - _LATEST, today + _EARLIEST),
            Document.total_minor > Document.settled_minor,
            or_(Subscription.id.is_(None), Subscription.state != "canceled"),
            Document.id > after,
        )
        .order_by(Document.id)
        .limit(_PAGE)
    )
    return list(session.execute(query).all())
