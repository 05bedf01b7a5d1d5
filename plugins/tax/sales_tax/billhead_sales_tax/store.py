"""The operator's own rows, in a table of the plugin; read once per change and kept."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    update,
)

from billhead.plugin import Host
from billhead_sales_tax.rates import Rate, RateKey, Rates, checked

__all__ = ["METADATA", "current_rates", "own_rates", "write_rates"]

METADATA = MetaData()

RATE = Table(
    "x_sales_tax_rate",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("place", String, nullable=False),
    Column("postcode", String, nullable=False),
    Column("tax_class", String, nullable=False),
    Column("tax", String, nullable=False),
    Column("rate_ppm", Integer, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("position", Integer, nullable=False),
    Column("compound", Boolean, nullable=False),
    Column("registered_in", String, nullable=False),
    Column("replaces", String, nullable=False),
    Column("reverse_charge", Boolean, nullable=False),
    Column("authority", String, nullable=False),
    UniqueConstraint("place", "postcode", "tax_class", "tax", "since", name="uq_x_sales_tax_rate"),
)
# another text after every change, so that whoever keeps rows knows that they are old
VERSION = Table("x_sales_tax_version", METADATA, Column("id", Integer, primary_key=True), Column("text", String))

_kept: dict[str, Rates] = {}


def current_rates(host: Host) -> Rates:
    """The shipped rows with the operator's over them, as they stand now."""
    with host.tables() as connection:
        version = connection.scalar(select(VERSION.c.text)) or ""
        rates = _kept.get(version)
        if rates is None:
            rates = Rates(_read(connection))
            _kept.clear()  # other threads may do so at any moment: what is returned is not looked up again
            _kept[version] = rates
        return rates


def own_rates(host: Host) -> list[Rate]:
    """What the operator has added or replaced."""
    with host.tables() as connection:
        return _read(connection)


def write_rates(host: Host, rates: Sequence[Rate], *, forget: Sequence[RateKey] = ()) -> None:
    """Replace the operator's rows of the keys of `rates`, and drop those of `forget` (the shipped ones hold again).

    Raises InvalidInput, and then nothing has changed.
    """
    rows = checked(rates)
    with host.tables(write=True) as connection:
        # first, so that of two changes at once the second waits here for the first
        version = {"id": 1, "text": secrets.token_hex(8)}
        if not connection.execute(update(VERSION).values(version)).rowcount:
            connection.execute(VERSION.insert().values(version))
        for key in {rate.key for rate in rows} | set(forget):
            mine = [RATE.c[name] == value for name, value in key._asdict().items()]
            connection.execute(delete(RATE).where(*mine))
        if rows:
            connection.execute(RATE.insert(), [asdict(rate) for rate in rows])


def _read(connection: Connection) -> list[Rate]:
    columns = [column for column in RATE.c if column.name != "id"]
    found = connection.execute(select(*columns).order_by(RATE.c.id)).mappings()
    return [_rate(dict(row)) for row in found]


def _rate(row: dict[str, Any]) -> Rate:
    return Rate(**row)
