"""What is overdue or comes due, a batch at a time, with all that the stages need to know about it; few statements."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.documents._disputed import disputed_of, has_undisputed
from billhead.actions.documents._subscriptions import about, is_of_its_customer
from billhead.actions.dunning._terms import DunningTerms, Policies
from billhead.actions.dunning._unfinished import unfinished
from billhead.actions.payments._attempts import under_way
from billhead.bulk import among
from billhead.domain.document import Kind, ProformaState
from billhead.domain.dunning import TELLS, Stage, StageAction, stages_to_do
from billhead.domain.money import Money
from billhead.domain.subscription import State
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import DunningStep, PaymentPromise
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["BATCH", "LATE_FEE", "Debt", "is_owed", "oldest_due", "read_debts", "steps_of"]

BATCH = 500
LATE_FEE = "late_fee"
"""The kind of a late fee's line: no fee is ever charged on a document that has one."""

_OFFERS_ARE_LIVE = (State.TRIAL, State.ACTIVE, State.PAST_DUE, State.EXPIRED)

Keys = set[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Debt:
    """An open document whose stages count, and the subscriptions that it is the oldest debt of. `owed` is without what
    is disputed.

    `do` and `passed` are the stages that were reached and not done yet; none while a promise stands. `done` are those
    that were done about the document, `done_to` about each subscription.
    """

    document: Document
    subscriptions: tuple[Subscription, ...]
    customer: str
    owed: Money
    today: date
    terms: DunningTerms
    do: tuple[Stage, ...]
    passed: tuple[Stage, ...]
    done: Keys
    done_to: dict[int, Keys]
    is_fee: bool
    undecided: bool
    promised: bool


def is_owed() -> ColumnElement[bool]:
    """A final invoice on which something is open."""
    return Document.owed() & (Document.total_minor > Document.settled_minor)


def oldest_due(session: Session, subscription_id: int, before: date) -> date | None:
    """The due date of the oldest debt of a subscription that is due before this day."""
    query = select(Document.due_on).where(about(subscription_id), is_owed(), has_undisputed(), Document.due_on < before)
    return session.scalar(query.order_by(Document.due_on).limit(1))


def read_debts(
    session: Session, after_id: int, policies: Policies, only: int | None = None, *, batch: int = BATCH
) -> tuple[list[Debt], int]:
    """One batch by document id of those about which something may be left to do, and where the next goes on (0: all
    were looked at); or `only` this document.

    Nobody is told of a document on the day of its issue, nor of one without anything to pay.
    """
    horizon = clock.latest_today() + timedelta(days=policies.longest_lead)
    rows = session.execute(
        select(Document, Customer.name, Customer.price_group, Seller.zone)
        .join(Customer, Customer.id == Document.customer_id)
        .join(Seller, Seller.id == Document.seller_id)
        .where(or_(and_(is_owed(), has_undisputed()), _offered()), Document.due_on <= horizon)
        .where(Document.id > after_id if only is None else Document.id == only, unfinished(policies))
        .order_by(Document.id)
        .limit(batch)
    ).all()
    if not rows:
        return [], 0
    known = _Known(session, [row.Document.id for row in rows])
    debts = []
    for document, name, group, zone in rows:
        subscriptions = known.counted(document)
        if subscriptions is None:
            continue
        plans = {subscription.plan_id for subscription in subscriptions}
        terms = policies.of(document.seller_id, plans.pop() if len(plans) == 1 else None, group)
        debts.append(known.debt(document, subscriptions, name, terms, clock.today_in(zone)))
    return debts, rows[-1].Document.id if len(rows) == batch else 0


def steps_of(session: Session, documents: Collection[int]) -> Iterator[tuple[int, int | None, tuple[str, int]]]:
    """(document, subscription or None, what was done) of what was not lifted since."""
    step = DunningStep
    steps = select(step.document_id, step.subscription_id, step.action, step.after_days).where(
        among(step.document_id, documents, session), step.lifted_on.is_(None)
    )
    for document_id, subscription_id, action, after_days in session.execute(steps):
        yield document_id, subscription_id, (action, after_days)


def _offered() -> ColumnElement[bool]:
    return and_(
        Document.kind == Kind.PROFORMA.value,
        Document.state == ProformaState.OPEN.value,
        Document.total_minor > 0,
        Document.held_because == "",
    )


class _Known:
    """What the documents of a batch are about, what was done about them, what is on its way, and who has promised."""

    def __init__(self, session: Session, documents: Collection[int]) -> None:
        line, promise = DocumentLine, PaymentPromise
        self._about: defaultdict[int, list[int]] = defaultdict(list)
        pairs = select(line.document_id, line.subscription_id).where(
            among(line.document_id, documents, session), line.subscription_id.is_not(None), is_of_its_customer()
        )
        for document_id, subscription_id in session.execute(pairs.distinct().order_by(line.subscription_id)):
            self._about[document_id].append(cast(int, subscription_id))
        ids = {one for found in self._about.values() for one in found}
        self._subscriptions = {
            row.id: row for row in session.scalars(select(Subscription).where(among(Subscription.id, ids, session)))
        }
        self._oldest = _oldest_debts(session, ids)
        self._disputed = disputed_of(session, documents)
        self._done: defaultdict[int, Keys] = defaultdict(set)
        self._done_to: defaultdict[tuple[int, int], Keys] = defaultdict(set)
        for document_id, step_for, key in steps_of(session, documents):
            (self._done[document_id] if step_for is None else self._done_to[document_id, step_for]).add(key)
        fees = select(line.document_id).where(among(line.document_id, documents, session), line.kind == LATE_FEE)
        self._fees = set(session.scalars(fees))
        undecided = select(Document.id).where(among(Document.id, documents, session), under_way())
        self._undecided = set(session.scalars(undecided))
        promises = select(promise.subscription_id).where(
            among(promise.subscription_id, ids, session), promise.state == "open"
        )
        self._promised = set(session.scalars(promises))

    def counted(self, document: Document) -> tuple[Subscription, ...] | None:
        """The subscriptions whose clock this document is; None where the clock of all of them is another one.

        An offer counts for what runs, or ran until the other day: nobody is pressed to a first order.
        """
        found = [self._subscriptions[one] for one in self._about[document.id]]
        if document.kind == Kind.PROFORMA:
            live = tuple(one for one in found if one.state in _OFFERS_ARE_LIVE)
            return live or None
        oldest = tuple(one for one in found if self._oldest.get(one.id) == document.id)
        return oldest if oldest or not found else None

    def debt(
        self,
        document: Document,
        subscriptions: tuple[Subscription, ...],
        customer: str,
        terms: DunningTerms,
        today: date,
    ) -> Debt:
        owed = document.total_minor - document.settled_minor - self._disputed.get(document.id, 0)
        promised = any(one.id in self._promised for one in subscriptions)
        done = self._done[document.id]
        done_to = {one.id: self._done_to[document.id, one.id] for one in subscriptions}
        do: list[Stage] = []
        passed: list[Stage] = []
        fresh = document.issued_on is not None and document.issued_on >= today
        if document.due_on is not None and not fresh and not promised:
            stages = [stage for stage in terms.stages if _concerns(stage, document)]
            over = _over(stages, done, done_to)
            do, passed = stages_to_do(stages, document.due_on, today, over)
        return Debt(
            document,
            subscriptions,
            customer,
            Money(owed, document.currency),
            today,
            terms,
            tuple(do),
            tuple(passed),
            done,
            done_to,
            document.id in self._fees,
            document.id in self._undecided,
            promised,
        )


def _oldest_debts(session: Session, subscriptions: Collection[int]) -> dict[int, int]:
    """Subscription → the invoice that has been due for the longest."""
    line = DocumentLine
    rows = session.execute(
        select(line.subscription_id, Document.due_on, Document.id)
        .join(Document, Document.id == line.document_id)
        .where(among(line.subscription_id, subscriptions, session), is_owed(), has_undisputed(), is_of_its_customer())
        .distinct()
        .order_by(line.subscription_id, Document.due_on, Document.id)
    )
    oldest: dict[int, int] = {}
    for subscription_id, _, document_id in rows:
        oldest.setdefault(subscription_id or 0, document_id)
    return oldest


def _over(stages: Sequence[Stage], done: Keys, done_to: dict[int, Keys]) -> Keys:
    """The stages with which nothing is left to do. What takes something away is over when it was done to all."""
    return {
        stage.key
        for stage in stages
        if stage.key in done and (stage.action in TELLS or all(stage.key in keys for keys in done_to.values()))
    }


def _concerns(stage: Stage, document: Document) -> bool:
    """Prepaid time that is not renewed just ends: its offer is only reminded of, up to its day."""
    if document.kind == Kind.PROFORMA:
        return stage.action is StageAction.REMIND and stage.after_days <= 0
    return True
