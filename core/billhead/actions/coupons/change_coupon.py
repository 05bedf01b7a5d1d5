"""Change how long and how often a coupon can be redeemed, or stop it. Who has it keeps what it gives."""

from dataclasses import dataclass
from datetime import date

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.periods import refuse_far
from billhead.models.coupons import Coupon

__all__ = ["CouponChanged", "change_coupon"]


@dataclass(frozen=True, slots=True)
class CouponChanged:
    coupon_id: int
    disabled: bool


@verb("coupons.change", permission="catalogue.write")
def change_coupon(
    tx: Tx,
    coupon_id: int,
    *,
    disabled: bool,
    ends_on: date | None = None,
    total_uses: int | None = None,
    uses_per_customer: int | None = None,
) -> CouponChanged:
    """Raises NotFound, or InvalidInput for a limit below one. A limit below what was used already stops it."""
    coupon = tx.session.get(Coupon, coupon_id, with_for_update=True)
    if coupon is None:
        raise NotFound("coupon", coupon_id)
    for field, value in (("total_uses", total_uses), ("uses_per_customer", uses_per_customer)):
        if value is not None and value < 1:
            raise InvalidInput(field, "must be a whole number from 1 up, or nothing")
    refuse_far("ends_on", ends_on, clock.latest_today())
    if ends_on and coupon.starts_on and ends_on <= coupon.starts_on:
        raise InvalidInput("ends_on", f"{ends_on} is not after the start, {coupon.starts_on}")
    coupon.disabled, coupon.ends_on = disabled, ends_on
    coupon.total_uses, coupon.uses_per_customer = total_uses, uses_per_customer
    return CouponChanged(coupon_id, disabled)
