"""/r/CODE: the link by which a customer's friend comes. Whose it is, is found out when they sign up."""

from flask import make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from billhead.domain.referral import rules_from
from billhead.plugin import allow
from billhead.web.accounts.views import FRIEND_COOKIE
from billhead.web.cookies import set_cookie
from billhead.web.request_context import current_seller, signed_in
from billhead.web.shop_address import cookie_named, cookie_path
from billhead.web.storefront.blueprint import storefront

__all__: list[str] = []

_LASTS = 30 * 24 * 3600


@storefront.get("/r/<code>")
@allow("anyone")
def follow_friend(code: str) -> ResponseReturnValue:
    """The same answer to any code, so that none can be told from a wrong one."""
    response, seller = make_response(redirect(url_for("storefront.plans"), 303)), current_seller()
    if seller is not None and signed_in() is None and rules_from(seller.referrals).on:
        set_cookie(response, cookie_named(FRIEND_COOKIE), code[:20], _LASTS, cookie_path())
    response.headers["X-Robots-Tag"] = "noindex"
    return response
