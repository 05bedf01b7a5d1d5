"""What can be done to many subscriptions: to whom it applies, how one is done, and how it is taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, select

from billhead import clock
from billhead.actions.billing._calendars import calendars_told, put_calendars
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.shops._supplying import let_run
from billhead.actions.subscriptions._given_days import NO_DAYS, checked_days, give_days_to
from billhead.actions.subscriptions._scheduled import scheduled_of
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.subscription import RUNNING, State, SuspendedBy
from billhead.models.bulk import BulkAction, BulkItem
from billhead.models.people import Customer
from billhead.models.subscriptions import FreeTime, Subscription
from billhead.wording import marked

__all__ = ["KINDS", "Kind"]

_LONGEST = 4000
_DATES = ("paid_through", "billed_through", "phase_ends_on", "anchor", "service_ends_on", "billing_ends_on")


@dataclass(frozen=True, slots=True)
class Kind:
    """`left_out`: (when, why) of those it can't be done to; `act` returns what taking it back needs. `shows` is what it
    changes of a subscription, as a preview tells it: a state or an end ("": nothing of it)."""

    label: str
    done: str
    shows: str
    check: Callable[[Mapping[str, Any]], None]
    left_out: tuple[tuple[ColumnElement[bool], str], ...]
    act: Callable[[Tx, BulkAction, int], dict[str, Any]]
    undo: Callable[[Tx, BulkAction, BulkItem], None] | None = None

    def why_not(self) -> Any:
        """An SQL expression: "" for who it can be done to, or why not."""
        return case(*self.left_out, else_="")


def _check_days(wish: Mapping[str, Any]) -> None:
    checked_days(wish.get("days"))


def _extend(tx: Tx, bulk: BulkAction, subscription_id: int) -> dict[str, Any]:
    subscription = visible_subscription(tx, subscription_id)
    before, calendars = _dates_of(subscription), calendars_told(tx.session, subscription)
    planned = bool(scheduled_of(tx, subscription_id))
    give_days_to(tx, subscription_id, int(bulk.wish["days"]), bulk.reason)
    tx.session.flush()
    given = select(FreeTime.id).where(FreeTime.subscription_id == subscription_id).order_by(FreeTime.id.desc()).limit(1)
    return {
        "dates": before,
        "after": _dates_of(subscription),
        "free_time_id": tx.session.scalar(given),
        "planned": planned,
        "calendars": calendars,
    }


def _take_days_back(tx: Tx, bulk: BulkAction, item: BulkItem) -> None:
    """Only where nothing has moved since: no renewal, no change, no further days."""
    subscription = visible_subscription(tx, item.subscription_id)
    if item.before["planned"] or _dates_of(subscription) != item.before["after"]:
        raise Conflict("it was renewed or changed since")
    today = clock.today_in(subscription.zone)
    for name, day in item.before["dates"].items():
        setattr(subscription, name, date.fromisoformat(day) if day else None)
    row = tx.session.get(FreeTime, item.before["free_time_id"])
    if row is not None:
        tx.session.delete(row)
    put_calendars(tx.session, subscription, item.before["calendars"])
    if subscription.timing == "advance":
        assert subscription.paid_through is not None, "only what was paid for was made longer"
        let_run(tx, subscription, subscription.paid_through)
    look_again(tx, subscription, today)
    record(tx, subscription, "days_taken_back", today, days=bulk.wish["days"], why=bulk.reason)


def _dates_of(subscription: Subscription) -> dict[str, str | None]:
    found = {name: getattr(subscription, name) for name in _DATES}
    return {name: day.isoformat() if day else None for name, day in found.items()}


def _check_words(wish: Mapping[str, Any]) -> None:
    for name, most in (("subject", 150), ("words", _LONGEST)):
        said = wish.get(name)
        if not isinstance(said, str) or not said.strip() or len(said) > most:
            raise InvalidInput(name, f"is needed, at most {most} letters")


def _tell(tx: Tx, bulk: BulkAction, subscription_id: int) -> dict[str, Any]:
    customer_id = visible_subscription(tx, subscription_id).customer_id
    queued = queue_notice(tx, customer_id, "message", f"bulk:{bulk.id}:{customer_id}", {"bulk_id": bulk.id})
    return {"notice_id": queued}  # none: told already, for another subscription


def _suspend(tx: Tx, _bulk: BulkAction, subscription_id: int) -> dict[str, Any]:
    if not suspend(tx, subscription_id, SuspendedBy.STAFF.value).changed:
        raise Conflict("it is suspended already")
    return {}


def _restore(tx: Tx, _bulk: BulkAction, subscription_id: int) -> dict[str, Any]:
    if not restore(tx, subscription_id, SuspendedBy.STAFF.value).changed:
        raise Conflict("it is not suspended by staff")
    return {}


def _cancel(tx: Tx, _bulk: BulkAction, subscription_id: int) -> dict[str, Any]:
    return {"ends_on": cancel(tx, subscription_id, "end_of_term").ends_on}


def _undo_suspend(tx: Tx, bulk: BulkAction, item: BulkItem) -> None:
    _restore(tx, bulk, item.subscription_id)


def _undo_restore(tx: Tx, bulk: BulkAction, item: BulkItem) -> None:
    _suspend(tx, bulk, item.subscription_id)


def _undo_cancel(tx: Tx, _bulk: BulkAction, item: BulkItem) -> None:
    keep(tx, item.subscription_id)


def _anything(_wish: Mapping[str, Any]) -> None:
    return None


_is = Subscription.state
KINDS: dict[str, Kind] = {
    "extend": Kind(
        "Give days",
        "has its days",
        "paid_through",
        _check_days,
        NO_DAYS,
        _extend,
        _take_days_back,
    ),
    "message": Kind(
        marked("Send a message"),
        "is told",
        "",
        _check_words,
        (
            (
                select(Customer.email == "")
                .where(Customer.id == Subscription.customer_id)
                .correlate(Subscription)
                .scalar_subquery(),
                "no address",
            ),
        ),
        _tell,
    ),
    "suspend": Kind(
        "Suspend",
        "is suspended",
        "state",
        _anything,
        (
            (_is == State.SUSPENDED.value, marked("it is suspended already")),
            (_is.not_in([one.value for one in RUNNING]), marked("it does not run")),
        ),
        _suspend,
        _undo_suspend,
    ),
    "restore": Kind(
        marked("Let run again"),
        "runs again",
        "state",
        _anything,
        (
            (_is != State.SUSPENDED.value, marked("it is not suspended")),
            (Subscription.suspended_for != SuspendedBy.STAFF.value, marked("somebody else than staff stopped it")),
        ),
        _restore,
        _undo_restore,
    ),
    "cancel": Kind(
        marked("Cancel at the end of the term"),
        "is canceled",
        "service_ends_on",
        _anything,
        (
            (_is == State.CANCELED.value, marked("it is canceled already")),
            (Subscription.service_ends_on.is_not(None), marked("it ends already")),
        ),
        _cancel,
        _undo_cancel,
    ),
}
