"""Bring what was billed of a subscription in line with its history: for changes, holds, cancellations, corrections.

history = read_history(...)                            # this folder's _difference
rated = preview_rebill(session, history, catalogue)    # what it would write, with any change made to `history`
rebill(tx, subscription_id)                            # writes it; a second time writes nothing
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._difference import History, draft_difference, read_history
from billhead.actions.billing._rated import Rated
from billhead.actions.billing._rating import Case, Rater, raised, rater_now
from billhead.actions.billing._reading import read_buyers, read_chargeable, read_lots
from billhead.actions.billing.write import write_documents
from billhead.actions.documents._place_credit import place_credit_note
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import plugins

__all__ = ["NOTHING_WRITTEN", "Desk", "Rebilled", "preview_rebill", "rebill"]


@dataclass(frozen=True, slots=True)
class Rebilled:
    """`document_id` is that of the invoice or credit note, None where nothing differed. `total_minor` is what it adds
    to the customer's debt: below zero for a credit note; `on_owed_minor` of that lowers what was owed already."""

    document_id: int | None
    total_minor: int
    on_owed_minor: int = 0


NOTHING_WRITTEN = Rebilled(None, 0)


class Desk:
    """A rater with its catalogue, for several previews of one subscription: prices are read once."""

    def __init__(self) -> None:
        self.rater: Rater
        self.catalogue: Catalogue
        self.rater, self.catalogue = rater_now()

    def history(self, session: Session, subscription_id: int) -> History:
        """As of today in the customer's zone."""
        owner = session.get_one(Subscription, subscription_id).customer_id
        zone = session.get_one(Customer, owner).zone
        return read_history(session, self.catalogue, subscription_id, clock.today_in(zone))


def preview_rebill(session: Session, desk: Desk, history: History, *, credit: bool = True) -> Rated:
    """The document as `rebill` would write it now: kind "" where nothing differs. `credit`: use account credit."""
    item = history.item
    buyer = read_buyers(session, [item.customer_id])[item.customer_id]
    desk.catalogue.need(
        session, plans={part.plan_id for part in item.parts}, prices={part.price_id for part in item.parts}
    )
    draft = draft_difference(history, desk.catalogue, buyer.zone)
    case = Case(draft, buyer, item.seller_id, item.subscription_id, None, item.target)
    lots = read_lots(session, [item.customer_id]) if credit else {}
    return raised(desk.rater.rate_cases([case], lots, read_chargeable(session, [item.customer_id]))[0])


def rebill(
    tx: Tx, subscription_id: int, *, way: str = "credit", use_credit: bool = True, begins: bool = False
) -> Rebilled:
    """Write one document over all that differs: an invoice, collected where a method is saved, or a credit note.

    A credit note lowers what is still open on the invoice that it corrects; the rest becomes account credit, or is
    refunded with `way="refund"`. `use_credit=False` leaves the account credit alone and waits for no VAT id, since the
    money is there.
    `begins` as in History. The caller holds the subscription locked and has flushed its changes.
    """
    session = tx.session
    session.flush()
    desk = Desk()
    history = desk.history(session, subscription_id)._replace(begins=begins)
    rated = preview_rebill(session, desk, history, credit=use_credit)
    if not use_credit:
        rated = rated._replace(draft="")
    written = write_documents(tx, [rated], desk.catalogue, observers=plugins().observers())
    if written.stale:
        raise Conflict(
            f"the credit of customer {rated.customer_id} was used by somebody else just now", hint="try again"
        )
    if not written.documents:
        return NOTHING_WRITTEN
    document_id = written.documents[0].document_id
    if rated.kind == "credit_note":
        placed = place_credit_note(tx, document_id, way=way)
        return Rebilled(document_id, -rated.total_minor, placed.on_documents)
    return Rebilled(document_id, rated.total_minor)
