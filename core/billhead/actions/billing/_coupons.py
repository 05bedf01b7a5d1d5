"""Coupons of subscriptions: read for a batch, taken off the lines of a draft, and written back with its document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from billhead.actions.billing._rated import CouponUsed, LineDetail, Rated, Redeemed
from billhead.bulk import Bulk, Row, among
from billhead.domain.discounts import Charge, Coupon, CouponKind, discounted
from billhead.models.coupons import Coupon as CouponRow
from billhead.models.coupons import CouponPlan, CouponRedemption, CouponUse
from billhead.models.documents import DocumentLine

if TYPE_CHECKING:
    from billhead.actions.billing._draft import DraftedLine

__all__ = [
    "CouponTerms",
    "begin_redeemed",
    "read_coupons",
    "read_redeemed",
    "read_reserved",
    "take_off",
    "give_back_used",
    "move_used",
    "used_of_proforma",
    "write_used",
]

_DISCOUNTED = ("recurring", "setup", "one_off")
_UPDATED = {
    "cycles_left": "integer",
    "balance_minor": "bigint",
    "since": "date",
    "through": "date",
    "given_minor": "bigint",
    "state": "text",
}
_USE = ("document_id", "redemption_id", "discount_minor", "cycles")
_STANDING = (
    CouponRedemption.subscription_id,
    CouponRedemption.id,
    CouponRedemption.coupon_id,
    CouponRedemption.given_minor,
    CouponRedemption.cycles_left,
    CouponRedemption.balance_minor,
    CouponRedemption.since,
    CouponRedemption.through,
)

CouponTerms = dict[int, Coupon]
"""By the coupon's id; what a subscription has of it is filled in with `_replace`."""


def read_coupons(session: Session, ids: Collection[int]) -> CouponTerms:
    """Coupons as they are redeemed. What they give never changes, so a run keeps what it has read."""
    plans: defaultdict[int, set[int]] = defaultdict(set)
    for coupon_id, plan_id in session.execute(
        select(CouponPlan.coupon_id, CouponPlan.plan_id).where(CouponPlan.coupon_id.in_(ids))
    ):
        plans[coupon_id].add(plan_id)
    return {
        row.id: Coupon(
            row.code,
            CouponKind(row.kind),
            row.percent_ppm,
            row.amount_minor,
            row.cycles,
            stackable=row.stackable,
            covers_setup=row.covers_setup,
            plans=frozenset(plans[row.id]),
            terms=frozenset(row.terms),
        )
        for row in session.scalars(select(CouponRow).where(CouponRow.id.in_(ids)))
    }


def read_redeemed(
    session: Session, known: CouponTerms, subscriptions: Collection[int], day: date
) -> Mapping[int, tuple[Redeemed, ...]]:
    """The coupons of these subscriptions that still give something, or have in a cycle that goes on after the day."""
    row = CouponRedemption
    query = select(*_STANDING).where(
        among(row.subscription_id, subscriptions, session),
        or_(row.state == "active", (row.state == "used") & (row.through > day)),
    )
    return _redeemed(session, known, session.connection().execute(query.order_by(row.id)).all())


def read_reserved(session: Session, known: CouponTerms, subscription_id: int) -> tuple[Redeemed, ...]:
    """What was entered when the subscription was ordered, before it is paid."""
    row = CouponRedemption
    query = select(*_STANDING).where(row.subscription_id == subscription_id, row.state == "reserved").order_by(row.id)
    return _redeemed(session, known, session.execute(query).all()).get(subscription_id, ())


def _redeemed(session: Session, known: CouponTerms, rows: Sequence[Any]) -> dict[int, tuple[Redeemed, ...]]:
    if missing := {row.coupon_id for row in rows} - known.keys():
        known.update(read_coupons(session, missing))
    found: dict[int, tuple[Redeemed, ...]] = {}
    for subscription_id, redemption_id, coupon_id, given, cycles_left, balance, since, through in rows:
        coupon = known[coupon_id]
        amount = coupon.amount if balance is None else balance
        standing = coupon._replace(amount=amount, cycles_left=cycles_left, since=since, through=through)
        found[subscription_id] = (*found.get(subscription_id, ()), Redeemed(redemption_id, given, standing))
    return found


def take_off(
    lines: tuple[DraftedLine, ...], redeemed: Sequence[Redeemed]
) -> tuple[tuple[DraftedLine, ...], tuple[CouponUsed, ...]]:
    """The lines after discount, and what the coupons gave.

    The line of a part period has its discount already, since it is a share of what its cycle costs after discount.
    """
    if not redeemed or not lines:
        return lines, ()
    # ids differ from subscription to subscription; the rest is alike for thousands, and worked out once
    alike = tuple([line[2:] for line in lines])
    tails, given = _taken_off(alike, tuple([one.coupon for one in redeemed]))
    made: Any = type(lines[0])._make
    cheaper = tuple([made(line[:2] + tail) for line, tail in zip(lines, tails, strict=True)])
    used = [_used(one, *part) for one, part in zip(redeemed, given, strict=True) if part[0]]
    return cheaper, tuple(used)


