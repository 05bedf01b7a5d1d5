"""Ask a panel which resellers it knows, so that staff can say which of ours they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.exchange import exchange
from billhead.actions.panels._asking import AskedPanel, asked_panel
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed, PanelError
from billhead.plugin import Owner

__all__ = ["OwnersRead", "read_owners"]


@dataclass(frozen=True, slots=True)
class OwnersRead:
    """`problem` says why the panel could not be read; `owners` is empty then."""

    owners: Sequence[Owner]
    problem: str = ""


def read_owners(ctx: Context, panel_id: int) -> OwnersRead:
    """One question; nothing is changed on the panel or here. Raises NotFound, NotAllowed, InvalidInput (this panel
    knows no resellers, or its settings no longer fit)."""
    if not ctx.may("panels.write"):
        raise NotAllowed(f"{ctx.actor} may not read a panel's resellers: it needs panels.write")

    def intend(tx: Tx) -> AskedPanel:
        asked = asked_panel(tx, panel_id)
        if not asked.module.capabilities(asked.connection).owners:
            raise InvalidInput("panel", f"{asked.code} knows no resellers as it is set up")
        return asked

    def record(tx: Tx, _asked: AskedPanel, read: OwnersRead) -> OwnersRead:
        audit(tx, "panels.read_owners", f"panel:{panel_id}", {"owners": len(read.owners)})
        return read

    read = exchange(ctx, intend=intend, call=_call, record=record)
    assert read is not None, "intend always has a panel to ask"
    return read


def _call(asked: AskedPanel) -> OwnersRead:
    try:
        return OwnersRead(tuple(asked.module.owners(asked.connection)))
    except PanelError as error:
        return OwnersRead((), str(error))
