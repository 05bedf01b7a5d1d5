"""Our keys or our account are refused: whatever else is sent is refused too, until staff have looked."""

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.payment import DeclineClass
from billhead.models.payments import GatewayAccount

__all__ = ["pause_account"]


def pause_account(tx: Tx, account_id: int, code: str) -> None:
    """`code` is what the gateway said. Staff are told once; the account goes on when they have saved its settings."""
    account = tx.session.get_one(GatewayAccount, account_id, with_for_update=True)
    if account.paused_because:
        return
    account.paused_because = code or DeclineClass.CONFIG.value
    account.paused_at = clock.business_now()
    emit(tx, "gateway.paused", f"gateway_account:{account.id}", {"account_id": account.id})
    audit(tx, "gateways.paused", f"gateway_account:{account.id}", {"because": account.paused_because})
