"""How the shop looks: a theme and a few colours, looked at before they are kept."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.shops._colours import CHOSEN
from billhead.actions.shops._layouts import layouts_of
from billhead.actions.shops._themes import shop_themes
from billhead.actions.shops.set_shop_looks import LOOKS, ShopLooks, preview_set_shop_looks, set_shop_looks
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.speaking import marked, say
from billhead.web.theming import look_sheet

__all__: list[str] = []

WORDS = {
    "accent": marked("Buttons and links"),
    "ground": marked("Background"),
    "surface": marked("Cards"),
    "ink": marked("Words"),
    "top": marked("Head of the page"),
}


@reseller.route("/shop/looks", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop_looks() -> ResponseReturnValue:
    """Both buttons send the same form: one shows it, the other keeps it."""
    problem, status = "", 200
    with reading() as session:
        own = own_shop(session)
        kept = own.shop.looks.get("chosen", {})
        looks = _told(request.form) if request.method == "POST" else _kept(own.seller, kept)
        try:
            preview_set_shop_looks(looks)
            if request.method == "POST" and "save" in request.form:
                with writing(submit_ctx()) as tx:
                    set_shop_looks(tx, own_id(), looks)
                flash(say("Saved."), "good")
                return redirect(url_for("reseller.shop_looks"), 303)
        except BillheadError as refused:
            problem, status = refusal(refused)
        shown: dict[str, Any] = {"looks": looks, "words": WORDS, "names": CHOSEN, "themes": shop_themes(),
                                 "layouts": layouts_of(looks.theme)}  # fmt: skip
        preview = "" if problem else f"{url_for('reseller.shop_look_css')}?{urlencode(_query(looks))}"
        return shop_page(session, "shop_looks", own, **shown, preview=preview, problem=problem), status


@reseller.get("/shop/look.css")
@allow("reseller", "super_reseller")
def shop_look_css() -> ResponseReturnValue:
    """The colours that the address names, for the samples on the page alone. What is no colour is refused."""
    tokens = preview_set_shop_looks(_told(request.args))
    return Response(look_sheet(tokens, within="look-sample"), mimetype="text/css")


def _told(form: Any) -> ShopLooks:
    light, dark = ({name: str(form.get(f"{look}-{name}", ""))[:30] for name in CHOSEN} for look in LOOKS)
    shown_as = str(form.get("plans_shown_as", "cards"))[:80]
    return ShopLooks(str(form.get("theme", ""))[:80], light, dark, shown_as)


def _kept(seller: Seller, chosen: dict[str, dict[str, str]]) -> ShopLooks:
    known = {one.code for one in shop_themes()}
    theme = seller.theme if seller.theme in known else "lounge"
    return ShopLooks(theme, chosen.get("light", {}), chosen.get("dark", {}), seller.plans_shown_as)


def _query(looks: ShopLooks) -> dict[str, str]:
    named = {f"{look}-{name}": value for look in LOOKS for name, value in getattr(looks, look).items() if value}
    return {"theme": looks.theme, **named}
