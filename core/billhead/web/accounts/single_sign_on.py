"""Signing in by a provider: the way there, and back."""

import hmac

from flask import flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.sign_in.begin_sso import begin_sso
from billhead.actions.sign_in.finish_sso import finish_sso
from billhead.domain.errors import NotAllowed, PanelUnreachable
from billhead.plugin import allow
from billhead.web.accounts.entering import accounts, go_on, shop_id
from billhead.web.cookies import drop_cookie, set_cookie
from billhead.web.errors import refusal
from billhead.web.request_context import browser, current_ctx
from billhead.web.shop_address import cookie_named, cookie_path, outside
from billhead.web.speaking import say

__all__: list[str] = []

_COOKIE = "billhead_sso"
_LASTS = 600


@accounts.get("/sign-in/provider")
@allow("anyone")
def to_provider() -> ResponseReturnValue:
    """A link and no form: browsers follow a form to no other site."""
    try:
        begun = begin_sso(current_ctx(), shop_id(), _back(), browser())
    except (PanelUnreachable, NotAllowed):
        flash(say("The other sign-in can't be reached now. Sign in with your password."), "bad")
        return redirect(url_for("accounts.sign_in_page"), 303)
    response = make_response(redirect(begun.url, 303))
    # it comes back by a link from another site, and only this browser may bring the answer
    set_cookie(response, cookie_named(_COOKIE), begun.state, _LASTS, cookie_path())
    return response


@accounts.get("/sign-in/provider/back")
@allow("anyone")
def from_provider() -> ResponseReturnValue:
    held, brought = request.cookies.get(cookie_named(_COOKIE), ""), request.args.get("state", "")
    code = request.args.get("code", "")
    try:
        if not held or not code or not hmac.compare_digest(held.encode(), brought.encode()):
            raise NotAllowed("the browser and the answer do not fit")
        done = finish_sso(current_ctx(), shop_id(), held, code[:4000], _back(), browser())
        response = make_response(go_on(done))
    except (PanelUnreachable, NotAllowed) as no:
        told = say("Signing in there did not work. Try again, or sign in with your password.")
        flash(refusal(no)[0] if no.code == "login_disabled" else told, "bad")
        response = make_response(redirect(url_for("accounts.sign_in_page"), 303))
    drop_cookie(response, cookie_named(_COOKIE), cookie_path())
    return response


def _back() -> str:
    """Where the provider sends people to, at the address that they are on; it must be registered there."""
    return outside(url_for("accounts.from_provider"))
