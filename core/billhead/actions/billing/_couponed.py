"""Which code goes with which plan of an order, and what is redeemed then."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue, PriceTerms
from billhead.actions.billing._coupons import read_coupons
from billhead.actions.billing._rated import Buyer, Part, Redeemed
from billhead.actions.coupons._entering import Entered, as_written, found_coupon, found_coupons
from billhead.domain.discounts import CouponKind
from billhead.domain.errors import InvalidInput
from billhead.models.catalogue import Price

__all__ = ["Spread", "Wanted", "asked_now", "redeemed", "spread_codes"]


class Wanted(NamedTuple):
    """One plan of an order with its add-ons, the plan first. `coupons`: codes that are redeemed with it.
    `starts_on` as in `Order`."""

    parts: Sequence[Part]
    trial: bool = False
    coupons: tuple[str, ...] = ()
    starts_on: date | None = None


class Spread(NamedTuple):
    """`coupons` of each plan, in their order; `refused`: why a code goes with none of them. `catalogue`: what was read
    for it, which its quote need not read again."""

    coupons: tuple[tuple[str, ...], ...]
    refused: dict[str, InvalidInput]
    catalogue: Catalogue


def asked_now(price: Price | PriceTerms, trial: bool) -> int:
    """What it costs with the order, before any discount; of a trial not what it costs afterwards."""
    if trial and price.term:
        return price.trial_minor if price.trial_term else 0
    return price.amount_minor + price.setup_minor


def spread_codes(
    session: Session, seller_id: int, currency: str, wanted: Sequence[Wanted], buyer: Buyer, codes: Sequence[str]
) -> Spread:
    """A percentage goes with every plan that it fits, as long as it has uses; an amount with one: that of which most
    is paid now, a trial last."""
    catalogue, codes = Catalogue(), [code for code in dict.fromkeys(codes) if code.strip()]
    found: list[tuple[str, ...]] = [() for _ in wanted]
    refused: dict[str, InvalidInput] = {}
    if not codes:
        return Spread(tuple(found), refused, catalogue)
    _read(session, catalogue, wanted)
    orders = _entered(catalogue, seller_id, currency, wanted, buyer)
    dearest = sorted(range(len(wanted)), key=lambda number: (wanted[number].trial, -_amount(catalogue, wanted[number])))
    for code in codes:
        taken = 0
        for number in dearest:
            tried = (*found[number], code)
            try:
                *others, new = as_written(tried)
                coupon = found_coupon(session, replace(orders[number], taken={code: taken}), new, others)
            except InvalidInput as error:
                refused.setdefault(code, error)
                continue
            found[number], taken = tried, taken + 1
            if coupon.kind != CouponKind.PERCENT:
                break
        if taken:
            refused.pop(code, None)
    return Spread(tuple(found), refused, catalogue)


def redeemed(
    session: Session, catalogue: Catalogue, seller_id: int, currency: str, wanted: Sequence[Wanted], buyer: Buyer
) -> Iterator[tuple[Redeemed, ...]]:
    """The coupons of each plan as the order would redeem them. Raises InvalidInput where one can't be used."""
    taken: dict[str, int] = {}
    for one, order in zip(wanted, _entered(catalogue, seller_id, currency, wanted, buyer), strict=True):
        if not one.coupons:
            yield ()
            continue
        coupons = found_coupons(session, replace(order, taken=taken), one.coupons)
        found = read_coupons(session, [coupon.id for coupon in coupons])
        taken = {**taken, **{code: taken.get(code, 0) + 1 for code in one.coupons}}
        yield tuple(Redeemed(key, 0, coupon) for key, coupon in sorted(found.items()))


def _read(session: Session, catalogue: Catalogue, wanted: Sequence[Wanted]) -> None:
    parts = [part for one in wanted for part in one.parts]
    plans, prices = {part.plan_id for part in parts}, {part.price_id for part in parts}
    catalogue.need(session, plans=plans, prices=prices)


def _amount(catalogue: Catalogue, one: Wanted) -> int:
    return sum(asked_now(catalogue.prices[part.price_id], one.trial) * part.quantity for part in one.parts)


def _entered(
    catalogue: Catalogue, seller_id: int, currency: str, wanted: Sequence[Wanted], buyer: Buyer
) -> list[Entered]:
    """Each plan of the order as coupons look at it."""
    amount, today = sum(_amount(catalogue, one) for one in wanted), clock.today_in(buyer.zone)
    return [
        Entered(
            seller_id,
            currency,
            buyer.party.country,
            today,
            frozenset(part.plan_id for part in one.parts),
            catalogue.prices[one.parts[0].price_id].term,
            amount,
            buyer.customer_id or None,
        )
        for one in wanted
    ]
