"""The customers of the demo: who pays by transfer on time or late, and who pays a debt after the line was stopped.

They act from outside: a transfer is booked by staff, a card is entered at the card processor's hosted page over HTTP.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import httpx
from sqlalchemy import select

from billhead.actions.payments.book_transfer import book_transfer
from billhead.actions.payments.start_checkout import start_checkout
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.document import OWED
from billhead.domain.errors import BillheadError
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount
from billhead.models.subscriptions import Subscription

__all__ = ["Payers"]

GOOD_CARD = "4242424242424242"
_NEVER_PAYS = 10  # one in ten transfers never comes


@dataclass(slots=True)
class Payers:
    """Deterministic: what somebody does depends on their id and the date alone. All buy from one seller."""

    seller_id: int
    cards_id: int
    bank_id: int
    return_url: str
    transfers: int = 0
    late_cards: int = 0
    refused: int = 0

    @classmethod
    def of(cls, return_url: str) -> "Payers":
        with reading() as session:
            accounts = {a.gateway: a for a in session.scalars(select(GatewayAccount))}
        cards, bank = accounts["sandbox_cards"], accounts["bank_transfer"]
        return cls(cards.seller_id, cards.id, bank.id, return_url)

    def act(self, today: date) -> None:
        self._transfer(today)
        self._pay_late_by_card(today)

    def _transfer(self, today: date) -> None:
        """Seven in ten pay three days before their time is over, two in ten four days after it, one never."""
        with reading() as session:
            offers = session.execute(
                select(Document.id, Document.customer_id, Document.total_minor, Document.currency, Document.due_on)
                .where(Document.kind == "proforma", Document.state == "open", Document.due_on.is_not(None))
                .where(Document.seller_id == self.seller_id)
                .order_by(Document.id)
            ).all()
        for document_id, customer_id, total, currency, due_on in offers:
            assert due_on is not None, "asked for in the query"
            habit = customer_id % _NEVER_PAYS
            if habit == 0 or today < due_on + timedelta(days=-3 if habit < 8 else 4):
                continue
            with writing(Context.system("demo:staff")) as tx:
                book_transfer(tx, document_id, self.bank_id, total, currency, f"statement-{document_id}")
            self.transfers += 1

    def _pay_late_by_card(self, today: date) -> None:
        """Two in three whose line was stopped for debt pay a few days later with a card that works."""
        with reading() as session:
            owed = session.execute(
                select(Document.id, Document.customer_id, Document.due_on)
                .join(Subscription, Subscription.id == Document.subscription_id)
                .where(
                    Document.state.in_([s.value for s in OWED]),
                    Document.due_on.is_not(None),
                    Subscription.state == "suspended",
                    Subscription.seller_id == self.seller_id,
                )
                .order_by(Document.id)
            ).all()
        for document_id, customer_id, due_on in owed:
            assert due_on is not None, "asked for in the query"
            if customer_id % 3 == 0 or today != due_on + timedelta(days=7 + customer_id % 5):
                continue
            try:
                self._enter_card(document_id)
                self.late_cards += 1
            except BillheadError:
                self.refused += 1  # an earlier try is still undecided: they come back another day

    def _enter_card(self, document_id: int) -> None:
        ctx = Context.system("demo:customer")
        checkout = start_checkout(ctx, document_id, self.cards_id, self.return_url, save_method=True)
        form = {"number": GOOD_CARD, "save": "1"}
        httpx.post(checkout.action["url"], data=form, timeout=30, follow_redirects=False)
