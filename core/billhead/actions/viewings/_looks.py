"""How often each line of a panel is looked at to see who watches, in figures: sharing is judged by it."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.domain.watching import rules_from
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service
from billhead.plugin_host import capabilities_of

__all__ = ["Looks", "looks_at", "may_be_on"]

_LEAST = 200
_MOST = 2000
"""Lines that are asked for in an hour, a call each; of a panel that bears so many calls a second, half of its time."""


class Looks(NamedTuple):
    """`each_hour` of `lines` are looked at in an hour, and all of them in `hours`. `window` is that of the seller's
    rules: lines that are not looked at within it can be shared unseen. `all_at_once`: the panel lists who watches."""

    lines: int
    each_hour: int
    hours: int
    window: int
    all_at_once: bool = False


def may_be_on(panel_id: int) -> tuple[ColumnElement[bool], ...]:
    """Lines that somebody may be watching on now."""
    return (
        Service.panel_id == panel_id, Service.lifecycle == "wanted", Service.desired_blocked.is_(False),
        Service.observed_at.is_not(None), Service.desired_expires_at > clock.business_now(),
    )  # fmt: skip


def looks_at(session: Session, panel: Panel) -> Looks | None:
    """None of a panel that does not tell who watches. No network."""
    able = capabilities_of(panel)
    if able is None or not able.live:
        return None
    lines = session.scalar(select(func.count()).select_from(Service).where(*may_be_on(panel.id))) or 0
    window = rules_from(session.get_one(Seller, panel.seller_id).watching).window_hours
    if able.live_listing:
        return Looks(lines, lines, 1, window, all_at_once=True)
    most = min(_MOST, panel.calls_per_second * 1800) if panel.calls_per_second else _MOST
    each = min(max(_LEAST, -(-lines // window)), most)
    return Looks(lines, each, -(-lines // each) or 1, window)
