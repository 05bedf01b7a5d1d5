"""The blueprint, and what every way to sign in ends with: a new session in a browser that has forgotten the old one."""

from flask import Blueprint, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.accounts._entering import AtHomeElsewhere, HalfSignedIn, SignedIn
from billhead.domain.errors import Conflict
from billhead.web.accounts.landing import landing, local_path
from billhead.web.cookies import drop_cookie, set_cookie
from billhead.web.pages import page
from billhead.web.request_context import current_seller, keep_login
from billhead.web.speaking import say

__all__ = ["STEP_COOKIE", "accounts", "enter", "go_on", "shop_id"]

accounts = Blueprint("accounts", __name__)

STEP_COOKIE = "billhead_step"
"""Holds the token of a half-way sign-in. It is no session: nothing but the page of the second step looks at it."""

_STEP_LASTS = 600


def shop_id() -> int:
    seller = current_seller()
    if seller is None:
        raise Conflict(say("This shop is being set up: nobody can sign in yet."), hint=say("come back a little later"))
    return seller.id


def go_on(done: SignedIn | HalfSignedIn | AtHomeElsewhere) -> ResponseReturnValue:
    """After whatever somebody has proved who they are by."""
    if isinstance(done, AtHomeElsewhere):
        return page("accounts/elsewhere.html", at=done), 403
    return _go_half_way(done) if isinstance(done, HalfSignedIn) else enter(done)


def enter(signed: SignedIn) -> ResponseReturnValue:
    kept = {name: session[name] for name in ("cart", "cart_before", "promoted", "currency") if name in session}
    session.clear()  # a new CSRF token for the signed-in browser; what was chosen stays
    session.update(kept)
    response = make_response(redirect(landing(signed.role), 303))
    drop_cookie(response, STEP_COOKIE, _step_path())
    return keep_login(response, signed)


def _go_half_way(half: HalfSignedIn) -> ResponseReturnValue:
    """To the second step; where one was going goes along."""
    asked_for = local_path(request.args.get("next", "")) or None
    response = make_response(redirect(url_for("accounts.second_step", next=asked_for), 303))
    set_cookie(response, STEP_COOKIE, half.token, _STEP_LASTS, _step_path())
    return response


def _step_path() -> str:
    return url_for("accounts.sign_in_page")
