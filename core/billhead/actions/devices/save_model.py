"""Add a type of box, or change one."""

import re
from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.catalogue import Plan
from billhead.models.devices import DeviceModel

__all__ = ["KINDS", "ModelEntry", "ModelSaved", "save_model"]

KINDS = ("mag", "enigma2")
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """`plan` is the code of the add-on by which it is sold or rented, "" for none."""

    code: str
    name: str
    kind: str
    plan: str = ""
    warranty_months: int = 0


@dataclass(frozen=True, slots=True)
class ModelSaved:
    device_model_id: int


@verb("devices.save_model", permission="devices.write")
def save_model(tx: Tx, seller_id: int, entry: ModelEntry, model_id: int | None = None) -> ModelSaved:
    """Raises NotFound, InvalidInput, or Conflict (the code is taken)."""
    row = DeviceModel(seller_id=seller_id) if model_id is None else tx.session.get(DeviceModel, model_id)
    if row is None or row.seller_id != seller_id:
        raise NotFound("device model", model_id)
    if not _CODE.fullmatch(entry.code):
        raise InvalidInput("code", f"{entry.code!r} is no code", hint="use a-z, 0-9, '-' and '_'")
    if not entry.name.strip():
        raise InvalidInput("name", "is needed")
    if entry.kind not in KINDS:
        raise InvalidInput("kind", f"{entry.kind!r} is not one of {', '.join(KINDS)}")
    if not 0 <= entry.warranty_months <= 120:
        raise InvalidInput("warranty_months", "must be from 0 to 120")
    same = select(DeviceModel.id).where(DeviceModel.seller_id == seller_id, DeviceModel.code == entry.code)
    if tx.session.scalar(same.where(DeviceModel.id != (model_id or 0))) is not None:
        raise Conflict(f"there is a model {entry.code} already", hint="choose another code")
    row.code, row.name, row.kind = entry.code, entry.name.strip(), entry.kind
    row.plan_id, row.warranty_months = _plan(tx, seller_id, entry.plan.strip()), entry.warranty_months
    tx.session.add(row)
    tx.session.flush()
    return ModelSaved(row.id)


def _plan(tx: Tx, seller_id: int, code: str) -> int | None:
    if not code:
        return None
    found = tx.session.scalar(select(Plan).where(Plan.seller_id == seller_id, Plan.code == code))
    if found is None or found.kind != "device":
        raise InvalidInput("plan", f"{code!r} is no add-on by which devices are sold or rented")
    return found.id
