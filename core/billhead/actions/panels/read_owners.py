"""Ask a panel which resellers it knows, so that staff can say which of ours they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.exchange import exchange
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound, PanelError
from billhead.models.panels import Panel
from billhead.plugin import Owner, PanelConnection, ProvisioningModule
from billhead.plugin_host import panel_connection, plugins

__all__ = ["OwnersRead", "read_owners"]


@dataclass(frozen=True, slots=True)
class OwnersRead:
    """`problem` says why the panel could not be read; `owners` is empty then."""

    owners: Sequence[Owner]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Intent:
    module: ProvisioningModule
    connection: PanelConnection


def read_owners(ctx: Context, panel_id: int) -> OwnersRead:
    """One question; nothing is changed on the panel or here. Raises NotFound, NotAllowed, InvalidInput (this panel
    knows no resellers, or its settings no longer fit)."""
    if not ctx.may("panels.write"):
        raise NotAllowed(f"{ctx.actor} may not read a panel's resellers: it needs panels.write")

    def intend(tx: Tx) -> _Intent:
        panel = tx.session.get(Panel, panel_id)
        if panel is None:
            raise NotFound("panel", panel_id)
        module, connection = plugins().module(panel.module), panel_connection(panel)
        if not module.capabilities(connection).owners:
            raise InvalidInput("panel", f"{panel.code} knows no resellers as it is set up")
        return _Intent(module, connection)

    def record(tx: Tx, _intent: _Intent, read: OwnersRead) -> OwnersRead:
        audit(tx, "panels.read_owners", f"panel:{panel_id}", {"owners": len(read.owners)})
        return read

    read = exchange(ctx, intend=intend, call=_call, record=record)
    assert read is not None, "intend always has a panel to ask"
    return read


def _call(intent: _Intent) -> OwnersRead:
    try:
        return OwnersRead(tuple(intent.module.owners(intent.connection)))
    except PanelError as error:
        return OwnersRead((), str(error))
