"""Who is asking: the session cookie becomes a login, the login a Context with scope, permissions and request id."""

import re
import secrets

from flask import Flask, Response, abort, current_app, g, request

from billhead.actions.accounts._entering import SignedIn
from billhead.actions.accounts._tokens import Browser
from billhead.db import reading
from billhead.domain.context import Context, Role, Scope
from billhead.domain.rights import BUYERS
from billhead.models.sellers import Seller
from billhead.plugin_host.current import config
from billhead.web.cookies import drop_cookie, set_cookie
from billhead.web.shop_address import asked, belongs_here, cookie_named, cookie_path
from billhead.web.signed_in import Login, login_of

__all__ = [
    "COOKIE",
    "KEY",
    "Login",
    "browser",
    "client_address",
    "client_country",
    "current_ctx",
    "current_customer_id",
    "current_seller",
    "forget_login",
    "in_staff_area",
    "install",
    "keep_login",
    "signed_in",
    "submit_ctx",
]

COOKIE = "billhead_login"
KEY = re.compile(r"[0-9a-f]{32}")
_COOKIE_LASTS = 30 * 24 * 3600
_AS_BUYER = frozenset({"customer", "storefront"})
_DEVICE_COOKIE = "billhead_device"
_DEVICE_LASTS = 400 * 24 * 3600  # the longest that browsers keep
_DEVICE = re.compile(r"[A-Za-z0-9_-]{43}")


def install(app: Flask) -> None:
    @app.before_request
    def find_login() -> None:
        g.request_id = f"r{secrets.token_hex(8)}"  # a letter first: no sixteen digits that look like a card's
        g.login = _at_home(login_of(request.cookies.get(cookie_named(COOKIE), "")))

    @app.context_processor
    def who() -> dict[str, object]:
        login = signed_in()
        return {"login": login, "can": lambda permission: current_ctx().may(permission)}


def _at_home(login: Login | None) -> Login | None:
    """A login that is at home at one shop is none at another, nor at the operator's, whatever cookie a browser sends;
    staff look in from the operator's."""
    if login is None or login.visit is not None:
        return login
    with reading() as session:
        return login if belongs_here(session, login.home_id) else None


def signed_in() -> Login | None:
    found: Login | None = g.get("login")
    return found


def current_ctx() -> Context:
    """The Context of this request, for actions. On the customer's pages and the shop's a reseller is the customer that
    pays for it: it sees and does there what that one may, and nothing of its users."""
    login = signed_in()
    request_id: str = g.get("request_id", "")
    if login is None:
        return Context(actor="visitor", role=Role.VISITOR, scope=Scope(), request_id=request_id)
    buys = login.role.value in BUYERS and login.customer_id is not None and request.blueprint in _AS_BUYER
    return Context(
        actor=login.actor,
        role=Role.CUSTOMER if buys else login.role,
        scope=Scope(customer_id=login.customer_id) if buys else login.scope,
        permissions=login.permissions,
        request_id=request_id,
        user_id=login.user_id,
        behind=login.visit.staff_id if login.visit is not None else None,
    )


def submit_ctx() -> Context:
    """`current_ctx()` with the form's idempotency key and, where it asks for one, the reason that was typed."""
    key = request.form.get("_key", "")
    ctx = current_ctx()
    return ctx.keyed(key) if KEY.fullmatch(key) else ctx


def current_customer_id() -> int:
    """The customer behind the login; 404 for logins without one."""
    login = signed_in()
    if login is None or login.customer_id is None:
        abort(404)
    return login.customer_id


def current_face() -> int:
    """The seller as whose customer the login is here: who is written to, and whose words it reads."""
    login = signed_in()
    assert login is not None, "the guard lets nobody else through"
    return login.home_id


def current_seller() -> Seller | None:
    """The shop of this request: where the login is at home; else the one that the address is (`shop_address`)."""
    if "seller" not in g:
        login, found = signed_in(), asked()
        g.seller = found.seller if found is not None else None
        if login is not None and (found is None or found.seller.id != login.home_id):
            with reading() as session:
                g.seller = session.get(Seller, login.home_id)
    shop: Seller | None = g.seller
    return shop


def in_staff_area() -> bool:
    """What is for staff alone, also where a plugin brings it, and the security pages as staff see them: in its look."""
    if request.blueprint == "security":
        login = signed_in()
        return login is not None and login.role is Role.STAFF
    view = current_app.view_functions.get(request.endpoint or "")
    roles, _permission = getattr(view, "billhead_allow", (frozenset(), ""))
    return bool(roles == {Role.STAFF})


def client_country() -> str:
    """The country of the visitor's address by the proxy in front, "" where none says so (or T1, XX: not known)."""
    header = config().country_header
    told = request.headers.get(header, "").strip().upper() if header else ""
    return told if re.fullmatch(r"[A-Z]{2}", told) and told != "XX" else ""


def client_address() -> str:
    return request.remote_addr or ""


def browser() -> Browser:
    """Where this request comes from; the mark is made here for a browser that has none."""
    if "device_mark" not in g:
        kept = request.cookies.get(_DEVICE_COOKIE, "")
        g.device_mark = kept if _DEVICE.fullmatch(kept) else secrets.token_urlsafe(32)
    return Browser(client_address(), request.headers.get("User-Agent", ""), g.device_mark)


def keep_login(response: Response, signed: SignedIn) -> Response:
    """Set the cookie of a new session, and the one by which this browser is known again. Staff's session ends with the
    browser."""
    lasts = None if signed.role == Role.STAFF else _COOKIE_LASTS
    set_cookie(response, cookie_named(COOKIE), signed.token, lasts, cookie_path())
    set_cookie(response, _DEVICE_COOKIE, browser().mark, _DEVICE_LASTS)
    return response


def forget_login(response: Response) -> Response:
    drop_cookie(response, cookie_named(COOKIE), cookie_path())
    return response
