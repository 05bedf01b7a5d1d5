"""By which channels a customer is told, to which address each, and when: as chosen, once for each channel."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Row, bindparam, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.notifications._channels import EMAIL, channels_by
from billhead.actions.notifications._groups import NEWS, SECURITY, group_of
from billhead.actions.notifications._often import AT_ONCE, OFF, held_until
from billhead.models.notices import NoticeAddress, NoticeChoice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import Addressing

__all__ = ["Way", "quiet_until", "ways_to", "ways_to_many"]

_CUSTOMERS: BindParameter[Any] = bindparam("customers", expanding=True)
_CHOSEN = (
    select(
        Customer.id,
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
    .where(Customer.id.in_(_CUSTOMERS))
)  # built once
_ADDRESSES = select(NoticeAddress.customer_id, NoticeAddress.channel, NoticeAddress.address).where(
    NoticeAddress.customer_id.in_(_CUSTOMERS), NoticeAddress.confirmed_at.is_not(None)
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
    return ways_to_many(session, [customer_id], kind).get(customer_id, [])


def ways_to_many(session: Session, customers: Sequence[int], kind: str) -> dict[int, list[Way]]:
    """The same of each of some hundred, asked together; who has none may be left out."""
    # links to set a password are nobody else's
    copies = channels_by(session, Addressing.COPY) if group_of(kind) != SECURITY else []
    found: dict[int, list[Way]] = {}
    rows = session.execute(_CHOSEN, {"customers": customers}).all()
    rows = [row for row in rows if kind not in row.mails.get("off", ())]
    addresses = _addresses(session, [row.id for row in rows if _elsewhere(kind, row)])
    for row in rows:
        found[row.id] = list(_chosen(kind, row, addresses.get(row.id, {})))
        if row.email:
            found[row.id] += [Way(copy.code, row.email) for copy in copies]
    return found


def _addresses(session: Session, customers: Sequence[int]) -> dict[int, dict[str, str]]:
    """Customer → channel → address."""
    found: dict[int, dict[str, str]] = {}
    for customer_id, channel, address in session.execute(_ADDRESSES, {"customers": customers}) if customers else ():
        found.setdefault(customer_id, {})[channel] = address
    return found


def _elsewhere(kind: str, row: Row[*tuple[Any, ...]]) -> list[str]:
    """The channels besides mail that are chosen for it."""
    group = group_of(kind)
    wanted = (row.channels or {}).get(group, []) if group != SECURITY else []
    return [code for code in wanted if code != EMAIL]


def _chosen(kind: str, row: Row[*tuple[Any, ...]], addresses: Mapping[str, str]) -> Iterator[Way]:
    mail, group = Way(EMAIL, row.email), group_of(kind)
    wanted = (row.channels or {}).get(group, [EMAIL]) if group != SECURITY else [EMAIL]
    often = (row.often or {}).get(kind, AT_ONCE)
    waits = held_until(often, row.zone)
    if often == OFF or (group == NEWS and not wanted):
        return
    if waits is not None and row.email:  # a digest is a mail, whatever tells at once
        yield Way(EMAIL, row.email, held_until=waits)
        return
    told = False
    if elsewhere := _elsewhere(kind, row):
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
