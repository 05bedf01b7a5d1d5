"""How often somebody is told of a kind of notice: at once, gathered in a mail of the day or of the week, or not at all.

Whatever stands nowhere here goes out at once: what the law wants told, bills and what follows from not paying them,
access, and what guards an account. What is about money may wait, and is never off.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput
from billhead.models.notices import NoticeChoice
from billhead.models.people import User

__all__ = [
    "AT_ONCE", "DAILY", "OF_CUSTOMERS", "OF_RESELLERS", "OF_STAFF", "OFF", "WEEKLY", "checked", "held_until",
    "often_of_login",
]  # fmt: skip

AT_ONCE, DAILY, WEEKLY, OFF = "at_once", "daily", "weekly", "off"

OF_CUSTOMERS: Mapping[str, tuple[str, ...]] = {
    "receipt": (DAILY, WEEKLY),
    "refunded": (DAILY, WEEKLY),
    "low_credit": (DAILY, OFF),
    "restored": (DAILY, WEEKLY, OFF),
    "box_changed": (DAILY, WEEKLY),
    "allowance": (DAILY, OFF),
    "ticket_opened": (DAILY, WEEKLY, OFF),
    "ticket_answer": (DAILY, WEEKLY),
    "line_ending": (OFF,),
    "planned_work": (OFF,),  # it may have begun by the next morning
    "price_stays": (DAILY, WEEKLY, OFF),
}
"""Kind → what may be chosen beside at once."""
OF_RESELLERS: Mapping[str, tuple[str, ...]] = {
    **OF_CUSTOMERS,
    "renewals_short": (DAILY,),
    "shop_waiting": (DAILY,),
    "ticket_news": (DAILY, WEEKLY, OFF),
    "user_canceled": (DAILY,),
    "users_ending": (DAILY, OFF),
}
OF_STAFF: Mapping[str, tuple[str, ...]] = {
    "ticket_news": (DAILY, WEEKLY, OFF),
    "shop_host": (DAILY, WEEKLY, OFF),
    "upstream_low": (DAILY, WEEKLY, OFF),
    "upstream_cap": (DAILY,),
}
_MORNING = 7
_MONDAY = 0


def checked(wish: Mapping[str, str], offered: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What is kept of a wish: at once needs no word. Raises InvalidInput naming the kind."""
    for kind, often in wish.items():
        if often not in (AT_ONCE, *offered.get(kind, ())):
            raise InvalidInput(kind, "can't be told like that", hint="choose from the list")
    return {kind: often for kind, often in sorted(wish.items()) if often != AT_ONCE}


def often_of_login(session: Session, user: User, kind: str) -> str:
    """Staff choose for themselves, everybody else for the account."""
    if user.role == Role.STAFF.value:
        return str(user.often.get(kind, AT_ONCE))
    often = session.scalar(select(NoticeChoice.often).where(NoticeChoice.customer_id == user.customer_id))
    return str((often or {}).get(kind, AT_ONCE))


def held_until(often: str, zone: str) -> datetime | None:
    """The next morning there, or that of the next Monday; None: it does not wait."""
    if often not in (DAILY, WEEKLY):
        return None
    local = clock.business_now().astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=local.hour >= _MORNING)
    if often == WEEKLY:
        day += timedelta(days=(_MONDAY - day.weekday()) % 7)
    return datetime.combine(day, time(_MORNING), ZoneInfo(zone)).astimezone(UTC)
