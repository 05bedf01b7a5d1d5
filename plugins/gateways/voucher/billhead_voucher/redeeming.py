"""A PIN is taken in one transaction, by one attempt, once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from billhead.plugin import AttemptView, GatewayRejected, Host, Money
from billhead_voucher.pins import hashed, key_of
from billhead_voucher.tables import BATCH, PIN, USE

__all__ = ["WORDS", "Taken", "end", "take", "taken_by"]

WRONG = "voucher_wrong"
WORDS = {
    WRONG: "This PIN is wrong or has been used already. Compare it with the card.",
    "voucher_blocked": "This card was blocked. Ask where you bought it.",
    "voucher_expired": "This card is no longer valid. Ask where you bought it.",
    "voucher_currency": "This card is in another currency than this payment.",
    "voucher_ended": "This payment has ended without your card. Please try again.",
    "voucher_try_later": "Too many wrong PINs. Please try again later.",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """The card that an attempt has taken."""

    serial: str
    value: Money


def taken_by(host: Host, attempt: str) -> Taken | None:
    with host.tables() as connection:
        return _taken(connection, attempt)


def take(host: Host, account: str, attempt: AttemptView, pin: str) -> Taken:
    """The card of this PIN, now the attempt's; the same again for the same attempt.

    Raises GatewayRejected with a code of WORDS, and then nothing is taken.
    """
    digest = hashed(key_of(host), pin)
    try:
        with host.tables(write=True) as connection:
            earlier = _taken(connection, attempt.key)
            if earlier is not None:
                return earlier
            return _take(connection, account, attempt, digest, host.now())
    except IntegrityError:  # the same attempt, asked twice at once, or ended by its look-up
        earlier = taken_by(host, attempt.key)
        if earlier is None:
            raise refused("voucher_ended") from None
        return earlier


def end(host: Host, attempt: str) -> Taken | None:
    """The attempt takes no PIN any more; None, unless it has taken one already."""
    try:
        with host.tables(write=True) as connection:
            known = connection.scalar(select(USE.c.attempt).where(USE.c.attempt == attempt))
            if known is None:
                connection.execute(insert(USE).values(attempt=attempt))
    except IntegrityError:
        pass  # it has just been taken, or ended by another look-up
    return taken_by(host, attempt)


def refused(code: str) -> GatewayRejected:
    return GatewayRejected(WORDS[code], code=code)


def _take(connection: Connection, account: str, attempt: AttemptView, digest: str, now: datetime) -> Taken:
    card = connection.execute(
        select(
            PIN, BATCH.c.value_minor, BATCH.c.currency, BATCH.c.valid_until, BATCH.c.blocked_at.label("batch_blocked")
        )
        .join(BATCH, BATCH.c.id == PIN.c.batch_id)
        .where(PIN.c.hash == digest, BATCH.c.account == account)
        .with_for_update()  # who blocks it waits, or is seen
    ).first()
    if card is None or card.used_at is not None:
        raise refused(WRONG)
    if card.blocked_at is not None or card.batch_blocked is not None:
        raise refused("voucher_blocked")
    if card.valid_until < now.date():
        raise refused("voucher_expired")
    if card.currency != attempt.amount.currency:
        raise refused("voucher_currency")
    won = connection.execute(
        update(PIN).where(PIN.c.id == card.id, PIN.c.used_at.is_(None)).values(used_at=int(now.timestamp()))
    )
    if won.rowcount != 1:
        raise refused(WRONG)
    connection.execute(insert(USE).values(attempt=attempt.key, pin_id=card.id))
    return Taken(card.serial, Money(card.value_minor, card.currency))


def _taken(connection: Connection, attempt: str) -> Taken | None:
    row = connection.execute(
        select(PIN.c.serial, BATCH.c.value_minor, BATCH.c.currency)
        .join(USE, USE.c.pin_id == PIN.c.id)
        .join(BATCH, BATCH.c.id == PIN.c.batch_id)
        .where(USE.c.attempt == attempt)
    ).first()
    return None if row is None else Taken(row.serial, Money(row.value_minor, row.currency))
