"""What an order costs from its second period on: what a cart says beside each price."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._coupons import take_off
from billhead.actions.billing._draft import Bridge, Draft, DraftedLine, as_of, order_lines
from billhead.actions.billing._rated import Part, Redeemed
from billhead.domain.discounts import CouponKind
from billhead.domain.periods import Term, cycle_start

__all__ = ["Renewal", "renewal_of"]


class Renewal(NamedTuple):
    """Minor units for a `term`, as prices are shown (perhaps with tax): of the second period, and of those for which
    no coupon holds any more but the ones for ever. `set_up_minor` comes once with the second, after a trial."""

    term: str
    next_minor: int
    later_minor: int
    set_up_minor: int = 0


def renewal_of(
    parts: Sequence[Part],
    catalogue: Catalogue,
    first: Draft,
    redeemed: Sequence[Redeemed],
    today: date,
    bridge: Bridge | None,
    ends_on: date | None = None,
) -> Renewal | None:
    """`first` is what is ordered now. None for what is paid once, and where the plan has ended by then (`ends_on`)."""
    price = catalogue.prices[parts[0].price_id]
    if not price.term:
        return None
    if bridge is not None:
        trial, begins = False, bridge.period.end
    else:
        trial = any(line.kind == "trial" for line in first.lines)
        begins = cycle_start(today, Term.parse(price.trial_term if trial else price.term), 1)
    if not trial and ends_on is not None and ends_on <= begins:
        return None
    timed = [as_of(part, catalogue, begins) for part in parts if catalogue.prices[part.price_id].term]
    kinds = ("recurring", "setup") if trial else ("recurring",)
    lines = tuple(line for line in order_lines(timed, catalogue, first.currency, "recurring") if line.kind in kinds)
    after = {one.redemption_id: one.after for one in first.used}
    left = [after.get(one.redemption_id, one) for one in redeemed]
    for_ever = [one for one in left if one.coupon.cycles_left is None and one.coupon.kind != CouponKind.BALANCE]
    following, later = (take_off(lines, held)[0] for held in (tuple(left), tuple(for_ever)))
    return Renewal(price.term, _sum(following, "recurring"), _sum(later, "recurring"), _sum(following, "setup"))


def _sum(lines: Sequence[DraftedLine], kind: str) -> int:
    return sum(line.amount_minor for line in lines if line.kind == kind)
