"""Who is asking: the session cookie becomes a login, the login a Context with scope, permissions and request id."""

import re
import secrets
from dataclasses import dataclass

from flask import Flask, Response, abort, g, request
from sqlalchemy import select

from billhead import clock
from billhead.actions.accounts._tokens import hash_of
from billhead.actions.accounts.sign_in import SignedIn
from billhead.db import reading
from billhead.domain.context import Context, Role, Scope
from billhead.models.people import User, UserSession
from billhead.models.sellers import Seller
from billhead.plugin_host.current import config

__all__ = [
    "COOKIE",
    "Login",
    "client_address",
    "client_country",
    "current_ctx",
    "current_customer_id",
    "current_seller",
    "forget_login",
    "install",
    "keep_login",
    "signed_in",
    "submit_ctx",
]

COOKIE = "billhead_login"
_KEY = re.compile(r"[0-9a-f]{32}")
_COOKIE_LASTS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Login:
    """The signed-in user of this request."""

    user_id: int
    session_id: int
    seller_id: int
    email: str
    role: Role
    permissions: frozenset[str]
    customer_id: int | None
    reseller_id: int | None

    @property
    def scope(self) -> Scope:
        if self.role is Role.STAFF:
            return Scope(everything=True)
        if self.role in (Role.RESELLER, Role.SUPER_RESELLER):
            return Scope(reseller_id=self.reseller_id)
        return Scope(customer_id=self.customer_id)


def install(app: Flask) -> None:
    @app.before_request
    def find_login() -> None:
        g.request_id = secrets.token_hex(8)
        g.login = _login(request.cookies.get(COOKIE, ""))

    @app.context_processor
    def who() -> dict[str, object]:
        login = signed_in()
        return {"login": login, "can": lambda permission: current_ctx().may(permission)}


def _login(token: str) -> Login | None:
    if not token:
        return None
    with reading() as session:
        found = session.execute(
            select(UserSession.id, User)
            .join(User, User.id == UserSession.user_id)
            .where(UserSession.token_hash == hash_of(token), UserSession.expires_at > clock.now())
        ).first()
    if found is None or found[1].disabled:
        return None
    session_id, user = found
    return Login(
        user_id=user.id,
        session_id=session_id,
        seller_id=user.seller_id,
        email=user.email,
        role=Role(user.role),
        permissions=frozenset(user.permissions),
        customer_id=user.customer_id,
        reseller_id=user.reseller_id,
    )


def signed_in() -> Login | None:
    found: Login | None = g.get("login")
    return found


def current_ctx() -> Context:
    """The Context of this request, for actions."""
    login = signed_in()
    request_id: str = g.get("request_id", "")
    if login is None:
        return Context(actor="visitor", role=Role.VISITOR, scope=Scope(), request_id=request_id)
    return Context(
        actor=f"{login.role.value}:{login.user_id}",
        role=login.role,
        scope=login.scope,
        permissions=login.permissions,
        request_id=request_id,
        user_id=login.user_id,
    )


def submit_ctx() -> Context:
    """`current_ctx()` with the form's idempotency key and, where it asks for one, the reason that was typed."""
    key = request.form.get("_key", "")
    ctx = current_ctx()
    return ctx.keyed(key) if _KEY.fullmatch(key) else ctx


def current_customer_id() -> int:
    """The customer behind the login; 404 for logins without one."""
    login = signed_in()
    if login is None or login.customer_id is None:
        abort(404)
    return login.customer_id


def current_seller() -> Seller | None:
    """The shop of this request: the login's; else the one whose code the host name begins with; else the first."""
    if "seller" not in g:
        login = signed_in()
        with reading() as session:
            if login is not None:
                g.seller = session.get(Seller, login.seller_id)
            else:
                code = request.host.split(".")[0].split(":")[0].lower()
                named = session.scalar(select(Seller).where(Seller.code == code))
                g.seller = named or session.scalar(select(Seller).order_by(Seller.id).limit(1))
    found: Seller | None = g.seller
    return found


def client_country() -> str:
    """The country of the visitor's address by the proxy in front, "" where none says so (or T1, XX: not known)."""
    header = config().country_header
    told = request.headers.get(header, "").strip().upper() if header else ""
    return told if re.fullmatch(r"[A-Z]{2}", told) and told != "XX" else ""


def client_address() -> str:
    return request.remote_addr or ""


def keep_login(response: Response, signed: SignedIn) -> Response:
    """Set the cookie of a new session. Staff's ends with the browser."""
    lasts = None if signed.role == Role.STAFF else _COOKIE_LASTS
    secure = config().base_url.startswith("https:")
    response.set_cookie(COOKIE, signed.token, max_age=lasts, httponly=True, samesite="Lax", secure=secure)
    return response


def forget_login(response: Response) -> Response:
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=config().base_url.startswith("https:"))
    return response
