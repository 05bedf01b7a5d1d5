"""Read from the copy what came of a day: only what is new since the day before is looked at, however much there is.

Money that is in, owed or written off is the ledger's; what was invoiced and credited is the documents'.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._holding import holding_minor
from billhead.domain.document import Kind
from billhead.domain.ledger import AccountCode
from billhead.domain.periods import Term
from billhead.domain.subscription import RUNNING
from billhead.domain.subscription import State as Life
from billhead.models.catalogue import Price
from billhead.models.documents import Document, DocumentLine, FailedItem
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.operations import Notice
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["Books", "Flow", "failed_items", "monthly_revenue", "states"]

_IN = (AccountCode.CLEARING.value, AccountCode.CASH.value, AccountCode.FEES.value)
_DAYS_OF_A_MONTH = 30_436_875  # millionths


@dataclass(slots=True)
class Flow:
    """Of one currency and day, or month; minor units. `invoiced` has tax in it; `credited` are credit notes.

    `money_in` is what came less what went back. `owed` (at the end) is what may still be paid. `lost` is what was
    written off, or is owed by subscriptions that were cancelled: it grows when they are, and shrinks when one pays.
    """

    invoiced: int = 0
    tax: int = 0
    credited: int = 0
    money_in: int = 0
    lost: int = 0
    owed: int = 0

    def plus(self, day: "Flow") -> "Flow":
        return Flow(
            self.invoiced + day.invoiced,
            self.tax + day.tax,
            self.credited + day.credited,
            self.money_in + day.money_in,
            self.lost + day.lost,
            day.owed,
        )

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(slots=True)
class Books:
    """How far has been counted, and what stood then: `receivable` and `given_up` by currency. `document`: the newest
    of all, drafts too."""

    document: int = 0
    entry: int = 0
    notice: int = 0
    receivable: dict[str, int] = field(default_factory=dict)
    given_up: dict[str, int] = field(default_factory=dict)

    @classmethod
    def opened(cls, session: Session) -> "Books":
        """From here on only what is new counts."""
        books = cls()
        books.day(session)
        books.notices(session)
        return books

    def day(self, session: Session) -> dict[str, Flow]:
        """What is new, by currency."""
        found: dict[str, Flow] = {}
        self._documents(session, found)
        self._ledger(session, found)
        self._given_up(session, found)
        for currency, minor in self.receivable.items():
            found.setdefault(currency, Flow()).owed = minor - self.given_up.get(currency, 0)
        return found

    def _documents(self, session: Session, found: dict[str, Flow]) -> None:
        """What was issued, with the entry that booked it: a draft counts on the day on which it becomes final."""
        rows = session.execute(
            select(Document.currency, Document.kind, func.sum(Document.total_minor), func.sum(Document.tax_minor))
            .where(Document.entry_id > self.entry)
            .group_by(Document.currency, Document.kind)
        )
        for currency, kind, total, tax in rows:
            flow = found.setdefault(currency, Flow())
            if kind == Kind.INVOICE:
                flow.invoiced, flow.tax = int(total), flow.tax + int(tax)
            elif kind == Kind.CREDIT_NOTE:
                flow.credited, flow.tax = int(total), flow.tax - int(tax)
        self.document = int(session.scalar(select(func.max(Document.id))) or 0)

    def _ledger(self, session: Session, found: dict[str, Flow]) -> None:
        signed = LedgerPosting.signed()
        rows = session.execute(
            select(LedgerAccount.code, LedgerAccount.currency, func.sum(signed), func.max(LedgerPosting.entry_id))
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .where(LedgerPosting.entry_id > self.entry)
            .group_by(LedgerAccount.code, LedgerAccount.currency)
        )
        last = self.entry
        for code, currency, minor, newest in rows:
            last = max(last, int(newest))
            flow = found.setdefault(currency, Flow())
            if code in _IN:
                flow.money_in += int(minor)
            elif code == AccountCode.WRITE_OFF:
                flow.lost += int(minor)
            elif code == AccountCode.RECEIVABLE:
                self.receivable[currency] = self.receivable.get(currency, 0) + int(minor)
        self.entry = last

    def _given_up(self, session: Session, found: dict[str, Flow]) -> None:
        """Of whom nobody watches any more: each subscription on the document is canceled."""
        line = select(DocumentLine.id).where(DocumentLine.document_id == Document.id)
        whose = line.join(Subscription, Subscription.id == DocumentLine.subscription_id)
        rows = session.execute(
            select(Document.currency, func.sum(Document.total_minor - Document.settled_minor))
            .where(
                Document.owed(),
                whose.where(Subscription.state == Life.CANCELED).exists(),
                ~whose.where(Subscription.state != Life.CANCELED).exists(),
            )
            .group_by(Document.currency)
        )
        now = {currency: int(minor) for currency, minor in rows}
        for currency in now.keys() | self.given_up.keys():
            flow = found.setdefault(currency, Flow())
            flow.lost += now.get(currency, 0) - self.given_up.get(currency, 0)
        self.given_up = now

    def notices(self, session: Session) -> Counter[str]:
        """Kind → how many are new: what would have been sent."""
        rows = session.execute(
            select(Notice.kind, func.count(), func.max(Notice.id)).where(Notice.id > self.notice).group_by(Notice.kind)
        )
        counted: Counter[str] = Counter()
        for kind, count, newest in rows.all():
            counted[kind] = int(count)
            self.notice = max(self.notice, int(newest))
        return counted


def states(session: Session) -> dict[str, int]:
    """State → how many subscriptions are in it."""
    rows = session.execute(select(Subscription.state, func.count()).group_by(Subscription.state))
    return {state: int(count) for state, count in rows}


def monthly_revenue(session: Session, on: date) -> dict[str, int]:
    """MRR by currency: what running subscriptions cost a month by their prices, before discounts and tax."""
    rows = session.execute(
        select(Subscription.currency, Price.term, func.sum(holding_minor(on) * SubscriptionComponent.quantity))
        .join(SubscriptionComponent, SubscriptionComponent.subscription_id == Subscription.id)
        .join(Price, Price.id == SubscriptionComponent.price_id)
        .where(
            Subscription.state.in_([state.value for state in RUNNING]),
            Subscription.settlement == "invoice",
            Subscription.phase == "recurring",
            SubscriptionComponent.starts_on <= on,
            SubscriptionComponent.ends_on.is_(None) | (SubscriptionComponent.ends_on > on),
            Price.term != "",
        )
        .group_by(Subscription.currency, Price.term)
    )
    found: dict[str, int] = {}
    for currency, term, minor in rows:
        found[currency] = found.get(currency, 0) + _a_month(int(minor), Term.parse(term))
    return found


def _a_month(minor: int, term: Term) -> int:
    if term.months:
        return minor // term.months
    return minor * _DAYS_OF_A_MONTH // (term.days * 1_000_000)


def failed_items(session: Session, known: Mapping[str, int]) -> dict[str, int]:
    """Reason → how many subscriptions could not be billed today, beside those of before."""
    rows = session.execute(select(FailedItem.error, func.count()).group_by(FailedItem.error))
    return {error: int(count) for error, count in rows if int(count) > known.get(error, 0)}
