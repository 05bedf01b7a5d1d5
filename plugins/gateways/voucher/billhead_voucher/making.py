"""Batches of cards: made, counted, blocked, and one card looked at."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from billhead.plugin import Conflict, Host, InvalidInput, Money, NotFound
from billhead_voucher.pins import hashed, key_of, new_pin
from billhead_voucher.tables import BATCH, PIN, USE

__all__ = ["Batch", "Card", "Made", "batches", "block", "drawn", "look_at", "make", "unused"]

MOST_CARDS = 10_000


@dataclass(frozen=True, slots=True)
class Batch:
    """What cards of a batch have in common. `account` is the code of the gateway account that redeems them."""

    code: str
    account: str
    value: Money
    count: int
    valid_until: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    serial: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    value: Money
    valid_until: date
    cards: tuple[Card, ...]


def drawn(batch: Batch, today: date) -> Made:
    """Cards that exist nowhere yet. Raises InvalidInput."""
    if not batch.code.isascii() or not batch.code.replace("-", "").isalnum():
        raise InvalidInput("code", "is made of letters, digits and dashes")
    if batch.value.minor <= 0:
        raise InvalidInput("value", "must be above zero")
    if not 1 <= batch.count <= MOST_CARDS:
        raise InvalidInput("count", f"is from 1 to {MOST_CARDS}")
    if batch.valid_until < today:
        raise InvalidInput("valid_until", "has passed already")
    cards = tuple(Card(f"{batch.code}-{n:05}", new_pin()) for n in range(1, batch.count + 1))
    return Made(batch.value, batch.valid_until, cards)


def make(host: Host, batch: Batch, made: Made) -> None:
    """From now on the cards can be redeemed. Raises Conflict if there is such a batch."""
    key = key_of(host)
    columns = {
        "code": batch.code, "account": batch.account, "value_minor": batch.value.minor,
        "currency": batch.value.currency, "count": batch.count, "valid_until": batch.valid_until, "note": batch.note,
        "made_at": int(host.now().timestamp()), "blocked_because": "",
    }  # fmt: skip
    try:
        with host.tables(write=True) as connection:
            batch_id = connection.execute(insert(BATCH).values(columns).returning(BATCH.c.id)).scalar_one()
            rows = [
                {"batch_id": batch_id, "serial": card.serial, "hash": hashed(key, card.pin), "blocked_because": ""}
                for card in made.cards
            ]
            connection.execute(insert(PIN), rows)
    except IntegrityError:
        raise Conflict(f"there is a batch {batch.code} already") from None


def batches(host: Host) -> list[dict[str, Any]]:
    """Each batch with how many of its cards are used and blocked, and what the used ones were worth."""
    used = func.count(PIN.c.used_at)
    is_blocked = PIN.c.blocked_at.is_not(None) | BATCH.c.blocked_at.is_not(None)
    blocked = func.sum(case((PIN.c.used_at.is_(None) & is_blocked, 1), else_=0))
    query = (
        select(BATCH, used.label("used"), blocked.label("blocked"))
        .join(PIN, PIN.c.batch_id == BATCH.c.id)
        .group_by(BATCH.c.id)
        .order_by(BATCH.c.id)
    )
    with host.tables() as connection:
        return [_told(row) for row in connection.execute(query)]


def block(host: Host, name: str, reason: str) -> int:
    """A batch or a serial; how many unused cards can't be redeemed from now on. Raises InvalidInput or NotFound."""
    if not reason.strip():
        raise InvalidInput("reason", "is needed")
    values = {"blocked_at": int(host.now().timestamp()), "blocked_because": reason.strip()}
    with host.tables(write=True) as connection:
        batch_id = connection.scalar(select(BATCH.c.id).where(BATCH.c.code == name))
        cards = PIN.c.serial == name if batch_id is None else PIN.c.batch_id == batch_id
        found = connection.execute(select(PIN.c.id, PIN.c.used_at).where(cards).with_for_update()).all()
        if not found:
            raise NotFound("batch or serial", name)
        if batch_id is not None:
            connection.execute(update(BATCH).where(BATCH.c.id == batch_id).values(values))
        else:
            connection.execute(update(PIN).where(cards, PIN.c.used_at.is_(None)).values(values))
    return sum(row.used_at is None for row in found)


def unused(host: Host, name: str) -> tuple[int, Money]:
    """How many unused cards a batch or a serial has, and what they are worth. Raises NotFound."""
    query = (
        select(BATCH.c.value_minor, BATCH.c.currency, func.sum(case((PIN.c.used_at.is_(None), 1), else_=0)))
        .join(PIN, PIN.c.batch_id == BATCH.c.id)
        .where((BATCH.c.code == name) | (PIN.c.serial == name))
        .group_by(BATCH.c.id)
    )
    with host.tables() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound("batch or serial", name)
    return int(row[2]), Money(row[0] * int(row[2]), row[1])


def look_at(host: Host, serial: str) -> dict[str, Any]:
    """What became of a card. Raises NotFound."""
    query = (
        select(PIN, BATCH, USE.c.attempt, BATCH.c.blocked_at.label("batch_blocked_at"))
        .add_columns(PIN.c.blocked_at.label("card_blocked_at"), PIN.c.blocked_because.label("card_because"))
        .add_columns(BATCH.c.blocked_because.label("batch_because"))
        .join(BATCH, BATCH.c.id == PIN.c.batch_id)
        .outerjoin(USE, USE.c.pin_id == PIN.c.id)
        .where(PIN.c.serial == serial)
    )
    with host.tables() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound("serial", serial)
    blocked = row.card_blocked_at or row.batch_blocked_at
    state = (
        "used"
        if row.used_at
        else "blocked"
        if blocked
        else "expired"
        if row.valid_until < host.now().date()
        else "valid"
    )
    return {
        "serial": serial,
        "batch": row.code,
        "value": str(Money(row.value_minor, row.currency)),
        "valid_until": row.valid_until.isoformat(),
        "state": state,
        "used_at": _at(row.used_at),
        "attempt": row.attempt or "",
        "blocked_at": _at(blocked),
        "blocked_because": row.card_because or row.batch_because,
    }


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "batch": row.code,
        "account": row.account,
        "value": str(Money(row.value_minor, row.currency)),
        "count": row._mapping[BATCH.c["count"]],
        "used": row.used,
        "blocked": int(row.blocked),
        "value_used": str(Money(row.value_minor * row.used, row.currency)),
        "valid_until": row.valid_until.isoformat(),
        "made_at": _at(row.made_at),
        "note": row.note,
        "blocked_because": row.blocked_because,
    }


def _at(seconds: int | None) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""
