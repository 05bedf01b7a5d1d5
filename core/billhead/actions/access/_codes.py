"""Short addresses: eight letters and digits that nobody mistakes for another, typed with a remote control."""

import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.shops._addresses import address_of
from billhead.actions.shops._face import shop_above
from billhead.models.access import AccessCode
from billhead.models.people import Customer
from billhead.models.shops import Shop
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import vault

__all__ = ["code_of", "is_valid", "new_code", "plain", "short_address", "written"]

_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_LENGTH = 8


def new_code() -> str:
    """One of 656,100,000,000."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def plain(typed: str) -> str:
    """As it is looked up, whatever the case and the blanks; "" for what can't be a code."""
    code = "".join(sign for sign in typed.upper() if sign.isalnum())
    return code if len(code) == _LENGTH and set(code) <= set(_ALPHABET) else ""


def written(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


def short_address(session: Session, service_id: int) -> str:
    """Of the code that holds now, at the shop of whose line it is, or the nearest above who looks after them; "" where
    there is none."""
    code = code_of(session, service_id)
    if not code:
        return ""
    whose = (
        select(Customer.seller_id, Customer.reseller_id, Shop.seller_id.label("of_shop"))
        .join(Subscription, Subscription.customer_id == Customer.id)
        .join(Service, Service.subscription_id == Subscription.id)
        .outerjoin(Shop, Shop.seller_id == Customer.seller_id)
    )
    owner = session.execute(whose.where(Service.id == service_id)).one()
    shop = shop_above(session, owner.reseller_id) if owner.of_shop is None else None
    return f"{address_of(session, shop.id if shop else owner.seller_id)}/a/{written(code)}"


def is_valid(now: datetime) -> ColumnElement[bool]:
    return AccessCode.revoked_at.is_(None) & or_(AccessCode.expires_at.is_(None), AccessCode.expires_at > now)


def code_of(session: Session, service_id: int) -> str:
    """The code that holds now, or ""."""
    query = select(AccessCode.sealed).where(AccessCode.service_id == service_id, is_valid(clock.now()))
    sealed = session.scalar(query.order_by(AccessCode.id.desc()).limit(1))
    return vault().decrypt(sealed) if sealed else ""
