"""Staff know of a chargeback that no callback has told of: a letter from the bank, a line of the statement."""

from dataclasses import dataclass

from billhead.actions.payments._disputing import find_dispute, open_dispute
from billhead.actions.payments._refunding import locked_payment
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money

__all__ = ["ChargedBack", "charge_back"]


@dataclass(frozen=True, slots=True)
class ChargedBack:
    """`reopened`: document id → minor units that are owed on it again. `pulled`: subscriptions whose time ended."""

    dispute_id: int
    payment_id: int
    amount_minor: int
    from_credit: int
    reopened: dict[str, int]
    pulled: list[int]


@verb("payments.charge_back", permission="money.dispute")
def charge_back(
    tx: Tx, payment_id: int, amount_minor: int, reference: str, *, fee_minor: int = 0, reason: str = ""
) -> ChargedBack:
    """Book that a provider or bank has taken a payment back. `reference` is theirs, once per payment.

    What the payment had paid is owed again, credit that it became is gone, and by the seller's policy the time that it
    bought ends at once or when the dispute is lost.
    """
    reference = reference.strip()
    if not reference:
        raise InvalidInput("reference", "is needed, so that the same chargeback is never booked twice")
    if find_dispute(tx, payment_id, reference) is not None:
        raise Conflict(f"a chargeback with reference {reference!r} is booked already", code="booked_already")
    if fee_minor < 0:
        raise InvalidInput("fee", "can't be below zero")
    currency = locked_payment(tx, payment_id).currency
    dispute = open_dispute(tx, payment_id, amount_minor, reference, Money(fee_minor, currency), reason)
    reopened = {str(key): minor for what, key, minor in dispute.taken if what == "document"}
    from_credit = sum(minor for what, _, minor in dispute.taken if what == "credit")
    return ChargedBack(dispute.id, payment_id, amount_minor, from_credit, reopened, list(dispute.pulled))
