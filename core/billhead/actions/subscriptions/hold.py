"""Put a subscription on hold for a while: the lines stand still, and the days that were paid are credited or kept."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing.rebill import Desk, preview_rebill
from billhead.actions.subscriptions._holding import Held, begin_hold, too_short, way_of
from billhead.actions.subscriptions._offers import subscription_to_end
from billhead.actions.subscriptions._scheduled import last_cancel, schedule, wished_of
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.counted import counted
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.domain.periods import Period, refuse_far
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["Held", "HoldPreview", "hold", "preview_hold"]

_A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class HoldPreview:
    """`way`: credit (unused days come back as account credit, `credit_minor` with tax) or keep (the paid time goes on
    afterwards). `days_left`: how many days this customer may hold within a year, None: no limit."""

    starts_on: date
    ends_on: date | None
    way: str
    currency: str
    credit_minor: int
    days_left: int | None

    @property
    def seen(self) -> str:
        """What is agreed to: another one, and it stands still for other days, or something else comes back."""
        return f"{self.starts_on}|{self.ends_on}|{self.way}|{self.currency}|{self.credit_minor}"


def preview_hold(
    tx: Tx, subscription_id: int, starts_on: date | None = None, ends_on: date | None = None
) -> HoldPreview:
    """What `hold` would do. Raises what `hold` raises."""
    subscription = visible_subscription(tx, subscription_id)
    start, way, days_left = _checked(tx, subscription, starts_on, ends_on)
    credit = 0
    if way == "credit":
        desk = Desk()
        history = desk.history(tx.session, subscription.id)
        pause = Period(start, ends_on or date.max)
        rated = preview_rebill(tx.session, desk, history._replace(free=(*history.free, pause)))
        credit = rated.total_minor if rated.kind == "credit_note" else 0
    return HoldPreview(start, ends_on, way, subscription.currency, credit, days_left)


@verb("subscriptions.hold")
def hold(
    tx: Tx, subscription_id: int, starts_on: date | None = None, ends_on: date | None = None, *, seen: str = ""
) -> Held:
    """Hold from a day (today without one) until a day, or until it is resumed.

    Customers hold within the limits of their plan (`hold` in its details: min_days, max_days in a year, way); staff
    always, and also from a day that has passed. `seen` is that of the preview that was shown, if any was.

    Raises NotAllowed, InvalidInput or Conflict with the reason: "price_changed" where it would come to something else
    than was shown.
    """
    subscription = subscription_to_end(tx, subscription_id, starts_on)
    start, way, _ = _checked(tx, subscription, starts_on, ends_on)
    if seen and preview_hold(tx, subscription_id, starts_on, ends_on).seen != seen:
        raise Conflict("the price has changed since it was shown", code="price_changed")
    today = clock.today_in(subscription.zone)
    if start > today:
        wish: dict[str, Any] = {"ends_on": ends_on.isoformat() if ends_on else None}
        schedule(tx, subscription, "hold", start, wish)
        record(tx, subscription, "hold_scheduled", start, **wish)
        return Held(subscription.id, "scheduled")
    return begin_hold(tx, subscription, start, ends_on, way)


def _checked(
    tx: Tx, subscription: Subscription, starts_on: date | None, ends_on: date | None
) -> tuple[date, str, int | None]:
    """(first day, way, days left to this customer)."""
    staff = tx.ctx.may("subscriptions.write")
    if subscription.state not in (State.ACTIVE, State.PAST_DUE):
        raise Conflict(f"a subscription that is {subscription.state} can't be put on hold")
    if subscription.settlement == "credits":
        raise Conflict("a reseller pays for this subscription with credits: it can't be put on hold")
    if last_cancel(tx, subscription.id) is not None:
        raise Conflict("this subscription is about to end")
    if subscription.timing == "arrears":
        raise Conflict("what is billed afterwards can't be put on hold", hint="suspend it, or cancel it")
    if wished_of(tx, subscription.id, "hold"):
        raise Conflict("a hold is planned already", hint="take it back first")
    today = clock.today_in(subscription.zone)
    start = starts_on or today
    if start < today and not staff:
        raise InvalidInput("starts_on", f"must be today, {today}, or later")
    if start < subscription.started_on:
        raise InvalidInput("starts_on", f"the subscription began on {subscription.started_on}")
    refuse_far("starts_on", start, today)
    refuse_far("ends_on", ends_on, today)
    if ends_on is not None and (ends_on <= start or ends_on <= today):
        raise InvalidInput("ends_on", f"must be after {max(start, today)}, got {ends_on}")
    way, rules = way_of(tx, subscription), tx.session.get_one(Plan, subscription.plan_id).details.get("hold")
    return start, way, None if staff else _within_limits(tx, subscription, rules, start, ends_on)


def _within_limits(
    tx: Tx, subscription: Subscription, rules: dict[str, Any] | None, start: date, ends_on: date | None
) -> int | None:
    if not rules:
        raise NotAllowed("this plan can't be put on hold")
    if subscription.state == State.PAST_DUE:
        raise Conflict("an invoice is not paid yet", code="unpaid_renewal", hint="pay it first")
    least, most = int(rules.get("min_days", 1)), rules.get("max_days")
    if ends_on is not None and (ends_on - start).days < least:
        raise InvalidInput("ends_on", too_short(least))
    if most is None:
        return None
    left = int(most) - _held_days(tx, subscription, start)
    if ends_on is None:
        until = counted(
            left,
            f"say until when: {left} day is left within a year",
            f"say until when: {left} days are left within a year",
        )
        raise InvalidInput("ends_on", until)
    if (ends_on - start).days > left:
        only = counted(
            left,
            f"only {left} day of hold is left within a year",
            f"only {left} days of hold are left within a year",
        )
        raise InvalidInput("ends_on", only)
    return left


def _held_days(tx: Tx, subscription: Subscription, start: date) -> int:
    """Days on hold in the year before the day."""
    rows = tx.session.execute(
        select(FreeTime.starts_on, FreeTime.ends_on).where(
            FreeTime.subscription_id == subscription.id,
            FreeTime.why.in_(["hold", "kept"]),
            func.coalesce(FreeTime.ends_on, start) > start - _A_YEAR,
        )
    )
    return sum((min(end or start, start) - begin).days for begin, end in rows if begin < start)
