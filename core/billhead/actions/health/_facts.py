"""What was last known: written where it becomes known, read where somebody asks how the house is."""

from typing import Any

from sqlalchemy.orm import Session

from billhead import clock
from billhead.db import Tx
from billhead.models.health import HouseFact

__all__ = ["last_known", "remember"]


def remember(tx: Tx, name: str, **data: Any) -> None:
    tx.session.merge(HouseFact(name=name, at=clock.now(), data=data))


def last_known(session: Session, name: str) -> HouseFact | None:
    return session.get(HouseFact, name)
