"""The next document of a subscription before it is written: the run's own code, without the last step."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated, RatedLine
from billhead.actions.billing._rating import Rater
from billhead.actions.billing._reading import ITEM, AsOf, DueScope, chunk_of, in_company, is_due
from billhead.actions.billing.rate import rate
from billhead.actions.documents._subscriptions import open_offers
from billhead.actions.fraud._case import held_by_review
from billhead.domain.document import ProformaState
from billhead.domain.errors import NotFound
from billhead.domain.periods import start_of_day
from billhead.domain.subscription import RUNNING
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import plugins
from billhead.wording import marked

__all__ = ["NextDocument", "Upcoming", "next_document"]


@dataclass(frozen=True, slots=True)
class NextDocument:
    """Amounts in minor units. `credit` is what the customer's credit pays, `owed` what is left.

    `draft`: why it is a draft first. `charged_on`: when the saved method is charged; None: the customer pays.
    `subscriptions`: more than one where the customer wants one invoice a day.
    """

    kind: str
    currency: str
    lines: tuple[RatedLine, ...]
    net: int
    tax: int
    total: int
    credit: int
    owed: int
    issued_on: date
    due_on: date
    draft: str
    charged_on: date | None
    subscriptions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """`why` says why there is no document; `waiting_id` is the proforma that has to be paid first."""

    subscription_id: int
    on: date | None
    document: NextDocument | None = None
    why: str = ""
    waiting_id: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: dates as text, lines by name."""
        told = asdict(self)
        if self.document is not None:
            lines = [line._asdict() for line in self.document.lines]
            told["document"]["lines"] = [
                {name: value for name, value in line.items() if name != "detail"} for line in lines
            ]
        plain: dict[str, Any] = json.loads(json.dumps(told, default=str))
        return plain


def next_document(session: Session, subscription_id: int, on: date | None = None) -> Upcoming:
    """What the run writes on its next day for the subscription, or on `on` (the customer's date), to the cent.

    What else is due from the customer by then is looked at too: it uses credit first where it comes first. Raises
    NotFound. What can't be rated is no error: `why` says what the run would list.
    """
    found = session.get(Subscription, subscription_id)
    if found is None:
        raise NotFound("subscription", subscription_id)
    missing = _nothing(session, found)
    if missing is not None:
        return missing
    today = clock.today_in(found.zone)
    day = on or max(found.next_bill_on or today, today)
    as_of = AsOf(start_of_day(day, found.zone) if day > today else clock.business_now())
    if found.next_bill_on is not None and found.next_bill_on > as_of.local(found.zone):
        return Upcoming(found.id, found.next_bill_on, why=f"nothing is due before {found.next_bill_on}")
    catalogue = Catalogue()
    query = select(*ITEM).where(*is_due(as_of), Subscription.customer_id == found.customer_id)
    rows = session.connection().execute(query.order_by(Subscription.next_bill_on, Subscription.id)).all()
    chunk = in_company(session, catalogue, as_of, DueScope(), chunk_of(session, catalogue, as_of, rows), None)
    rater = Rater(catalogue, plugins(), lambda seller_id: as_of.local(catalogue.sellers[seller_id].zone))
    rated, failures = rate(chunk, rater)
    for one in rated:
        if subscription_id in one.subscriptions():
            if not one.kind:
                return Upcoming(found.id, day, why=marked("nothing is billed on that day"))
            return Upcoming(found.id, day, _document(one))
    why = next(
        (failure.error for failure in failures if failure.subscription_id == subscription_id), marked("nothing is due")
    )
    return Upcoming(found.id, day, why=why)


def _nothing(session: Session, subscription: Subscription) -> Upcoming | None:
    """Why the run doesn't look at it, if it doesn't."""
    if subscription.settlement != "invoice":
        return Upcoming(subscription.id, None, why=marked("it is paid by credits of a reseller"))
    offered = open_offers(session, [subscription.id], ProformaState.OPEN.value)
    if offered:
        return Upcoming(
            subscription.id, None, why=marked("its proforma waits to be paid"), waiting_id=offered[subscription.id]
        )
    if subscription.state not in RUNNING:
        return Upcoming(subscription.id, None, why=f"it is {subscription.state}")
    if session.scalar(select(Subscription.id).where(Subscription.id == subscription.id, held_by_review())) is not None:
        return Upcoming(subscription.id, None, why=marked("its order is being checked"))
    if subscription.next_bill_on is None:
        ends = subscription.billing_ends_on
        return Upcoming(
            subscription.id, None, why=f"it ends on {ends}" if ends else marked("it is not billed any more")
        )
    return None


def _document(one: Rated) -> NextDocument:
    charged = one.has_method and one.owed_minor > 0 and one.kind != "credit_note" and not one.draft
    return NextDocument(
        one.kind,
        one.currency,
        one.lines,
        one.net_minor,
        one.tax_minor,
        one.total_minor,
        one.credit_minor,
        one.owed_minor,
        one.issued_on,
        one.due_on,
        one.draft,
        (one.collect_on or one.issued_on) if charged else None,
        one.subscriptions(),
    )