_Tail = tuple[Any, ...]
"""A line without the ids of its component and price."""


@lru_cache(maxsize=4096)
def _taken_off(
    alike: tuple[_Tail, ...], coupons: tuple[Coupon, ...]
) -> tuple[tuple[_Tail, ...], tuple[tuple[int, int, Coupon], ...]]:
    """The lines after discount, and for each coupon what it gave, in how many cycles, and how it stands then."""
    lines = tuple([_line_of(tail) for tail in alike])
    at = [index for index, line in enumerate(lines) if line.kind in _DISCOUNTED and not _is_part(line)]
    charges = tuple([_charge(lines, index) for index in at])
    result = discounted(charges, coupons)
    cheaper = list(lines)
    for index, minor, code in zip(at, result.minor, result.codes, strict=True):
        if minor:
            line = lines[index]
            detail = (line.detail or LineDetail())._replace(discount_minor=minor, discount_code=code)
            cheaper[index] = line._replace(amount_minor=line.amount_minor - minor, detail=detail)
    shares = _given_to_parts(lines)
    given = tuple(
        (part.minor + shares.get(coupon.code, 0), part.cycles, part.coupon)
        for coupon, part in zip(coupons, result.used, strict=True)
    )
    return tuple([line[2:] for line in cheaper]), given


def _line_of(tail: _Tail) -> DraftedLine:
    from billhead.actions.billing._draft import DraftedLine  # it imports this module

    return DraftedLine(None, None, *tail)


def _is_part(line: DraftedLine) -> bool:
    return line.detail is not None and line.detail.cycle is not None


def _charge(lines: tuple[DraftedLine, ...], index: int) -> Charge:
    """A set-up fee stands before the period that it is charged with, and belongs to the same cycle."""
    line = lines[index]
    once = line.kind != "recurring"
    timed = lines[index + 1] if once and index + 1 < len(lines) else line
    cycle = days = (line.period_start, line.period_end) if line.period_start and line.period_end else None
    whole = not _is_part(timed)
    if not whole and timed.detail is not None:
        cycle = timed.detail.cycle
    return Charge(line.plan_id or 0, line.term, line.amount_minor, cycle, whole, once, days)


def _given_to_parts(lines: tuple[DraftedLine, ...]) -> dict[str, int]:
    """What part periods got, by code; of several percentages the first stands for all."""
    shares: dict[str, int] = {}
    for line in lines:
        if line.detail is not None and line.detail.cycle is not None and line.detail.discount_minor:
            code = line.detail.discount_code.partition(" + ")[0]
            shares[code] = shares.get(code, 0) + line.detail.discount_minor
    return shares


def _used(before: Redeemed, minor: int, cycles: int, after: Coupon) -> CouponUsed:
    return CouponUsed(
        before.redemption_id, minor, cycles, Redeemed(before.redemption_id, before.given_minor + minor, after)
    )


def begin_redeemed(session: Session, subscription_id: int) -> None:
    """The order of a subscription, which is locked, is paid: its coupons hold. Their uses were taken when it came."""
    row = CouponRedemption
    mine = update(row).where(row.subscription_id == subscription_id, row.state == "reserved").values(state="active")
    session.execute(mine.execution_options(synchronize_session=False))


def used_of_proforma(
    session: Session, known: CouponTerms, proforma_id: int, subscription_id: int, period: tuple[date, date] | None
) -> tuple[CouponUsed, ...]:
    """What a subscription on the proforma got of each coupon, as of now that it is paid. It is locked.

    It keeps what it offered, even if the coupon was used up, or given to somebody else, in the meantime.
    """
    rows = session.execute(
        select(CouponUse.redemption_id, CouponUse.discount_minor, CouponUse.cycles)
        .join(CouponRedemption, CouponRedemption.id == CouponUse.redemption_id)
        .where(CouponUse.document_id == proforma_id, CouponRedemption.subscription_id == subscription_id)
    ).all()
    if not rows:
        return ()
    standing = session.execute(
        select(*_STANDING).where(CouponRedemption.id.in_([row.redemption_id for row in rows]))
    ).all()
    found = {one.redemption_id: one for group in _redeemed(session, known, standing).values() for one in group}
    return tuple(
        _used(found[key], minor, cycles, _after(found[key].coupon, minor, cycles, period))
        for key, minor, cycles in rows
    )


def _after(coupon: Coupon, minor: int, cycles: int, period: tuple[date, date] | None) -> Coupon:
    if coupon.kind == CouponKind.BALANCE:
        coupon = coupon._replace(amount=max(coupon.amount - minor, 0))
    if not cycles:
        return coupon
    left = None if coupon.cycles_left is None else max(coupon.cycles_left - cycles, 0)
    if period is not None:
        coupon = coupon._replace(since=coupon.since or period[0], through=period[1])
    return coupon._replace(cycles_left=left)


