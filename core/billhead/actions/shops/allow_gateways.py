"""The operator says by which gateways a shop may be paid. An account at one that goes is offered no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update

from billhead.actions.shops._gateways import allowed_gateways
from billhead.actions.shops._own import lock_shop
from billhead.actions.verb import verb
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.models.payments import GatewayAccount

__all__ = ["GatewaysAllowed", "allow_gateways"]


@dataclass(frozen=True, slots=True)
class GatewaysAllowed:
    """`switched_off`: accounts of the shop that were offered until now."""

    seller_id: int
    switched_off: int


@verb("shops.allow_gateways", permission="resellers.write")
def allow_gateways(tx: Tx, reseller_id: int, gateways: Sequence[str]) -> GatewaysAllowed:
    """What was begun there is still settled. Raises NotFound, NotAllowed or InvalidInput."""
    own = lock_shop(tx, reseller_id)
    own.shop.gateways = allowed_gateways(gateways)
    off = rows_changed(
        tx.session,
        update(GatewayAccount)
        .where(
            GatewayAccount.seller_id == own.seller.id,
            GatewayAccount.gateway.not_in(own.shop.gateways),
            GatewayAccount.enabled,
        )
        .values(enabled=False),
    )
    return GatewaysAllowed(own.seller.id, off)
