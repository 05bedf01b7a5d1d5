"""Codes that prove an address: kept as digests, for a quarter of an hour, and five wrong ones end them."""

import hmac
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.notices import NoticeAddress
from billhead.plugin_host import vault

__all__ = ["LIVES", "MOST_WRONG", "check_own", "digests_of", "own_address", "proves", "started_anew"]

LIVES = timedelta(minutes=15)
MOST_WRONG = 5


def check_own(tx: Tx, customer_id: int) -> None:
    """Only the customer says where it is reached: staff would connect a phone that is not the customer's."""
    if tx.ctx.scope.customer_id != customer_id:
        raise NotAllowed(f"{tx.ctx.actor} may not say where customer {customer_id} is reached")


def own_address(tx: Tx, customer_id: int, channel: str) -> NoticeAddress | None:
    mine = select(NoticeAddress).where(NoticeAddress.customer_id == customer_id, NoticeAddress.channel == channel)
    return tx.session.scalar(mine.with_for_update())


def started_anew(tx: Tx, customer_id: int, channel: str, address: str, code: str) -> None:
    """The address waits for its code; what was connected before gets nothing from now on."""
    row = own_address(tx, customer_id, channel)
    if row is None:
        row = NoticeAddress(customer_id=customer_id, channel=channel, created_at=clock.now())
        tx.session.add(row)
    row.address, row.confirmed_at, row.wrong_codes = address, None, 0
    row.code_digest, row.code_ends_at = digests_of(channel, code)[0], clock.now() + LIVES


def digests_of(channel: str, code: str) -> list[str]:
    return vault().digests(f"notice-code:{channel}:{code}")


def proves(row: NoticeAddress, code: str) -> bool:
    in_time = row.code_ends_at is not None and clock.now() < row.code_ends_at and row.wrong_codes < MOST_WRONG
    return in_time and any(hmac.compare_digest(one, row.code_digest) for one in digests_of(row.channel, code))
