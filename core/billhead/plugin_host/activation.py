"""Which plugins are switched on: rows, read at dispatch. A plugin without a row is on, as its operator installed it."""

import threading

from sqlalchemy import select

from billhead import clock
from billhead.db import Tx, reading
from billhead.models.operations import AuditEntry, PluginState

__all__ = ["Activation", "set_active", "state_row"]

_FRESH_SECONDS = 2


class Activation:
    """The names that are switched off, remembered for two seconds so that a dispatch costs no query."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._off: frozenset[str] = frozenset()
        self._until = 0.0

    def off(self) -> frozenset[str]:
        with self._lock:
            if clock.monotonic() >= self._until:
                with reading() as session:
                    rows = session.scalars(select(PluginState.name).where(PluginState.active.is_(False)))
                    self._off = frozenset(rows)
                self._until = clock.monotonic() + _FRESH_SECONDS
            return self._off

    def forget(self) -> None:
        """A row has changed: read it again at the next dispatch. Other processes notice within two seconds."""
        with self._lock:
            self._until = 0.0


def state_row(tx: Tx, name: str) -> PluginState:
    """The row of a plugin, made if there is none yet."""
    row = tx.session.get(PluginState, name)
    if row is None:
        row = PluginState(name=name, active=True, settings={}, secrets="", changed_at=clock.now())
        tx.session.add(row)
    return row


def set_active(tx: Tx, name: str, active: bool) -> None:
    """Write the row and the audit entry; the caller has checked that the plugin may be switched."""
    row = state_row(tx, name)
    row.active = active
    row.changed_at = clock.now()
    tx.session.add(
        AuditEntry(
            at=clock.now(),
            actor=tx.ctx.actor,
            role=tx.ctx.role.value,
            action="plugins.enable" if active else "plugins.disable",
            subject=f"plugin:{name}",
            reason=tx.ctx.reason,
            request_id=tx.ctx.request_id,
        )
    )
