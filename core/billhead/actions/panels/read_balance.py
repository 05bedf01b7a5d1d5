"""Ask a panel how much credit of ours is left; below the operator's mark staff are told, once for each fall."""

from dataclasses import dataclass

from billhead.actions.exchange import exchange
from billhead.actions.provisioning._balance import note_balance
from billhead.actions.provisioning._desired import PanelView, panel_view
from billhead.actions.provisioning._health import must_wait
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, PanelError
from billhead.models.panels import Panel

__all__ = ["BalanceRead", "read_balance"]


@dataclass(frozen=True, slots=True)
class BalanceRead:
    """`balance_minor` None: the panel did not tell, and `why`."""

    balance_minor: int | None
    why: str = ""


def read_balance(ctx: Context, panel_id: int) -> BalanceRead | None:
    """None for a panel that keeps no credit for us, or that is not called now. A read does no harm to the breaker."""

    def intend(tx: Tx) -> PanelView | None:
        panel = tx.session.get(Panel, panel_id)
        if panel is None or must_wait(tx, panel) is not None:
            return None
        try:
            view = panel_view(tx.session, panel, bouquets=False)
        except BillheadError:
            return None  # its plugin is off, or its settings don't fit: its page says so
        return view if view.capabilities.balance else None

    def record(tx: Tx, _view: PanelView, read: BalanceRead) -> BalanceRead:
        if read.balance_minor is not None:
            note_balance(tx, tx.session.get_one(Panel, panel_id, with_for_update=True), read.balance_minor)
        return read

    return exchange(ctx, intend=intend, call=_call, record=record)


def _call(view: PanelView) -> BalanceRead:
    try:
        return BalanceRead(view.module.balance(view.connection))
    except PanelError as error:
        return BalanceRead(None, error.message)
