"""What an order would cost, before it is placed: the cart's figures, equal to the later invoice to the cent."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._bridge import bridge_of
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._couponed import Wanted, redeemed, spread_codes
from billhead.actions.billing._coupons import take_off
from billhead.actions.billing._draft import Draft, inclusive_of_tax, order_lines
from billhead.actions.billing._limits import ends_on
from billhead.actions.billing._rated import Buyer, Part, RatedLine, visitor
from billhead.actions.billing._rating import Case, joint, raised, rater_now
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing._renewing import Renewal, renewal_of
from billhead.models.catalogue import Plan

__all__ = ["Buyer", "Part", "Portion", "Quote", "Renewal", "Wanted", "quote", "read_buyers", "spread_codes", "visitor"]


class Portion(NamedTuple):
    """What one plan of the order brings to the document, and what it costs from its second period on."""

    lines: tuple[RatedLine, ...]
    renewal: Renewal | None


class Quote(NamedTuple):
    """Amounts in minor units of `currency`; lines, notes and what holds it up as they will stand on the document.

    `inclusive`: its prices are shown with tax. `portions` are its plans', in the order in which they are wanted.
    """

    currency: str
    lines: tuple[RatedLine, ...]
    net_minor: int
    tax_minor: int
    total_minor: int
    inclusive: bool
    portions: tuple[Portion, ...]
    notes: tuple[str, ...] = ()
    hold: str = ""


def quote(
    session: Session,
    seller_id: int,
    currency: str,
    wanted: Sequence[Wanted],
    buyer: Buyer,
    known: Catalogue | None = None,
) -> Quote:
    """The lines, tax and total of one order of these plans and add-ons (`Part(None, plan_id, price_id, quantity)`),
    for a customer (`read_buyers`) or somebody who has no account yet (`visitor`). `known`: what was read for it
    already (`Spread.catalogue`).

    Pure but for reading prices. Raises what the order itself would raise: NotFound, CurrencyMismatch, PluginFailed,
    InvalidInput where a coupon can't be used, or prices with and without tax meet.
    """
    rater, catalogue = rater_now(known)
    parts = [part for one in wanted for part in one.parts]
    catalogue.need(
        session,
        sellers={seller_id},
        plans={part.plan_id for part in parts},
        prices={part.price_id for part in parts},
    )
    held_by_each = list(redeemed(session, catalogue, seller_id, currency, wanted, buyer))
    today = clock.today_in(buyer.zone)
    inclusive = inclusive_of_tax(parts, catalogue)
    cases, renewals = [], []
    for one, held in zip(wanted, held_by_each, strict=True):
        plan_id, term = one.parts[0].plan_id, catalogue.prices[one.parts[0].price_id].term
        begins = one.starts_on or today
        bridge = None
        if not one.trial:
            bridge = bridge_of(session, buyer.customer_id, plan_id, term, currency, begins, held)
        phase = "trial" if one.trial else "recurring"
        lines, used = take_off(order_lines(one.parts, catalogue, currency, phase, bridge), held)
        draft = Draft("proforma", currency, lines, inclusive, None, used=used)
        cases.append(Case(draft, buyer, seller_id, None, None, today))
        ends = ends_on(session.get_one(Plan, plan_id), begins)
        renewals.append(renewal_of(one.parts, catalogue, draft, held, begins, bridge, ends))
    rated = raised(rater.rate_cases([joint(cases)])[0])
    counts = [share.lines for share in rated.shares] or [len(rated.lines)]
    portions = tuple(Portion(*pair) for pair in zip(_cut(rated.lines, counts), renewals, strict=True))
    sums = (rated.net_minor, rated.tax_minor, rated.total_minor)
    return Quote(currency, rated.lines, *sums, inclusive, portions, rated.notes, rated.hold)


def _cut(lines: tuple[RatedLine, ...], counts: Sequence[int]) -> Iterator[tuple[RatedLine, ...]]:
    at = 0
    for count in counts:
        yield lines[at : at + count]
        at += count
