"""Where a seller is found: the operator's at the address of the installation, a shop at its own name or its path."""

from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.sellers import Seller
from billhead.models.shops import Shop, ShopHost
from billhead.plugin_host.current import config

__all__ = ["PATH", "address_of", "addresses_of", "at_host", "at_path"]

PATH = "/shop/"
"""What a shop's path begins with; its seller's code follows."""


def address_of(session: Session, seller_id: int) -> str:
    """Without a slash at the end. For mails and documents: never what a request calls itself."""
    return addresses_of(session, seller_id)[0]


def addresses_of(session: Session, seller_id: int) -> list[str]:
    """All under which its pages answer, the one that it calls itself by first."""
    found = session.execute(
        select(Seller.code, ShopHost.host)
        .join(Shop, Shop.seller_id == Seller.id)
        .outerjoin(ShopHost, (ShopHost.seller_id == Shop.seller_id) & ShopHost.confirmed_at.is_not(None))
        .where(Seller.id == seller_id)
        .order_by(ShopHost.confirmed_at, ShopHost.id)
    ).all()
    if not found:
        return [config().base_url]
    return [*(at_host(row.host) for row in found if row.host), at_path(found[0].code)]


def at_host(host: str) -> str:
    ours = urlsplit(config().base_url)
    port = f":{ours.port}" if ours.port else ""
    return f"{ours.scheme}://{host}{port}"


def at_path(code: str) -> str:
    return f"{config().base_url}{PATH}{code}"
