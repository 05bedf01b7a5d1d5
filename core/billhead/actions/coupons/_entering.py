"""Whether a code may be entered with an order, and taking a use of it that nobody else can take then.

The last use can't be given twice: `used` is raised and compared in one statement, which also makes two orders of one
customer wait for each other, so that what a customer has is counted afterwards.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.payments._card_marks import same_person
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.domain.discounts import CouponKind
from billhead.domain.document import Kind
from billhead.domain.document import State as DocumentState
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.subscription import State
from billhead.models.coupons import Coupon, CouponPlan, CouponRedemption
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

__all__ = [
    "Entered",
    "as_written",
    "found_coupon",
    "found_coupons",
    "lock_coupons",
    "lock_orders",
    "release",
    "reserve",
]

_MOST = 5


@dataclass(frozen=True, slots=True)
class Entered:
    """A plan of an order as coupons look at it. `amount` is what all of the order costs before any discount, a trial
    with its own price; `subscription_id` is the plan's own, `together` are all of the order, where it has several.
    `taken`: uses that the same order takes already, by code, where nothing is written yet."""

    seller_id: int
    currency: str
    country: str
    on: date
    plans: frozenset[int]
    term: str
    amount: int
    customer_id: int | None = None
    subscription_id: int | None = None
    together: tuple[int, ...] = ()
    taken: Mapping[str, int] = field(default_factory=dict)


def as_written(codes: Sequence[str]) -> list[str]:
    """The codes as coupons have them. Raises InvalidInput("coupon", …) where they are too many."""
    wanted = [code.strip().upper() for code in codes if code.strip()]
    if len(wanted) > _MOST:
        raise InvalidInput("coupon", f"at most {_MOST} can be entered")
    return wanted


def found_coupons(session: Session, order: Entered, codes: Sequence[str]) -> list[Coupon]:
    """The coupons of these codes, in their order. Raises InvalidInput("coupon", why it can't be used here)."""
    wanted = as_written(codes)
    return [found_coupon(session, order, code, wanted[:number]) for number, code in enumerate(wanted)]


def found_coupon(session: Session, order: Entered, code: str, others: Sequence[str]) -> Coupon:
    """The coupon of a code, both it and the `others` that go with it already `as_written`. Raises as the above."""
    if code in others:
        raise InvalidInput("coupon", f"{code} was entered twice")
    coupon = session.scalar(select(Coupon).where(Coupon.seller_id == order.seller_id, Coupon.code == code))
    if coupon is None:
        raise InvalidInput("coupon", f"{code} is not a coupon of this shop", hint="check how it is written")
    _check_time(coupon, order)
    _check_order(session, coupon, order)
    _check_customer(session, coupon, order)
    return coupon


def _check_time(coupon: Coupon, order: Entered) -> None:
    if coupon.disabled or (coupon.ends_on is not None and coupon.ends_on <= order.on):
        raise InvalidInput("coupon", f"{coupon.code} can't be used any more")
    if coupon.starts_on is not None and coupon.starts_on > order.on:
        raise InvalidInput("coupon", f"{coupon.code} can be used from {coupon.starts_on} on")
    if coupon.total_uses is not None and coupon.used + order.taken.get(coupon.code, 0) >= coupon.total_uses:
        raise _used_up(coupon)


def _used_up(coupon: Coupon) -> InvalidInput:
    return InvalidInput("coupon", f"{coupon.code} was used as often as it can be")


def _check_order(session: Session, coupon: Coupon, order: Entered) -> None:
    if coupon.currency and coupon.currency != order.currency:
        raise InvalidInput("coupon", f"{coupon.code} is in {coupon.currency}, your prices are in {order.currency}")
    plans = set(session.scalars(select(CouponPlan.plan_id).where(CouponPlan.coupon_id == coupon.id)))
    if plans and not plans & order.plans:
        raise InvalidInput("coupon", f"{coupon.code} is not for what you have chosen")
    if coupon.terms and order.term not in coupon.terms:
        raise InvalidInput("coupon", f"{coupon.code} is for {' or '.join(coupon.terms)} only")
    if coupon.countries and order.country not in coupon.countries:
        raise InvalidInput("coupon", f"{coupon.code} can't be used in your country")
    if order.amount < coupon.minimum_minor:
        least = Money(coupon.minimum_minor, coupon.currency)
        raise InvalidInput("coupon", f"{coupon.code} needs an order of at least {least}")


def _check_customer(session: Session, coupon: Coupon, order: Entered) -> None:
    if order.customer_id is None:
        return
    person = same_person(session, order.customer_id) if coupon.new_customers or coupon.first_order else []
    if coupon.new_customers:
        billed = select(Document.id).where(
            Document.customer_id.in_(person),
            Document.kind == Kind.INVOICE.value,
            Document.state.not_in((DocumentState.DRAFT.value, DocumentState.VOID.value)),
            Document.total_minor > 0,
        )
        if session.scalar(billed.limit(1)) is not None:
            raise InvalidInput("coupon", f"{coupon.code} is for new customers")
    if coupon.first_order:
        # an order that was canceled before it was paid was none
        was_one = or_(Subscription.state != State.CANCELED.value, Subscription.billed_through.is_not(None))
        others = select(Subscription.id).where(
            Subscription.customer_id.in_(person),
            was_one,
            Subscription.id.not_in([*order.together, order.subscription_id or 0]),
        )
        if session.scalar(others.limit(1)) is not None:
            raise InvalidInput("coupon", f"{coupon.code} is for a first order")
    _check_uses(session, coupon, order)


def _check_uses(session: Session, coupon: Coupon, order: Entered) -> None:
    if coupon.uses_per_customer is None or order.customer_id is None:
        return
    had = select(func.count()).where(
        CouponRedemption.coupon_id == coupon.id,
        CouponRedemption.customer_id.in_(same_person(session, order.customer_id)),
        CouponRedemption.state != "released",
    )
    if int(session.scalar(had) or 0) + order.taken.get(coupon.code, 0) >= coupon.uses_per_customer:
        raise InvalidInput("coupon", f"you have used {coupon.code} already")


def lock_coupons(tx: Tx, seller_id: int, codes: Iterable[str]) -> None:
    """Before uses are taken for several subscriptions: who takes the same in another order waits for all of them."""
    wanted = {code.strip().upper() for code in codes}
    mine = select(Coupon).where(Coupon.seller_id == seller_id, Coupon.code.in_(wanted)).order_by(Coupon.id)
    tx.session.flush()
    tx.session.scalars(mine.with_for_update().execution_options(populate_existing=True)).all()


def reserve(tx: Tx, order: Entered, codes: Sequence[str], state: str = "reserved") -> list[CouponRedemption]:
    """Take a use of each coupon for the order's subscription, in the order's transaction.

    Raises InvalidInput when a code can't be used, or somebody else was faster.
    """
    session = tx.session
    redeemed = []
    for coupon in sorted(found_coupons(session, order, codes), key=lambda coupon: coupon.id):
        room = or_(Coupon.total_uses.is_(None), Coupon.used < Coupon.total_uses)
        this = update(Coupon).where(Coupon.id == coupon.id, Coupon.disabled.is_(False), room)
        if not rows_changed(session, this.values(used=Coupon.used + 1)):
            raise _used_up(coupon)
        _check_uses(session, coupon, order)  # again: now no other order of theirs can come between
        assert order.customer_id is not None, "somebody orders"
        assert order.subscription_id is not None, "something is ordered"
        redeemed.append(
            CouponRedemption(
                coupon_id=coupon.id,
                customer_id=order.customer_id,
                subscription_id=order.subscription_id,
                state=state,
                cycles_left=coupon.cycles,
                balance_minor=coupon.amount_minor if coupon.kind == CouponKind.BALANCE else None,
                created_at=clock.now(),
            )
        )
    session.add_all(redeemed)
    session.flush()
    return redeemed


def lock_orders(tx: Tx, subscriptions: Collection[int]) -> None:
    """Before several orders end, or one takes from another: they and the coupons that they hold are locked in the order
    in which everybody locks them."""
    session = tx.session
    session.flush()
    ids = sorted(subscriptions)
    theirs = select(Subscription.id).where(Subscription.id.in_(ids))
    session.scalars(theirs.order_by(Subscription.id).with_for_update()).all()
    held = select(CouponRedemption.coupon_id).where(
        CouponRedemption.subscription_id.in_(ids), CouponRedemption.state == "reserved"
    )
    session.scalars(select(Coupon.id).where(Coupon.id.in_(held)).order_by(Coupon.id).with_for_update()).all()


def release(tx: Tx, subscription_id: int, only: Collection[int] | None = None) -> None:
    """An order came to nothing: others may have the uses that it held. `only`: of these redemptions."""
    session = tx.session
    session.flush()
    mine = CouponRedemption.subscription_id == subscription_id, CouponRedemption.state == "reserved"
    held = session.scalars(select(CouponRedemption).where(*mine)).all()
    held = [one for one in held if only is None or one.id in only]
    for one in sorted(held, key=lambda one: one.coupon_id):
        one.state = "released"
        session.execute(update(Coupon).where(Coupon.id == one.coupon_id).values(used=Coupon.used - 1))
