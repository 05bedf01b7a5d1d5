"""Take boxes into stock from rows of a delivery. Good rows are taken, each other is refused with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.verb import verb
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.mac import parse_mac
from billhead.domain.money import Money
from billhead.models.devices import Device, DeviceModel
from billhead.models.people import Reseller
from billhead.models.sellers import Seller

__all__ = ["COLUMNS", "DevicesImported", "import_devices"]

COLUMNS = ("model", "serial", "mac", "cost", "currency", "supplier", "received_on", "reseller")
"""Of the file; `model` and `serial` are needed in each row."""

_MOST = 20_000


@dataclass(frozen=True, slots=True)
class DevicesImported:
    """`refused`: [{"row": 3, "column": "mac", "why": …}]; rows count from 1, without the heading."""

    taken: int
    refused: list[dict[str, Any]]


@verb("devices.import", permission="devices.write")
def import_devices(
    tx: Tx, seller_id: int, rows: Sequence[Mapping[str, str]], *, dry_run: bool = False
) -> DevicesImported:
    """A serial or MAC that is there already, or stands twice in the file, is refused; so the same file may come again.

    Raises NotFound (seller) and InvalidInput (more rows than one file may have).
    """
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    if len(rows) > _MOST:
        raise InvalidInput("file", f"it has {len(rows)} rows; up to {_MOST} are taken at once")
    reader = _Reader(tx, seller, rows)
    devices: list[Device] = []
    refused: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=1):
        try:
            devices.append(reader.device(row))
        except InvalidInput as error:
            refused.append({"row": number, "column": error.field or "", "why": error.why})
    if not dry_run:
        tx.session.add_all(devices)
        tx.session.flush()
    return DevicesImported(len(devices), refused)


class _Reader:
    """What a row is held against, read before the first: models, resellers, and what is in stock under its names."""

    def __init__(self, tx: Tx, seller: Seller, rows: Sequence[Mapping[str, str]]) -> None:
        self._seller, self._today = seller, clock.today_in(seller.zone)
        models = select(DeviceModel.code, DeviceModel.id).where(DeviceModel.seller_id == seller.id)
        self._models: dict[str, int] = dict(tx.session.execute(models).all())
        codes = select(Reseller.code, Reseller.id).where(Reseller.seller_id == seller.id)
        self._resellers: dict[str, int] = dict(tx.session.execute(codes).all())
        serials = [(row.get("serial") or "").strip().upper() for row in rows]
        macs = [mac for row in rows if (mac := _mac_or_none(row.get("mac") or ""))]
        own = Device.seller_id == seller.id
        named = select(Device.serial).where(own, among(Device.serial, serials, tx.session))
        self._serials = set(tx.session.scalars(named))
        self._macs = set(tx.session.scalars(select(Device.mac).where(among(Device.mac, macs, tx.session))))

    def device(self, row: Mapping[str, str]) -> Device:
        told = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if told["model"] not in self._models:
            raise InvalidInput("model", f"there is no model {told['model']!r}")
        if told["reseller"] and told["reseller"] not in self._resellers:
            raise InvalidInput("reseller", f"there is no reseller {told['reseller']!r}")
        serial, mac = told["serial"].upper(), parse_mac(told["mac"]) if told["mac"] else None
        if not serial or len(serial) > 80:
            raise InvalidInput("serial", "is missing or longer than 80 characters")
        if serial in self._serials:
            raise InvalidInput("serial", f"{serial} is in stock already, or stands twice in the file")
        if mac in self._macs:
            raise InvalidInput("mac", f"{mac} is in stock already, or stands twice in the file")
        cost = Money.parse(told["cost"] or "0", told["currency"].upper() or self._seller.currency)
        if cost.minor < 0:
            raise InvalidInput("cost", "can't be below zero")
        received = _day(told["received_on"]) or self._today
        self._serials.add(serial)
        if mac:
            self._macs.add(mac)
        return Device(
            seller_id=self._seller.id,
            model_id=self._models[told["model"]],
            serial=serial,
            mac=mac,
            cost_minor=cost.minor,
            currency=cost.currency,
            supplier=told["supplier"][:120],
            received_on=received,
            reseller_id=self._resellers.get(told["reseller"]),
        )


def _mac_or_none(text: str) -> str | None:
    try:
        return parse_mac(text)
    except InvalidInput:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("received_on", f"{text!r} is not a date", hint="write it like 2026-11-30") from None
