"""The entry of a bad debt: lost with its tax, or without, where tax law gives it back."""

from datetime import date

from billhead.actions.documents._corrected import lines_of
from billhead.actions.events import emit
from billhead.actions.ledger.post import post
from billhead.actions.payments._policy import money_back_of
from billhead.db import Tx
from billhead.domain.document import TRANSITIONS, Event, State
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money, Rounding, round_ratio
from billhead.domain.state import next_state
from billhead.models.documents import Document
from billhead.models.sellers import Seller

__all__ = ["close_debt"]


def close_debt(tx: Tx, document: Document, day: date) -> tuple[int, int]:
    """Write off what is open on a locked invoice; returns (loss, tax that is not owed any more) in minor units."""
    document.state = next_state(TRANSITIONS, State(document.state), Event.WRITE_OFF).value
    seller = tx.session.get_one(Seller, document.seller_id)
    owed = document.total_minor - document.settled_minor
    taxes = _taxes(tx, document, owed) if money_back_of(seller).bad_debt_tax == "reclaim" else {}
    tax = sum(taxes.values())
    legs: list[Posting] = [
        debit(AccountCode.TAX, Money(minor, document.currency), code) for code, minor in taxes.items() if minor
    ]
    if owed > tax:
        legs.append(debit(AccountCode.WRITE_OFF, Money(owed - tax, document.currency)))
    legs.append(credit(AccountCode.RECEIVABLE, Money(owed, document.currency)))
    key = f"write_off:{document.id}:{document.closing_entry_id or 0}"
    document.closing_entry_id = post(tx, seller.id, "write_off", day, key, legs, customer_id=document.customer_id)
    data = {"document_id": document.id, "customer_id": document.customer_id}
    emit(tx, "document.written_off", f"document:{document.id}", {**data, "lost_minor": owed - tax})
    return owed - tax, tax


def _taxes(tx: Tx, document: Document, owed: int) -> dict[str, int]:
    """The share of each tax in what is owed, half-up. What credit notes have given back took its tax along."""
    sums: dict[str, int] = {}
    left = 0
    for line in lines_of(tx.session, document).values():
        row, left = line.row, left + line.left
        taxes = row.taxes or [(row.tax_code, row.tax_rate_ppm, row.tax_minor)]
        for (code, _, minor), given_back in zip(taxes, line.earlier.taxes, strict=True):
            sums[code] = sums.get(code, 0) + minor - given_back
    part = min(owed, left)
    return {code: round_ratio(minor * part, left, Rounding.HALF_UP) for code, minor in sums.items() if minor > 0 < left}
