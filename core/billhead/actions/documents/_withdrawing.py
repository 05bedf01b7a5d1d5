"""An offer that nobody should pay any more: void as a whole, or without the lines of the one that has ended."""

from billhead.actions.billing._judged_again import judge_again
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.documents._changeable import lines_of, recompute
from billhead.actions.documents._moving import moved, set_apart
from billhead.db import Tx
from billhead.domain.document import Event, ProformaEvent, ProformaState
from billhead.models.documents import Document

__all__ = ["withdraw"]


def withdraw(tx: Tx, proforma: Document, subscription_id: int) -> None:
    """The subscription's lines are void; what else stands on the proforma stays to be paid.

    Somebody may be paying it right now: then more comes than is owed, and the rest becomes their credit. Where a coupon
    needs a larger order than is left, it is gone with its discount, and less came than is owed.
    """
    lines = lines_of(tx, proforma.id)
    theirs = [line for line in lines if line.subscription_id == subscription_id]
    if len(theirs) < len(lines):
        off = set_apart(tx, theirs, proforma, "", None)
        judge_again(tx, proforma)
        for one in (proforma, off):
            recompute(tx, one)
        if proforma.state == ProformaState.OPEN and not proforma.total_minor:
            settle_proforma(tx, proforma.id)  # what is left costs nothing: nobody would ever pay it
        proforma = off
    moved(proforma, Event.VOID, ProformaEvent.VOID)
