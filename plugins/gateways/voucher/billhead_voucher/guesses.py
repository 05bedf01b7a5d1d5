"""Who guesses has to wait: the fifth wrong PIN of a day costs 15 minutes, each further one twice as long.

An address that many customers guess from waits as well, after more: neighbours share it, and a thief has many names.
"""

import logging

from sqlalchemy import Connection, delete, func, insert, select

from billhead.plugin import Host
from billhead_voucher.redeeming import refused
from billhead_voucher.tables import GUESS

__all__ = ["begin_guess", "forget_guess", "forget_guesser"]

FREE, FREE_OF_ADDRESS, FIRST_WAIT, MOST_AN_HOUR = 5, 20, 15 * 60, 1_000
_HOUR, _DAY = 3600, 24 * 3600
_log = logging.getLogger(__name__)


def begin_guess(host: Host, who: str, address: str = "") -> list[int]:
    """Its ids, by customer and by address. It is written before the PIN is looked at, so that many at once are no more
    than so many in a row.

    Raises GatewayRejected (`voucher_try_later`) for who has to wait, or when all together guess too much.
    """
    now = int(host.now().timestamp())
    allowed = {who: FREE, **({f"address:{address}": FREE_OF_ADDRESS} if address else {})}
    with host.tables(write=True) as connection:
        connection.execute(delete(GUESS).where(GUESS.c.at <= now - _DAY))
        rows = [insert(GUESS).values(who=one, at=now).returning(GUESS.c.id) for one in allowed]
        guess = [int(connection.execute(row).scalar_one()) for row in rows]
    with host.tables() as connection:
        waits = [_waits(connection, one, guess, free, now) for one, free in allowed.items()]
        by_customers = GUESS.c.at > now - _HOUR, ~GUESS.c.who.startswith("address:")
        hour = connection.scalar(select(func.count()).where(*by_customers))
    if any(waits) or int(hour or 0) > MOST_AN_HOUR:
        forget_guess(host, guess)
        _log.warning("voucher: %s has to wait, %s PINs by all in an hour", who, hour)
        raise refused("voucher_try_later")
    return guess


def _waits(connection: Connection, who: str, but: list[int], free: int, now: int) -> bool:
    earlier = select(func.count(), func.max(GUESS.c.at)).where(GUESS.c.who == who, GUESS.c.id.not_in(but))
    count, last = connection.execute(earlier).one()
    return count >= free and now < last + min(FIRST_WAIT << (count - free), _DAY)


def forget_guess(host: Host, guess: list[int]) -> None:
    """It was no guess."""
    with host.tables(write=True) as connection:
        connection.execute(delete(GUESS).where(GUESS.c.id.in_(guess)))


def forget_guesser(host: Host, who: str) -> None:
    """By address nobody is named, and a day later nothing is left."""
    with host.tables(write=True) as connection:
        connection.execute(delete(GUESS).where(GUESS.c.who == who))
