"""Who guesses has to wait: the fifth wrong PIN of a day costs 15 minutes, each further one twice as long."""

import logging

from sqlalchemy import delete, func, insert, select

from billhead.plugin import Host
from billhead_voucher.redeeming import refused
from billhead_voucher.tables import GUESS

__all__ = ["begin_guess", "forget_guess"]

FREE, FIRST_WAIT, MOST_AN_HOUR = 5, 15 * 60, 1_000
_HOUR, _DAY = 3600, 24 * 3600
_log = logging.getLogger(__name__)


def begin_guess(host: Host, who: str) -> int:
    """Its id. It is written before the PIN is looked at, so that many at once are no more than so many in a row.

    Raises GatewayRejected (`voucher_try_later`) for who has to wait, or when all together guess too much.
    """
    now = int(host.now().timestamp())
    with host.tables(write=True) as connection:
        connection.execute(delete(GUESS).where(GUESS.c.at <= now - _DAY))
        guess = connection.execute(insert(GUESS).values(who=who, at=now).returning(GUESS.c.id)).scalar_one()
    with host.tables() as connection:
        earlier = select(func.count(), func.max(GUESS.c.at)).where(GUESS.c.who == who, GUESS.c.id != guess)
        count, last = connection.execute(earlier).one()
        hour = connection.scalar(select(func.count()).where(GUESS.c.at > now - _HOUR))
    wait = min(FIRST_WAIT << (count - FREE), _DAY) if count >= FREE else 0
    if (wait and now < last + wait) or int(hour or 0) > MOST_AN_HOUR:
        forget_guess(host, guess)
        _log.warning("voucher: %s has to wait: %s wrong PINs in a day, %s by all in an hour", who, count, hour)
        raise refused("voucher_try_later")
    return int(guess)


def forget_guess(host: Host, guess: int) -> None:
    """It was no guess."""
    with host.tables(write=True) as connection:
        connection.execute(delete(GUESS).where(GUESS.c.id == guess))
