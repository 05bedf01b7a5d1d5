"""Where a customer stands: who looks after it, who pays for its lines, and whether it is itself a reseller."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["Standing", "standing_of"]

_MOST = 6
"""More payers than that are not told one by one: a customer that was moved has two."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`seller`: whose customer it is, and who looks after it where no reseller does. `payers` pay with credits;
    `itself`: it pays for a line, or has none. `supplies`: the shop that it pays, whose credits run its lines."""

    seller: str
    reseller: Reseller | None
    buys_for: Reseller | None
    payers: tuple[Reseller, ...]
    supplies: tuple[Reseller, ...]
    itself: bool


def standing_of(session: Session, customer: Customer, subscription: Subscription | None = None) -> Standing:
    """Of all that it has and that is not over, or of one subscription; three queries at most."""
    if subscription is not None:
        ways = [(subscription.settlement, subscription.payer_reseller_id)]
    else:
        theirs = select(Subscription.settlement, Subscription.payer_reseller_id).where(
            Subscription.customer_id == customer.id, Subscription.state != "canceled"
        )
        ways = [(how, payer) for how, payer in session.execute(theirs.distinct().limit(_MOST))]
    ids = {payer for _how, payer in ways} | {customer.reseller_id, customer.buys_for_reseller_id}
    known = {row.id: row for row in session.scalars(select(Reseller).where(Reseller.id.in_(ids - {None})))}
    of = {how: tuple(known[payer] for one, payer in ways if one == how and payer) for how in ("credits", "invoice")}
    return Standing(
        session.get_one(Seller, customer.seller_id).name,
        known.get(customer.reseller_id or 0),
        known.get(customer.buys_for_reseller_id or 0),
        of["credits"],
        of["invoice"],
        not ways or any(how == "invoice" for how, _payer in ways),
    )
