"""What an order would cost, before it is placed: the cart's figures, equal to the later invoice to the cent."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._bridge import bridge_of
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._coupons import read_coupons, take_off
from billhead.actions.billing._draft import Draft, inclusive_of_tax, order_lines
from billhead.actions.billing._rated import Buyer, Part, RatedLine, Redeemed, visitor
from billhead.actions.billing._rating import Case, raised, rater_now
from billhead.actions.billing._reading import read_buyers
from billhead.actions.coupons._entering import Entered, found_coupons

__all__ = ["Part", "Quote", "quote", "read_buyers", "visitor"]


class Quote(NamedTuple):
    """Amounts in minor units of `currency`; lines, notes and what holds it up as they will stand on the document."""

    currency: str
    lines: tuple[RatedLine, ...]
    net_minor: int
    tax_minor: int
    total_minor: int
    notes: tuple[str, ...] = ()
    hold: str = ""


def quote(
    session: Session,
    seller_id: int,
    currency: str,
    parts: Sequence[Part],
    buyer: Buyer,
    *,
    trial: bool = False,
    coupons: Sequence[str] = (),
) -> Quote:
    """The lines, tax and total of an order of these plans and add-ons (`Part(None, plan_id, price_id, quantity)`),
    for a customer (`read_buyers`) or somebody who has no account yet (`visitor`).

    Pure but for reading prices. Raises what the order itself would raise: NotFound, CurrencyMismatch, PluginFailed,
    InvalidInput where a coupon can't be used.
    """
    rater, catalogue = rater_now()
    catalogue.need(
        session,
        sellers={seller_id},
        plans={part.plan_id for part in parts},
        prices={part.price_id for part in parts},
    )
    redeemed = tuple(_redeemed(session, catalogue, seller_id, currency, parts, buyer, coupons)) if coupons else ()
    term = catalogue.prices[parts[0].price_id].term if parts else ""
    bridge = None
    if not trial:
        bridge = bridge_of(session, buyer.customer_id, term, currency, clock.today_in(buyer.zone), redeemed)
    lines = order_lines(parts, catalogue, currency, "trial" if trial else "recurring", bridge)
    lines, _ = take_off(lines, redeemed)
    draft = Draft("proforma", currency, lines, inclusive_of_tax(parts, catalogue), None)
    case = Case(draft, buyer, seller_id, None, None, clock.today_in(buyer.zone))
    rated = raised(rater.rate_cases([case])[0])
    return Quote(currency, rated.lines, rated.net_minor, rated.tax_minor, rated.total_minor, rated.notes, rated.hold)


def _redeemed(
    session: Session,
    catalogue: Catalogue,
    seller_id: int,
    currency: str,
    parts: Sequence[Part],
    buyer: Buyer,
    codes: Sequence[str],
) -> list[Redeemed]:
    """The coupons as the order would redeem them."""
    prices = catalogue.prices
    order = Entered(
        seller_id,
        currency,
        buyer.party.country,
        clock.today_in(buyer.zone),
        frozenset(part.plan_id for part in parts),
        prices[parts[0].price_id].term if parts else "",
        sum((prices[part.price_id].amount_minor + prices[part.price_id].setup_minor) * part.quantity for part in parts),
        buyer.customer_id or None,
    )
    found = read_coupons(session, [coupon.id for coupon in found_coupons(session, order, codes)])
    return [Redeemed(key, 0, coupon) for key, coupon in sorted(found.items())]
