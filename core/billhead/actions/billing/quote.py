"""What an order would cost, before it is placed: the cart's figures, equal to the later invoice to the cent."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._draft import Draft, inclusive_of_tax, order_lines
from billhead.actions.billing._rated import Buyer, Part, RatedLine, visitor
from billhead.actions.billing._rating import Case, raised, rater_now
from billhead.actions.billing._reading import read_buyers

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
    session: Session, seller_id: int, currency: str, parts: Sequence[Part], buyer: Buyer, *, trial: bool = False
) -> Quote:
    """The lines, tax and total of an order of these plans and add-ons (`Part(None, plan_id, price_id, quantity)`),
    for a customer (`read_buyers`) or somebody who has no account yet (`visitor`).

    Pure but for reading prices. Raises what the order itself would raise: NotFound, CurrencyMismatch, PluginFailed.
    """
    rater, catalogue = rater_now()
    catalogue.need(
        session,
        sellers={seller_id},
        plans={part.plan_id for part in parts},
        prices={part.price_id for part in parts},
    )
    lines = order_lines(parts, catalogue, currency, "trial" if trial else "recurring")
    draft = Draft("proforma", currency, lines, inclusive_of_tax(parts, catalogue), None)
    case = Case(draft, buyer, seller_id, None, None, clock.today_in(buyer.zone))
    rated = raised(rater.rate_cases([case])[0])
    return Quote(currency, rated.lines, rated.net_minor, rated.tax_minor, rated.total_minor, rated.notes, rated.hold)
