"""Make a coupon. What it gives never changes afterwards: a better one is a new one."""

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.catalogue._versions import normal_term
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.countries import known_country
from billhead.domain.discounts import CouponKind
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import LARGEST_MINOR, exponent
from billhead.domain.periods import refuse_far
from billhead.models.catalogue import Plan
from billhead.models.coupons import Coupon, CouponPlan
from billhead.models.sellers import Seller

__all__ = ["CouponMade", "NewCoupon", "create_coupon"]

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,31}")
_WHOLE = 1_000_000


@dataclass(frozen=True, slots=True)
class NewCoupon:
    """`percent_ppm` in parts per million (25 % are 250000), amounts in minor units of `currency`.

    `cycles`: in how many it holds, None for ever. `plans`, `terms`, `countries`: none given means all. `ends_on` is the
    first day on which it can't be redeemed any more.
    """

    code: str
    kind: str
    name: str = ""
    percent_ppm: int = 0
    amount_minor: int = 0
    currency: str = ""
    cycles: int | None = 1
    stackable: bool = False
    covers_setup: bool = True
    new_customers: bool = False
    first_order: bool = False
    plans: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    minimum_minor: int = 0
    starts_on: date | None = None
    ends_on: date | None = None
    total_uses: int | None = None
    uses_per_customer: int | None = None


@dataclass(frozen=True, slots=True)
class CouponMade:
    coupon_id: int
    code: str


@verb("coupons.create", permission="catalogue.write")
def create_coupon(tx: Tx, seller_id: int, wanted: NewCoupon) -> CouponMade:
    """Raises InvalidInput (field and reason), Conflict (the code is there), NotFound (the seller)."""
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    code = wanted.code.strip().upper()
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", f"{wanted.code!r} is no code", hint="use 3 to 32 of A-Z, 0-9, '-' and '_'")
    if tx.session.scalar(select(Coupon.id).where(Coupon.seller_id == seller_id, Coupon.code == code)) is not None:
        raise Conflict(f"there is a coupon {code} already", field="code", hint="choose another code")
    _check_gift(wanted)
    _check_limits(wanted, clock.today_in(seller.zone))
    plans = _plans(tx, seller_id, wanted.plans)
    row = Coupon(
        seller_id=seller_id,
        code=code,
        name=wanted.name.strip(),
        kind=wanted.kind,
        percent_ppm=wanted.percent_ppm,
        amount_minor=wanted.amount_minor,
        currency=wanted.currency,
        cycles=wanted.cycles,
        stackable=wanted.stackable,
        covers_setup=wanted.covers_setup,
        new_customers=wanted.new_customers,
        first_order=wanted.first_order,
        countries=[known_country("countries", one) for one in dict.fromkeys(wanted.countries)],
        terms=[normal_term(term, "terms") for term in wanted.terms],
        minimum_minor=wanted.minimum_minor,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        total_uses=wanted.total_uses,
        uses_per_customer=wanted.uses_per_customer,
        created_at=clock.now(),
    )
    tx.session.add(row)
    tx.session.flush()
    tx.session.add_all([CouponPlan(coupon_id=row.id, plan_id=plan_id) for plan_id in plans])
    return CouponMade(row.id, code)


def _check_gift(wanted: NewCoupon) -> None:
    if wanted.kind not in [kind.value for kind in CouponKind]:
        raise InvalidInput("kind", f"{wanted.kind!r} is not one of {', '.join(kind.value for kind in CouponKind)}")
    if wanted.kind == CouponKind.PERCENT:
        if wanted.amount_minor:
            raise InvalidInput("amount", "a percentage has no amount", hint="leave it empty")
        _within("percent", wanted.percent_ppm, 1, _WHOLE, "more than 0 and at most 100")
    else:
        if wanted.percent_ppm:
            raise InvalidInput("percent", "an amount has no percentage", hint="leave it empty")
        _within("amount", wanted.amount_minor, 1, LARGEST_MINOR, "above zero")
    if wanted.currency or wanted.kind != CouponKind.PERCENT or wanted.minimum_minor:
        exponent(wanted.currency)


def _check_limits(wanted: NewCoupon, today: date) -> None:
    _within("minimum", wanted.minimum_minor, 0, LARGEST_MINOR, "zero or more")
    for field in ("cycles", "total_uses", "uses_per_customer"):
        value = getattr(wanted, field)
        if value is not None:
            _within(field, value, 1, 1_000_000, "a whole number from 1 up, or nothing")
    refuse_far("starts_on", wanted.starts_on, today)
    refuse_far("ends_on", wanted.ends_on, today)
    if wanted.starts_on and wanted.ends_on and wanted.ends_on <= wanted.starts_on:
        raise InvalidInput("ends_on", f"{wanted.ends_on} is not after the start, {wanted.starts_on}")
    if wanted.ends_on and wanted.ends_on <= today:
        raise InvalidInput("ends_on", f"must lie in the future, got {wanted.ends_on}")


def _within(field: str, value: int, least: int, most: int, told: str) -> None:
    if type(value) is not int or not least <= value <= most:
        raise InvalidInput(field, f"must be {told}")


def _plans(tx: Tx, seller_id: int, codes: tuple[str, ...]) -> list[int]:
    known = dict(tx.session.execute(select(Plan.code, Plan.id).where(Plan.seller_id == seller_id)).all())
    for code in codes:
        if code not in known:
            raise InvalidInput("plans", f"there is no plan {code!r}")
    return [known[code] for code in dict.fromkeys(codes)]
