"""Prove what was billed, in two ways. Writes nothing.

From the history: what every subscription owes is computed anew, by the code that bills, and compared with what its
documents have, and so are the days that changes add, and what was billed of metered use with its events. The nightly
run goes on from where it stopped and never looks back; this looks at everything behind it. What it finds is a change
whose bill was not written; `rebill` writes the difference.

From the documents, by code that shares nothing with what bills: on which days each component was had, which days its
lines charge, what these are worth; whether lines over use say what was rated; and each document against its lines, the
ledger and what settled it. What it finds is an error of ours, or of somebody who has written into the database.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing._bills_proven import day_faults
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._difference import History, differences, read_histories
from billhead.actions.billing._documents_proven import document_faults, next_documents
from billhead.actions.billing._extended import days_missing
from billhead.actions.billing._usage_lines_proven import line_faults
from billhead.actions.billing._usage_proven import use_faults
from billhead.db import reading
from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

__all__ = ["BillingFault", "BillingVerified", "verify_billing"]

_CHUNK = 500
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class BillingFault:
    """Of a subscription, of a document, or of both. `amount_minor`: what is missing on the documents, as the price book
    has it; below zero: billed too much; 0 where nothing of that kind is wrong."""

    subscription_id: int | None
    document_id: int | None
    what: str
    amount_minor: int = 0
    currency: str = ""

    @property
    def where(self) -> str:
        named = {"subscription": self.subscription_id, "document": self.document_id}
        return ", ".join(f"{name} {number}" for name, number in named.items() if number is not None)


@dataclass(slots=True)
class BillingVerified:
    """`faults` are the first hundred of `differing`."""

    subscriptions: int = 0
    documents: int = 0
    differing: int = 0
    faults: list[BillingFault] = field(default_factory=list)

    def add(self, fault: BillingFault) -> None:
        self.differing += 1
        if len(self.faults) < _SHOWN:
            self.faults.append(fault)


def verify_billing(progress: Callable[[int, int], None] | None = None) -> BillingVerified:
    """All subscriptions and documents in chunks, each in a fixed number of queries. `progress` gets (done, of all)."""
    found = BillingVerified()
    with reading() as session:
        total = sum(int(session.scalar(select(func.count()).select_from(one)) or 0) for one in (Subscription, Document))
    catalogue = Catalogue()
    for look in (partial(_subscriptions, found, catalogue), partial(_documents, found)):
        after: int | None = 0
        while after is not None:
            after = look(after)
            if progress is not None:
                progress(found.subscriptions + found.documents, total)
    return found


def _subscriptions(found: BillingVerified, catalogue: Catalogue, after: int) -> int | None:
    """The next chunk; returns where to go on, None at the end."""
    with reading() as session:
        query = select(Subscription.id).where(Subscription.id > after).order_by(Subscription.id).limit(_CHUNK)
        ids = session.scalars(query).all()
        if not ids:
            return None
        histories = read_histories(session, catalogue, ids, clock.business_now().date())
        use = use_faults(session, catalogue, [one.item for one in histories.values()])
        for named in (*day_faults(session, ids), *line_faults(session, ids), *use):
            found.add(BillingFault(named.subscription_id, named.document_id, named.what))
    for subscription_id, history in histories.items():
        fault = _fault(subscription_id, history, catalogue)
        if fault is not None:
            found.add(fault)
    found.subscriptions += len(ids)
    return ids[-1] if len(ids) == _CHUNK else None


def _documents(found: BillingVerified, after: int) -> int | None:
    with reading() as session:
        documents = next_documents(session, after, _CHUNK)
        for wrong in document_faults(session, documents):
            found.add(BillingFault(wrong.subscription_id, wrong.document_id, wrong.what))
        found.documents += len(documents)
        return documents[-1].id if len(documents) == _CHUNK else None


def _fault(subscription_id: int, history: History, catalogue: Catalogue) -> BillingFault | None:
    """One that can't be computed is a fault as well, and keeps nobody from the others."""
    currency = history.item.currency
    try:
        missing, added = list(differences(history, catalogue)), _days_missing(history, catalogue)
    except (BillheadError, ValueError, ArithmeticError, LookupError) as error:
        return BillingFault(subscription_id, None, f"can't be computed anew: {error}", 0, currency)
    if not missing and added:
        what = f"{added} days that changes add are missing" if added > 0 else f"changes add {-added} days less"
        return BillingFault(subscription_id, None, what, 0, currency)
    if not missing:
        return None
    amount = sum(line.amount_minor for line in missing)
    days = f"{missing[0].period_start} to {missing[-1].period_end}"
    return BillingFault(subscription_id, None, f"{Money(amount, currency)} differs for {days}", amount, currency)


def _days_missing(history: History, catalogue: Catalogue) -> int:
    today = clock.today_in(history.item.zone)
    return days_missing(history._replace(item=history.item._replace(target=today)), catalogue)