def move_used(session: Session, going: Sequence[DocumentLine], staying: Sequence[DocumentLine], to_id: int) -> None:
    """Lines go to another document, others of theirs stay, and what coupons gave them goes along."""
    session.flush()
    rows = session.execute(
        select(CouponUse, CouponRow.code, CouponRedemption.subscription_id)
        .join(CouponRedemption, CouponRedemption.id == CouponUse.redemption_id)
        .join(CouponRow, CouponRow.id == CouponRedemption.coupon_id)
        .where(CouponUse.document_id.in_({line.document_id for line in going}))
        .where(CouponRedemption.subscription_id.in_({line.subscription_id for line in going} - {None}))
    ).all()
    for use, code, subscription_id in rows:
        gone, left = ([one for one in lines if one.subscription_id == subscription_id] for lines in (going, staying))
        minor, cycles = _share_of(use, code, gone, left)
        if not (minor or cycles):
            continue
        there = session.get(CouponUse, (to_id, use.redemption_id))
        if there is None:
            there = CouponUse(document_id=to_id, redemption_id=use.redemption_id, discount_minor=0, cycles=0)
            session.add(there)
        there.discount_minor, there.cycles = there.discount_minor + minor, there.cycles + cycles
        use.discount_minor, use.cycles = use.discount_minor - minor, use.cycles - cycles
        if not (use.discount_minor or use.cycles):
            session.delete(use)
    session.flush()


def _share_of(
    use: CouponUse, code: str, going: Sequence[DocumentLine], staying: Sequence[DocumentLine]
) -> tuple[int, int]:
    """How much of a use, and of its cycles, goes with these lines: by what the code took off them and off the others,
    and by their periods."""
    mine, others = ([one for one in lines if code in one.discount_code.split(" + ")] for lines in (going, staying))
    taken, kept = (sum(one.discount_minor for one in lines) for lines in (mine, others))
    if not staying or (taken and not kept):
        return use.discount_minor, use.cycles
    periods, left = ({(one.period_start, one.moved_from_id) for one in lines if one.kind == "recurring"}
                     for lines in (mine, others))  # fmt: skip
    cycles = min(use.cycles, len(periods - left)) if left else use.cycles * bool(periods)
    return (use.discount_minor * taken // (taken + kept) if taken else 0), cycles


def give_back_used(
    session: Session, document_id: int, subscription_id: int, periods: Sequence[tuple[date, date]]
) -> None:
    """A draft over these periods comes to nothing: what a subscription, which is locked, got of coupons in them is
    theirs again."""
    used = (
        select(CouponUse)
        .join(CouponRedemption, CouponRedemption.id == CouponUse.redemption_id)
        .where(CouponUse.document_id == document_id, CouponRedemption.subscription_id == subscription_id)
    )
    for use in session.scalars(used).all():
        held = session.get_one(CouponRedemption, use.redemption_id, with_for_update=True, populate_existing=True)
        held.given_minor -= use.discount_minor
        if held.balance_minor is not None:
            held.balance_minor += use.discount_minor
        if use.cycles:
            held.cycles_left = None if held.cycles_left is None else held.cycles_left + use.cycles
            held.since, held.through = _counted_before(held, periods)
        held.state = "active"
        session.delete(use)
    session.flush()


def _counted_before(held: CouponRedemption, periods: Sequence[tuple[date, date]]) -> tuple[date | None, date | None]:
    begins = min(start for start, _ in periods)
    if held.since is None or held.through is None or held.since >= begins:
        return None, None
    unused = held.through - max(end for _, end in periods if end <= held.through)
    return held.since, begins + unused


def write_used(bulk: Bulk, documents: Sequence[tuple[int, Rated]]) -> None:
    """Which document got what; and what is left, except by proformas: they use nothing before they are paid."""
    given = [(document_id, one, used) for document_id, one in documents if one.used for used in one.used]
    if not given:
        return
    bulk.insert("coupon_use", _USE, [(key, used.redemption_id, used.minor, used.cycles) for key, _, used in given])
    rows = list(_standing([used for _, one, used in given if one.kind != "proforma"]))
    bulk.update("coupon_redemption", _UPDATED, rows)


def _standing(used: Sequence[CouponUsed]) -> Iterator[Row]:
    for one in used:
        given, coupon = one.after.given_minor, one.after.coupon
        balance = coupon.amount if coupon.kind == CouponKind.BALANCE else None
        over = coupon.cycles_left == 0 or balance == 0
        since, through = coupon.since and coupon.since.isoformat(), coupon.through and coupon.through.isoformat()
        yield coupon.cycles_left, balance, since, through, given, "used" if over else "active", one.redemption_id
