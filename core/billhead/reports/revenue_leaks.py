"""Where money leaks: what runs and is not paid, what is paid and does not run, what was due and not billed.

`leak` is what the subscription's term costs, before tax: what is lost, or owed to the customer, each time.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, not_, or_

from billhead import clock
from billhead.actions.fraud._case import held_by_review
from billhead.domain.service import Label
from billhead.domain.subscription import RUNNING, State
from billhead.models.documents import FailedItem
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Report, ReportAsked, ReportLink, ReportParameter
from billhead.reports._leaking import COLUMNS, SHARED, leaking, shown
from billhead.reports._parameters import CURRENCY, SELLER
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_RUNNING = [state.value for state in RUNNING]
_STUCK = ("failed", "unknown", "impossible")
_GRACE = timedelta(days=2)
"""A run that is a day late bills all the same: only what is later than that leaks."""


_TITLES = {
    "unpaid_active": marked("Runs on the panel, not paid"),
    "suspend_pending": marked("Blocked here, not on the panel"),
    "paid_stopped": marked("Paid, does not run"),
    "not_billed": marked("Past its billing day, not billed"),
    "no_subscription": marked("A line whose subscription has ended"),
}


class _Leak(NamedTuple):
    """A way in which money leaks, and which services or subscriptions it concerns."""

    code: str
    condition: ColumnElement[bool]
    by_service: bool = True


def _open_on_panel() -> ColumnElement[bool]:
    """What the panel said last: there, and not blocked."""
    return and_(Service.observed_at.is_not(None), Service.lifecycle != "gone")


def _leaks(today: date, now: datetime) -> tuple[_Leak, ...]:
    by_invoice = Subscription.settlement == "invoice"
    never_there = and_(Service.observed_at.is_(None), Service.desired_version > 0)
    return (
        _Leak(
            "unpaid_active",
            and_(
                _open_on_panel(),
                Service.lifecycle == "wanted",
                Service.desired_blocked.is_(False),
                or_(Service.desired_expires_at <= now, Subscription.state == State.SUSPENDED.value),
            ),
        ),
        _Leak(
            "suspend_pending",
            and_(
                _open_on_panel(),
                or_(Service.desired_blocked, Service.lifecycle == "unwanted"),
                Service.sync != "ok",
            ),
        ),
        _Leak(
            "paid_stopped",
            and_(
                Service.lifecycle == "wanted",
                Service.desired_blocked.is_(False),
                Subscription.state.in_(_RUNNING),
                Subscription.paid_through > today,
                or_(Service.sync.in_(_STUCK), and_(never_there, Service.sync != "pending")),
            ),
        ),
        _Leak(
            "not_billed",
            and_(
                by_invoice,
                Subscription.state.in_(_RUNNING),
                Subscription.next_bill_on < today - _GRACE,
                not_(held_by_review()),  # billed when it is approved
            ),
            by_service=False,
        ),
        _Leak(
            "no_subscription",
            and_(
                Service.lifecycle == "wanted",
                Subscription.state == State.CANCELED.value,
                Service.created_by_us,
            ),
        ),
    )


def _query(leak: _Leak, asked: ReportAsked) -> Select[Any]:
    if leak.by_service:
        query = leaking(asked, Service.id, Service.login, Service.sync_error, Service.observed).join(
            Service, Service.subscription_id == Subscription.id
        )
    else:
        query = leaking(asked, Subscription.next_bill_on, FailedItem.error).outerjoin(
            FailedItem, FailedItem.subscription_id == Subscription.id
        )
    return query.where(leak.condition).order_by(Subscription.id)


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    for leak in _leaks(asked.today, clock.business_now()):
        if asked["kind"] not in (None, leak.code):
            continue
        for row in source.session.execute(_query(leak, asked)):
            about = row[SHARED:]
            line, why = _line(about) if leak.by_service else (None, _not_billed(about))
            if why is not None:
                yield shown(_TITLES[leak.code], row, line, why)


def _line(about: Sequence[Any]) -> tuple[ReportLink, str | None]:
    """The line and what is known about it; None where the panel has shown it blocked or run out."""
    service_id, login, error, observed = about
    ends = observed.get("expires_at") if observed else None
    over = ends is not None and ends <= clock.business_now().isoformat()
    stopped = bool(observed) and (observed.get("blocked") is True or over) and not error
    return ReportLink(login, "service", service_id), None if stopped else error or _seen(ends)


def _seen(ends: str | None) -> str:
    return f"the panel runs it until {ends[:10]}" if ends else Label.ACTIVE.value


def _not_billed(about: Sequence[Any]) -> str:
    due_on, error = about
    return f"due on {due_on}" + (f": {error}" if error else "")


REPORT = Report(
    code="revenue-leaks",
    title=marked("Revenue leaks"),
    description=marked(
        "Lines that run without being paid, suspensions that no panel has confirmed, paid lines that do not "
        "run, and subscriptions that were due and not billed, each with what its term costs."
    ),
    group=marked("Leaks"),
    parameters=(ReportParameter("kind", marked("Kind"), "choice", options=tuple(_TITLES.items())), SELLER, CURRENCY),
    columns=COLUMNS,
    rows=_rows,
)
