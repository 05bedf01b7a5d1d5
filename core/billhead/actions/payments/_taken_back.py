"""The bank has returned money that had come: what it had paid is owed again, as after a chargeback that is lost."""

from collections.abc import Sequence

from sqlalchemy import select

from billhead.actions.payments._disputing import close_dispute, open_dispute
from billhead.db import Tx
from billhead.domain.errors import BillheadError
from billhead.domain.payment import DisputeEvent, PaymentState
from billhead.models.banking import BankEntry
from billhead.models.documents import Allocation, Document
from billhead.models.payments import Payment, UnassignedMoney
from billhead.plugin import StatementEntry, StatementKind

__all__ = ["take_back"]


def take_back(tx: Tx, row: BankEntry, entry: StatementEntry, documents: Sequence[Document]) -> None:
    """Reverse the one payment that it can be about: by the payer's id of the transfer, or by what the transfer named.

    Where none or several fit, the entry stays open and says why.
    """
    found = _by_end_to_end(tx, row) or _by_documents(tx, row, documents)
    if len(found) != 1:
        row.why = "it takes back money that is not known here" if not found else "it may take back several payments"
        return
    try:
        with tx.session.begin_nested():
            reason = f"returned by the bank: {entry.reason}" if entry.reason else "returned by the bank"
            dispute = open_dispute(tx, found[0].id, row.amount_minor, row.servicer_ref, reason=reason)
            close_dispute(tx, dispute, DisputeEvent.LOSE)
    except BillheadError as refused:
        row.why = refused.message[:500]
        return
    row.state, row.payment_id, row.dispute_id, row.why = "reversed", found[0].id, dispute.id, reason[:500]


def _by_end_to_end(tx: Tx, row: BankEntry) -> list[Payment]:
    if not row.end_to_end_id:
        return []
    came = (
        select(BankEntry.payment_id, UnassignedMoney.payment_id)
        .outerjoin(UnassignedMoney, UnassignedMoney.id == BankEntry.unassigned_money_id)
        .where(
            BankEntry.account_id == row.account_id,
            BankEntry.kind == StatementKind.RECEIVED.value,
            BankEntry.end_to_end_id == row.end_to_end_id,
        )
    )
    ids = {direct or assigned for direct, assigned in tx.session.execute(came)} - {None}
    return _reversible(tx, row, ids)


def _by_documents(tx: Tx, row: BankEntry, documents: Sequence[Document]) -> list[Payment]:
    paid = select(Allocation.payment_id).where(
        Allocation.document_id.in_([document.id for document in documents]), Allocation.payment_id.is_not(None)
    )
    return _reversible(tx, row, set(tx.session.scalars(paid.distinct())))


def _reversible(tx: Tx, row: BankEntry, ids: set[int | None]) -> list[Payment]:
    query = select(Payment).where(
        Payment.id.in_(ids),
        Payment.account_id == row.account_id,
        Payment.currency == row.currency,
        Payment.amount_minor >= row.amount_minor,
        Payment.state == PaymentState.RECEIVED.value,
    )
    return list(tx.session.scalars(query.order_by(Payment.id)))
