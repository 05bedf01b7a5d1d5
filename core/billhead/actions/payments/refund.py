"""Give money back, to its source or as credit. Without a credit note, what it had paid is owed again."""

from dataclasses import dataclass, field

from sqlalchemy import select

from billhead.actions.payments._crediting import Return, to_credit
from billhead.actions.payments._refunding import can_return, locked_payment, plan_refund, refundable
from billhead.actions.payments._taking import TakenFrom, take_payment
from billhead.actions.resellers._given import follow_money
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.domain.payment import PaymentState, RefundState
from billhead.models.documents import Allocation
from billhead.models.payments import Payment, Refund
from billhead.models.people import Customer

__all__ = ["DESTINATIONS", "Refunded", "refund"]

DESTINATIONS = ("source", "credit")


@dataclass(frozen=True, slots=True)
class Refunded:
    """Minor units. `from_credit` was credit of the customer; `reopened`: document id → what is owed on it again.

    `refund_id` is None where the money stays here, as credit. `by_hand`: a person has to send it.
    """

    refund_id: int | None
    payment_id: int
    amount_minor: int
    from_credit: int
    by_hand: bool
    reopened: dict[str, int] = field(default_factory=dict)


@verb("payments.refund", permission="money.refund")
def refund(tx: Tx, payment_id: int, amount_minor: int, to: str, *, reason: str) -> Refunded:
    """Decide a refund; to the source it is sent by a job as soon as this is committed.

    To the `source` it takes the credit that the payment became first (so whoever was given credit by a credit note is
    not paid twice), then re-opens what the payment had paid. To `credit` it only re-opens, and the customer has the
    money here. Raises NotFound, InvalidInput, or Conflict: more than is left of the payment, it was charged back,
    nobody can send money back there, or an earlier refund of it is not known to have ended.
    """
    if to not in DESTINATIONS:
        raise InvalidInput("to", f"{to!r} is not one of {', '.join(DESTINATIONS)}")
    if amount_minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    if not reason.strip():
        raise InvalidInput("reason", "is needed")
    payment = locked_payment(tx, payment_id)
    if payment.state != PaymentState.RECEIVED:
        raise Conflict("this payment was charged back: its money is not here any more", code="charged_back")
    left = refundable(payment)
    if amount_minor > left:
        there = Money(left, payment.currency)
        raise Conflict(f"only {there} of this payment can still go back", code="refund_too_large")
    if to == "credit":
        return _to_credit(tx, payment, amount_minor, reason.strip())
    _must_be_decided(tx, payment)
    way = can_return(tx, payment, amount_minor)
    if not way:
        raise Conflict(
            "this payment can't be sent back through its account", code="no_way_back", hint="refund it to credit"
        )
    found = take_payment(tx, payment, amount_minor)
    planned = plan_refund(tx, payment, found.legs(payment.currency), found.taken, reason=reason.strip())
    return _result(payment, found, planned.id, way == "by_hand")


def _must_be_decided(tx: Tx, payment: Payment) -> None:
    undecided = select(Refund.id).where(
        Refund.payment_id == payment.id, Refund.state.in_([RefundState.CREATED.value, RefundState.UNKNOWN.value])
    )
    if tx.session.scalar(undecided.limit(1)) is not None:
        raise Conflict(
            "an earlier refund of this payment is still being sent or looked up",
            code="refund_undecided",
            hint="wait until it has ended; nothing is sent twice",
        )


def _to_credit(tx: Tx, payment: Payment, minor: int, reason: str) -> Refunded:
    found = take_payment(tx, payment, minor, from_credit=False)
    customer = tx.session.get_one(Customer, payment.customer_id)
    key = f"refund_to_credit:{payment.id}:{_latest_allocation(tx, found)}"
    follow_money(tx, list(found.reopened), reason)
    to_credit(tx, customer, payment.currency, found.freed, Return("refund_to_credit", key, reason))
    return _result(payment, found, None, by_hand=False)


def _latest_allocation(tx: Tx, found: TakenFrom) -> int:
    """What makes this booking one of its kind: the last row that took the money off a document."""
    tx.session.flush()
    rows = select(Allocation.id).where(Allocation.document_id.in_(found.reopened)).order_by(Allocation.id.desc())
    return int(tx.session.scalar(rows.limit(1)) or 0)


def _result(payment: Payment, found: TakenFrom, refund_id: int | None, by_hand: bool) -> Refunded:
    reopened = {str(key): minor for key, minor in found.reopened.items()}
    return Refunded(refund_id, payment.id, found.total, found.from_credit, by_hand, reopened)
