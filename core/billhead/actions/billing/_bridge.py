"""An order that pays a part of a period first: until the account's billing day, or until its plan ends by itself."""

from datetime import date

from sqlalchemy.orm import Session

from billhead.actions.billing._draft import Bridge
from billhead.actions.billing._limits import ends_on
from billhead.actions.billing._rated import Redeemed
from billhead.domain.periods import Period, Term, anchor_for_day, cycle, cycle_index
from billhead.models.catalogue import Plan
from billhead.models.people import Customer

__all__ = ["anchor_of_order", "bridge_of"]


def bridge_of(
    session: Session,
    customer_id: int,
    plan_id: int,
    term: str,
    currency: str,
    begins: date,
    redeemed: tuple[Redeemed, ...] = (),
) -> Bridge | None:
    """The days until the account's day or the plan's end, and the cycle that they are of; None where a whole one begins
    on the day, and for what is sold once."""
    if not term:
        return None
    anchor, length = anchor_of_order(session.get(Customer, customer_id), term, begins), Term.parse(term)
    whole = cycle(anchor, length, cycle_index(anchor, length, begins))
    ends = ends_on(session.get_one(Plan, plan_id), begins)
    until = whole.end if ends is None or ends <= begins else min(ends, whole.end)  # one that is over is refused later
    period = Period(begins, until)
    return None if period == whole else Bridge(term, currency, redeemed, period, whole)


def anchor_of_order(customer: Customer | None, term: str, today: date) -> date:
    """From where periods are counted. Days and weeks have no day of the month, and what is sold once has no period."""
    if customer is None or customer.billing_day is None or not term or not Term.parse(term).months:
        return today
    return anchor_for_day(customer.billing_day, today)
