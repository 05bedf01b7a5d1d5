"""A part of a period that is paid later than it was ordered for: the days that are left of it, with their share of the
tax. What was paid for the days that are over is the customer's credit, as with a change that is paid late."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from billhead.actions.billing._rated import CouponUsed, LineDetail, RatedLine
from billhead.domain.discounts import CouponKind
from billhead.domain.money import Money, Rounding, round_ratio
from billhead.domain.periods import Period
from billhead.domain.proration import mode_of, prorate
from billhead.domain.tax import TaxRounding, moves_amounts
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.documents import Document
from billhead.models.sellers import Seller

__all__ = ["cheaper_by", "days_left"]


def days_left(session: Session, lines: Sequence[RatedLine], proforma: Document) -> list[RatedLine]:
    """One subscription's lines of it as they cost for the days that they have now, which may be fewer than were
    ordered; a discount that a rule gave goes down with them."""
    left = [_days_left(session, line, proforma) if line.kind == "recurring" else line for line in lines]
    ordered, costs = (sum(one.net_minor for one in each if one.kind == "recurring") for each in (lines, left))
    if ordered == costs:
        return left
    return [_share(one, costs, ordered, False) if one.kind.startswith("discount") else one for one in left]


def _days_left(session: Session, line: RatedLine, proforma: Document) -> RatedLine:
    detail = line.detail or LineDetail()
    if detail.cycle is None or detail.cycle_minor is None or line.period_start is None or line.period_end is None:
        return line
    inclusive = proforma.tax_inclusive
    if line.price_id is not None:
        inclusive = session.get_one(PriceBook, session.get_one(Price, line.price_id).book_id).tax_inclusive
    ordered = line.net_minor + (line.tax_minor if inclusive else 0)
    mode = mode_of(session.get_one(Plan, line.plan_id).proration, line.term)
    days = Period(line.period_start, line.period_end)
    costs = prorate(Money(detail.cycle_minor, proforma.currency), days, Period(*detail.cycle), mode).minor
    rounding = TaxRounding(session.get_one(Seller, proforma.seller_id).tax_rounding)
    slack = 1 if moves_amounts(rounding, inclusive) else 0  # the cent that made the tax of the document's sum right
    return _share(line, costs, ordered, inclusive) if costs < ordered - slack else line


def _share(line: RatedLine, costs: int, ordered: int, inclusive: bool) -> RatedLine:
    """So much of the line as `costs` are of what was `ordered`; its tax is in that, or comes on top."""

    def share(minor: int) -> int:
        return round_ratio(minor * costs, ordered, Rounding.HALF_UP)

    detail = line.detail or LineDetail()
    taxes = tuple((code, ppm, share(minor)) for code, ppm, minor in detail.taxes)
    tax = sum(minor for _, _, minor in taxes) if taxes else share(line.tax_minor)
    net = share(line.net_minor + line.tax_minor) - tax if inclusive else share(line.net_minor)
    detail = detail._replace(taxes=taxes, discount_minor=share(detail.discount_minor))
    return line._replace(net_minor=net, tax_minor=tax, detail=detail)


def cheaper_by(
    used: Sequence[CouponUsed], ordered: Sequence[RatedLine], left: Sequence[RatedLine]
) -> Iterator[CouponUsed]:
    """What coupons gave, without what they would have given to the days that are over: of several on one line, the
    first loses it as far as it gave, then the next."""
    left_of = {one.after.coupon.code: one.minor for one in used}
    lost: Counter[str] = Counter()
    for before, after in zip(ordered, left, strict=True):
        cut = before.discount_minor - after.discount_minor
        for code in before.discount_code.split(" + "):
            part = min(max(cut, 0), left_of.get(code, 0) - lost[code])
            lost[code] += part
            cut -= part
    for one in used:
        yield _without(one, lost[one.after.coupon.code])


def _without(one: CouponUsed, lost: int) -> CouponUsed:
    coupon = one.after.coupon
    if coupon.kind == CouponKind.BALANCE:
        coupon = coupon._replace(amount=coupon.amount + lost)
    after = one.after._replace(coupon=coupon, given_minor=one.after.given_minor - lost)
    return one._replace(minor=one.minor - lost, after=after)
