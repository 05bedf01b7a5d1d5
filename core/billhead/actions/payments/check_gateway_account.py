"""Ask a gateway whether an account's settings hold."""

from billhead.actions.exchange import exchange
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.payments import GatewayAccount

__all__ = ["check_gateway_account"]


def check_gateway_account(ctx: Context, account_id: int) -> str:
    """What the gateway says, in a sentence. Raises NotFound, NotAllowed, GatewayRejected (and why), GatewayUnreachable
    or OutcomeUnknown."""

    def intend(tx: Tx) -> OpenedAccount:
        if not ctx.may("gateways.write"):
            raise NotAllowed(f"{ctx.actor} may not check gateway accounts: it needs gateways.write")
        account = tx.session.get(GatewayAccount, account_id)
        if account is None:
            raise NotFound("gateway account", account_id)
        audit(tx, "gateways.check", f"gateway_account:{account.id}", {})
        return open_account(account)

    return exchange(ctx, intend=intend, call=_call, record=_record) or ""


def _call(opened: OpenedAccount) -> str:
    return opened.gateway.check(opened.connection)


def _record(_tx: Tx, _opened: OpenedAccount, told: str) -> str:
    return told
