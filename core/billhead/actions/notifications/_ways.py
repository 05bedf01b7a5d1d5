"""By which channels a customer is told, to which address each, and when: as chosen, once for each channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.notifications._channels import EMAIL, channels_by
from billhead.actions.notifications._groups import NEWS, SECURITY, group_of
from billhead.actions.notifications._often import AT_ONCE, OFF, held_until
from billhead.models.notices import NoticeAddress, NoticeChoice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import Addressing

__all__ = ["Way", "quiet_until", "ways_to"]

_CHOSEN = (
    select(
        Customer.email,
        Customer.zone,
        NoticeChoice.channels,
        NoticeChoice.often,
        NoticeChoice.quiet_from,
        NoticeChoice.quiet_to,
        Seller.mails,
    )
    .join(Seller, Seller.id == Customer.seller_id)
    .outerjoin(NoticeChoice, NoticeChoice.customer_id == Customer.id)
    .where(Customer.id == bindparam("customer_id"))
)  # built once
_ADDRESSES = select(NoticeAddress.channel, NoticeAddress.address).where(
    NoticeAddress.customer_id == bindparam("customer_id"), NoticeAddress.confirmed_at.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Way:
    channel: str
    recipient: str
    due_at: datetime | None = None  # None: at once
    held_until: datetime | None = None  # by when a digest tells of it


def ways_to(session: Session, customer_id: int, kind: str) -> list[Way]:
    """None at all for who has no address (a reseller's subscriber, whom the reseller itself tells), and of what the
    seller leaves out."""
    row = session.execute(_CHOSEN, {"customer_id": customer_id}).one_or_none()
    if row is None or kind in row.mails.get("off", ()):
        return []
    ways = list(_chosen(session, customer_id, kind, row))
    if row.email and group_of(kind) != SECURITY:  # links to set a password are nobody else's
        ways += [Way(copy.code, row.email) for copy in channels_by(session, Addressing.COPY)]
    return ways


def _chosen(session: Session, customer_id: int, kind: str, row: Row[*tuple[Any, ...]]) -> Iterator[Way]:
    mail, group = Way(EMAIL, row.email), group_of(kind)
    wanted = (row.channels or {}).get(group, [EMAIL]) if group != SECURITY else [EMAIL]
    often = (row.often or {}).get(kind, AT_ONCE)
    waits = held_until(often, row.zone)
    if often == OFF or (group == NEWS and not wanted):
        return
    if waits is not None and row.email:  # a digest is a mail, whatever tells at once
        yield Way(EMAIL, row.email, held_until=waits)
        return
    elsewhere = [code for code in wanted if code != EMAIL]
    told = False
    if elsewhere:
        found = session.execute(_ADDRESSES, {"customer_id": customer_id}).all()
        addresses: dict[str, str] = dict(found)
        due = quiet_until(clock.business_now(), row.zone, row.quiet_from, row.quiet_to)
        for code in elsewhere:
            if code in addresses:
                told = True
                yield Way(code, addresses[code], due)
    if row.email and (EMAIL in wanted or not told):
        yield mail


def quiet_until(now: datetime, zone: str, begins: int | None, ends: int | None) -> datetime | None:
    """When the quiet hours end that `now` falls into; None outside of them. 22 to 7 goes over midnight."""
    if begins is None or ends is None or begins == ends:
        return None
    local = now.astimezone(ZoneInfo(zone))
    quiet = begins <= local.hour < ends if begins < ends else local.hour >= begins or local.hour < ends
    if not quiet:
        return None
    day = local.date() + timedelta(days=1) if local.hour >= ends else local.date()
    return datetime.combine(day, time(ends), ZoneInfo(zone))
