"""Add a gateway account or change one: how it is shown to payers, and the settings that its gateway asks for."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.domain.money import exponent
from billhead.models.payments import GatewayAccount
from billhead.plugin_host import plugins, store_settings, vault

__all__ = ["AccountEntry", "save_gateway_account"]

_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """What every account has. Without `currencies` it takes any; payers see the lowest `position` first."""

    code: str
    name: str
    currencies: tuple[str, ...] = ()
    enabled: bool = True
    position: int = 0


def save_gateway_account(tx: Tx, seller_id: int, gateway: str, entry: AccountEntry, settings: Mapping[str, Any]) -> int:
    """Add an account, or change the one of this code and gateway; returns its id. One that was paused goes on.

    A new account gets its unguessable callback address. Raises InvalidInput naming the field that is wrong, NotFound
    when no active plugin offers the gateway.
    """
    if not tx.ctx.may("gateways.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change gateway accounts: it needs gateways.write")
    if not _CODE.fullmatch(entry.code):
        raise InvalidInput("code", "takes small letters, digits and -, and begins with a letter")
    for currency in entry.currencies:
        _known(currency)
    settings_type = plugins().gateway(gateway).settings_type
    account = tx.session.scalar(select(GatewayAccount).where(GatewayAccount.code == entry.code).with_for_update())
    is_new = account is None
    if account is None:
        token = secrets.token_urlsafe(24)
        account = GatewayAccount(
            seller_id=seller_id, code=entry.code, gateway=gateway, callback_token=token, settings={}, secrets=""
        )
    elif account.seller_id != seller_id:
        raise InvalidInput("code", f"{entry.code} is another seller's")
    elif account.gateway != gateway:
        raise InvalidInput("code", f"{entry.code} is an account of the gateway {account.gateway}")
    if not account.proof_key:
        account.proof_key = vault().encrypt(secrets.token_urlsafe(32))
    before, account.paused_because, account.paused_at = dict(account.settings), "", None
    store_settings(settings_type, account, settings)
    for name, value in asdict(entry).items():
        setattr(account, name, list(value) if isinstance(value, tuple) else value)
    tx.session.add(account)
    tx.session.flush()
    changed = sorted(name for name, value in account.settings.items() if before.get(name) != value)
    hidden = sorted(name for name in settings if name not in account.settings)
    action = "gateways.add" if is_new else "gateways.change"
    audit(tx, action, f"gateway_account:{account.id}", {"changed": changed, "secrets": hidden})
    return account.id


def _known(currency: str) -> None:
    try:
        exponent(currency)
    except InvalidInput as error:
        raise InvalidInput("currencies", error.why, hint=error.hint) from error
