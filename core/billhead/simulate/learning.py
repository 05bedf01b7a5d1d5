"""Learn from the operator's own history who pays: the share of charges that succeed, of offers that are paid by hand
and how late, of debts that are paid after all. Where there is too little of it, usual figures stand in and are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, exists, func, select
from sqlalchemy.orm import Session

from billhead.domain.document import OWED
from billhead.domain.simulation import MILLION, Payments
from billhead.models.documents import Allocation, Document
from billhead.models.payments import Payment, PaymentAttempt
from billhead.simulate.habits import Habits

__all__ = ["Learnt", "learn"]

_ENOUGH = 20
_USUAL = {"charges": 950_000, "by_hand": 900_000, "healed": 500_000, "hard": 100_000}
_SAMPLE = 2000
_LONGEST = 60

_tried = PaymentAttempt.off_session & PaymentAttempt.state.in_(["succeeded", "failed"])
_failed_once = exists().where(
    PaymentAttempt.document_id == Document.id, PaymentAttempt.off_session, PaymentAttempt.state == "failed"
)
_charged = exists().where(
    PaymentAttempt.document_id == Document.id, PaymentAttempt.off_session, PaymentAttempt.state == "succeeded"
)


@dataclass(frozen=True, slots=True)
class Learnt:
    """The habits, and in words what they rest on."""

    habits: Habits
    notes: tuple[str, ...]


def learn(session: Session, payments: Payments, seed: int, today: date) -> Learnt:
    """By `payments`: a given share, or what the history up to `today` tells."""
    if payments.source != "history":
        return Learnt(Habits.by_rate(seed, payments.share), ())
    shares: dict[str, Any] = {}
    notes: list[str] = []
    counted = {
        "charges": _charges(session),
        "by_hand": _by_hand(session, today),
        "healed": _healed(session, today),
        "hard": _hard(session),
    }
    for name, (good, total) in counted.items():
        shares[name] = good * MILLION // total if total >= _ENOUGH else _USUAL[name]
        if total < _ENOUGH:
            notes.append(f"{_SAID[name]}: only {total} in the history, so {_USUAL[name] // 10_000} % is assumed")
    delays, healed_delays = _delays(session, ~_failed_once), _delays(session, _failed_once)
    habits = Habits(seed, **shares, known=_known(session))
    if len(delays) >= _ENOUGH:
        habits = _with(habits, delays=delays)
    if len(healed_delays) >= _ENOUGH:
        habits = _with(habits, healed_delays=healed_delays)
    return Learnt(habits, tuple(notes))


_SAID = {
    "charges": "charges that succeed",
    "by_hand": "offers and invoices that are paid by hand",
    "healed": "debts that are paid after their charges failed",
    "hard": "declines after which a card is of no use",
}


def _with(habits: Habits, **changes: Any) -> Habits:
    return Habits(**{**{name: getattr(habits, name) for name in Habits.__slots__}, **changes})


def _pair(session: Session, good: ColumnElement[bool], *where: ColumnElement[bool], of: Any) -> tuple[int, int]:
    row = session.execute(
        select(func.coalesce(func.sum(cast(good, Integer)), 0), func.count()).select_from(of).where(*where)
    ).one()
    return int(row[0]), int(row[1])


def _charges(session: Session) -> tuple[int, int]:
    return _pair(session, PaymentAttempt.state == "succeeded", _tried, of=PaymentAttempt)


def _hard(session: Session) -> tuple[int, int]:
    failed = PaymentAttempt.off_session & (PaymentAttempt.state == "failed")
    return _pair(session, PaymentAttempt.decline_class == "hard", failed, of=PaymentAttempt)


def _by_hand(session: Session, today: date) -> tuple[int, int]:
    """Of the offers that are decided: settled, expired, or open past their day."""
    decided = (Document.kind == "proforma") & (Document.state.in_(["settled", "expired"]) | (Document.due_on < today))
    return _pair(session, Document.state == "settled", decided, of=Document)


def _healed(session: Session, today: date) -> tuple[int, int]:
    """Of the invoices whose charges failed and never succeeded."""
    owed = [state.value for state in OWED]
    failed = (Document.kind == "invoice") & (Document.due_on < today) & _failed_once & ~_charged
    decided = Document.state.in_(["paid", "written_off", *owed])
    return _pair(session, Document.state == "paid", failed, decided, of=Document)


def _delays(session: Session, failed: ColumnElement[bool]) -> tuple[int, ...]:
    """Days from due to paid of the latest payments by hand, in their order; what is beyond two months is cut."""
    proforma = Document.__table__.alias("proforma")
    due_on = func.coalesce(proforma.c.due_on, Document.due_on)
    by_hand = ~exists().where(PaymentAttempt.id == Payment.attempt_id, PaymentAttempt.off_session)
    rows: Sequence[Any] = session.execute(
        select(Payment.received_at, due_on.label("due_on"))
        .join(Allocation, Allocation.payment_id == Payment.id)
        .join(Document, Document.id == Allocation.document_id)
        .outerjoin(proforma, proforma.c.id == Document.proforma_id)
        .where(by_hand, failed, due_on.is_not(None))
        .group_by(Payment.id, Payment.received_at, due_on)
        .order_by(Payment.id.desc())
        .limit(_SAMPLE)
    ).all()
    days = ((row.received_at.date() - row.due_on).days for row in rows)
    return tuple(sorted(max(-_LONGEST, min(day, _LONGEST)) for day in days))


def _known(session: Session) -> dict[str, tuple[int, int]]:
    """Of customers whose charge failed before: (succeeded, tried), by the name that a gateway knows them by."""
    succeeded = func.sum(cast(PaymentAttempt.state == "succeeded", Integer))
    rows = session.execute(
        select(PaymentAttempt.customer_id, succeeded, func.count())
        .where(_tried)
        .group_by(PaymentAttempt.customer_id)
        .having(succeeded < func.count())
    )
    return {f"customer-{customer}": (int(good), int(total)) for customer, good, total in rows}
