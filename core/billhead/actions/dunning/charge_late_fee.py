"""Charge a late fee: an invoice of its own with tax, once per stage and debt, never on a fee."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._draft import Draft, DraftedLine
from billhead.actions.billing._rated import Rated
from billhead.actions.billing._rating import Case, raised, rater_now
from billhead.actions.billing._reading import read_buyers, read_lots
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.documents._disputed import undisputed
from billhead.actions.dunning._debts import LATE_FEE
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.dunning import LateFee
from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.dunning import DunningStep
from billhead.models.payments import PaymentMethod

__all__ = ["ChargedFee", "charge_late_fee"]


@dataclass(frozen=True, slots=True)
class ChargedFee:
    """`fee_document_id` is None where the stage's fee comes to nothing, was charged before, or can't be taxed now."""

    document_id: int
    fee_document_id: int | None


@verb("dunning.charge_late_fee", permission="subscriptions.write")
def charge_late_fee(tx: Tx, step: DunningStep, fee: LateFee) -> ChargedFee:
    """Invoice the fee of a stage that was just done about a debt; it is due by the seller's terms like any invoice.

    The fee is net: tax of the class `late_fee` comes on top. A tax engine that fails leaves the debt without this fee
    (the customer is not to be surprised by it weeks later), and the audit trail says so.
    """
    if step.fee_document_id is not None or step.fee_waived_on is not None:
        return ChargedFee(step.document_id, None)
    debt = tx.session.get_one(Document, step.document_id)
    amount = fee.on(Money(undisputed(tx.session, debt), debt.currency))
    if not amount:
        return ChargedFee(debt.id, None)
    try:
        rated = _rated(tx, debt, amount)
    except BillheadError as refused:
        step.result = f"no fee: {refused.message}"[:200]
        return ChargedFee(debt.id, None)
    step.fee_document_id = issue_invoice(tx, rated).document_id
    key = f"late_fee:{step.fee_document_id}"
    queue_notice(tx, debt.customer_id, "invoice", key, {"document_id": step.fee_document_id})
    return ChargedFee(debt.id, step.fee_document_id)


def _rated(tx: Tx, debt: Document, amount: Money) -> Rated:
    session, customer_id = tx.session, debt.customer_id
    rater, catalogue = rater_now()
    catalogue.need(session, sellers={debt.seller_id})
    named = f"Late fee for {debt.number_text or debt.id}"
    charge = (None, None, None, LATE_FEE, named, "", None, None, 1, amount.minor, amount.minor, LATE_FEE)
    buyer = read_buyers(session, [customer_id])[customer_id]
    draft = Draft("invoice", debt.currency, (DraftedLine._make((*charge, None, None)),), False, None)
    case = Case(draft, buyer, debt.seller_id, debt.subscription_id, None, clock.today_in(buyer.zone))
    by_card = session.scalar(
        select(PaymentMethod.id).where(PaymentMethod.customer_id == customer_id, PaymentMethod.usable).limit(1)
    )
    chargeable = frozenset([customer_id] if by_card is not None else [])
    (answer,) = rater.rate_cases([case], read_lots(session, [customer_id]), chargeable)
    return raised(answer)
