"""The two freeze switches: nothing is charged, or nothing is written to a panel, until somebody lifts it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.operations import FreezeSwitch

__all__ = ["SWITCHES", "Switched", "check_panels_open", "is_frozen", "set_freeze"]

SWITCHES = ("charges", "panels")


@dataclass(frozen=True, slots=True)
class Switched:
    name: str
    on: bool


def is_frozen(session: Session, name: str) -> bool:
    switch = session.get(FreezeSwitch, name)
    return switch is not None and switch.on


def check_panels_open(session: Session) -> None:
    """Raises Conflict while nothing may be written to panels."""
    if is_frozen(session, "panels"):
        raise Conflict("Nothing is written to panels now. Try again later.")


@verb("house.freeze", permission="house.freeze")
def set_freeze(tx: Tx, name: str, on: bool) -> Switched:
    """Turn a switch on (everything of that kind waits) or off (what waited goes on by itself)."""
    if name not in SWITCHES:
        raise InvalidInput("name", f"{name!r} is not a switch; there are: {', '.join(SWITCHES)}")
    switch = tx.session.get(FreezeSwitch, name) or FreezeSwitch(name=name)
    switch.on, switch.reason = on, tx.ctx.reason
    switch.changed_by, switch.changed_at = tx.ctx.actor, clock.now()
    tx.session.add(switch)
    return Switched(name, on)
