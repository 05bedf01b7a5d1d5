"""An account that is billed on one day of the month: what is ordered in between pays the part until that day first."""

from datetime import date

from sqlalchemy.orm import Session

from billhead.actions.billing._draft import Bridge
from billhead.actions.billing._rated import Redeemed
from billhead.domain.periods import Period, Term, anchor_for_day, cycle, cycle_index
from billhead.models.people import Customer

__all__ = ["anchor_of_order", "bridge_of"]


def bridge_of(
    session: Session, customer_id: int, term: str, currency: str, today: date, redeemed: tuple[Redeemed, ...] = ()
) -> Bridge | None:
    """The days until the account's day, and the cycle that they are of; None where a whole one begins today."""
    anchor = anchor_of_order(session.get(Customer, customer_id), term, today)
    if anchor == today:
        return None
    length = Term.parse(term)
    whole = cycle(anchor, length, cycle_index(anchor, length, today))
    return None if whole.start == today else Bridge(term, currency, redeemed, Period(today, whole.end), whole)


def anchor_of_order(customer: Customer | None, term: str, today: date) -> date:
    """From where periods are counted. Days and weeks have no day of the month, and what is sold once has no period."""
    if customer is None or customer.billing_day is None or not term or not Term.parse(term).months:
        return today
    return anchor_for_day(customer.billing_day, today)
