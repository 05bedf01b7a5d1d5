"""A shop's own account at a gateway: its customers' money goes to its reseller, and never through the operator."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from billhead.actions.payments.save_gateway_account import AccountEntry, save_gateway_account
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.address import is_public_host
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.payments import GatewayAccount

__all__ = ["save_shop_gateway"]


@verb("shops.save_gateway")
def save_shop_gateway(tx: Tx, reseller_id: int, gateway: str, entry: AccountEntry, settings: Mapping[str, Any]) -> int:
    """Add the shop's account at a gateway, or change it; there is one for each. Its code is made of the shop's.

    Raises NotFound, NotAllowed (the operator allows this gateway to no shop, or not to this one), or InvalidInput: also
    for an address of our own network, which a reseller must not have us call.
    """
    for name, value in settings.items():
        if isinstance(value, str) and "://" in value and not is_public_host(urlsplit(value).hostname or ""):
            raise InvalidInput(name, "leads into our own network", hint="an address that the whole internet reaches")
    own = lock_shop(tx, reseller_id)
    if gateway not in own.shop.gateways:
        raise NotAllowed(f"the operator does not allow {gateway} to this shop")
    code = f"{own.seller.code[:24]}-{gateway.replace('_', '-')}"[:40].rstrip("-")
    taken = tx.session.scalar(select(GatewayAccount.seller_id).where(GatewayAccount.code == code))
    if taken is not None and taken != own.seller.id:
        raise NotFound("gateway account", code)
    operator = as_operator(tx, "gateways.write")
    return save_gateway_account(operator, own.seller.id, gateway, replace(entry, code=code), settings)
