"""Which shop an address is: a confirmed host of its own, or the path `/shop/CODE`; everything else is the operator's.

The path is moved into SCRIPT_NAME before Flask looks, so that a shop has every page and every link stays in it. The
cookies of a path are the path's own: one browser may be signed in at two shops, and knows nothing of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from billhead.actions.shops._addresses import PATH, at_host
from billhead.db import reading
from billhead.domain.hosts import host_in
from billhead.models.sellers import Seller
from billhead.models.shops import Shop, ShopHost
from billhead.plugin_host.current import config

__all__ = [
    "Asked",
    "ShopPaths",
    "ShopSessions",
    "asked",
    "belongs_here",
    "cookie_named",
    "cookie_path",
    "full_path",
    "outside",
]

_CODE = "billhead.shop"


@dataclass(frozen=True, slots=True)
class Asked:
    """The seller that the address names; `is_shop`: a reseller's. `host`: its own name, where that was used."""

    seller: Seller
    is_shop: bool
    host: str = ""


class ShopPaths:
    """`/shop/corner/plans/tv` is `/plans/tv` below `/shop/corner`."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        environ.pop(_CODE, None)
        if path.startswith(PATH):
            code, _slash, rest = path[len(PATH) :].partition("/")
            environ[_CODE] = code
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{PATH}{code}"
            environ["PATH_INFO"] = f"/{rest}"
        return self.app(environ, start_response)


class ShopSessions(SecureCookieSessionInterface):
    """What a browser keeps at a shop's path is sent there only."""

    def get_cookie_name(self, app: Flask) -> str:
        return cookie_named(super().get_cookie_name(app))

    def get_cookie_path(self, app: Flask) -> str:
        return cookie_path()


def cookie_named(name: str) -> str:
    """A browser sends the cookies of "/" to a path too: the name tells whose one is."""
    code = _code()
    return f"{name}.{code}" if code else name


def cookie_path() -> str:
    return request.script_root or "/"


def full_path() -> str:
    """Of this request, with the shop's path in front: what one comes back to."""
    return request.script_root + request.full_path.rstrip("?")


def outside(path: str) -> str:
    """The public address of a path that `url_for` gave, for whoever sends people back to us."""
    found = asked()
    return (at_host(found.host) if found is not None and found.host else config().base_url) + path


def asked() -> Asked | None:
    """None: no such shop, or there is no seller at all yet. A shop's own host never shows another one."""
    if "asked" not in g:
        with reading() as session:
            host, code = host_in(request.host), _code()
            g.asked = _at_path(session, code, host) if code else _at_host(session, host)
    found: Asked | None = g.asked
    return found


def belongs_here(session: Session, seller_id: int) -> bool:
    """Whether something of this seller may be shown at this address: a shop's only there, and there nothing else."""
    found = asked()
    if found is None or found.seller.id == seller_id:
        return found is not None
    return not found.is_shop and session.get(Shop, seller_id) is None


def _code() -> str:
    code: str = request.environ.get(_CODE, "")
    return code


def _at_path(session: Session, code: str, host: str) -> Asked | None:
    other = aliased(ShopHost)
    others = exists().where(other.host == host, other.confirmed_at.is_not(None), other.seller_id != Shop.seller_id)
    own = and_(ShopHost.seller_id == Seller.id, ShopHost.host == host, ShopHost.confirmed_at.is_not(None))
    query = select(Seller, ShopHost.host).join(Shop, Shop.seller_id == Seller.id).outerjoin(ShopHost, own)
    found = session.execute(query.where(Seller.code == code, ~others)).first()
    return Asked(found[0], True, found[1] or "") if found is not None else None


def _at_host(session: Session, host: str) -> Asked | None:
    """A shop by a confirmed host, else the operator's seller whose code the name begins with, else its first."""
    named = and_(ShopHost.seller_id == Seller.id, ShopHost.host == host, ShopHost.confirmed_at.is_not(None))
    found = session.execute(
        select(Seller, ShopHost.host)
        .outerjoin(Shop, Shop.seller_id == Seller.id)
        .outerjoin(ShopHost, named)
        .where(or_(ShopHost.id.is_not(None), Shop.seller_id.is_(None)))
        .order_by(ShopHost.id.is_(None), Seller.code != request.host.split(".")[0].split(":")[0].lower(), Seller.id)
        .limit(1)
    ).first()
    return Asked(found[0], found[1] is not None, found[1] or "") if found is not None else None
