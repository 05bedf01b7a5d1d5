"""The cart: what it holds and costs, taking out and putting back, and coupons."""

from dataclasses import replace

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.coupons.guess_code import guess_code
from billhead.db import reading, writing
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.accounts.landing import local_path
from billhead.web.pages import page
from billhead.web.request_context import client_address, current_ctx, current_seller, signed_in
from billhead.web.speaking import say, speech
from billhead.web.storefront.basket import (
    Cart,
    change_cart,
    keep_cart,
    kept_cart,
    promote,
    undo,
    undo_change,
)
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.priced import Priced, priced

__all__ = ["looked_at"]


def looked_at(seller: Seller) -> Priced:
    """The cart as it can be ordered now. What is sold no more is taken out, and said; prices that have changed are
    said once, and then those of now are what was seen. What can't be ordered now stays, with why."""
    cart = kept_cart()
    with reading() as db_session:
        found = priced(db_session, seller, cart)
    over = [gone for gone in found.gone if not gone.why]
    for gone in over:
        flash(say("%(plan)s is not sold any more as you chose it: it was taken out of your cart.", plan=gone.name),
              "warn")  # fmt: skip
    left = cart.without(*(gone.basket.key for gone in over))
    if over:
        change_cart(left, "removed", speech().listed(gone.name for gone in over))
    now = {one.basket.key: one.now for one in found.plans if one.was is not None}
    if now:
        seen = (replace(one, was_minor=now[one.key].minor) if one.key in now else one for one in left.plans)
        keep_cart(replace(left, plans=tuple(seen)))
    return replace(found, cart=left, gone=tuple(gone for gone in found.gone if gone.why))


@storefront.app_context_processor
def what_waits() -> dict[str, object]:
    return {"kept_cart": kept_cart}


@storefront.get("/cart")
@allow("anyone")
def cart() -> ResponseReturnValue:
    seller = current_seller()
    return _shown(looked_at(seller) if seller is not None else Priced(Cart(), (), (), None))


def _shown(found: Priced, entered: str = "") -> str:
    """`entered`: a code that is refused."""
    login = signed_in()
    own = login is not None and login.customer_id is not None
    ordered = session["ordered"]["document_id"] if own and "ordered" in session else None
    return page("storefront/cart.html", priced=found, undo=undo(), ordered=ordered, entered=entered)


@storefront.post("/cart/<key>/remove")
@allow("anyone")
def remove_plan(key: str) -> ResponseReturnValue:
    kept = kept_cart()
    if kept.plan(key) is not None:
        change_cart(kept.without(key), "removed", request.form.get("name", ""))
    return redirect(url_for("storefront.cart"), 303)


@storefront.post("/cart/empty")
@allow("anyone")
def empty_cart() -> ResponseReturnValue:
    if kept_cart().plans:
        change_cart(Cart(), "emptied", "")
    return redirect(url_for("storefront.cart"), 303)


@storefront.post("/cart/undo")
@allow("anyone")
def undo_cart() -> ResponseReturnValue:
    undo_change()
    return redirect(url_for("storefront.cart"), 303)


@storefront.post("/cart/coupon")
@allow("anyone")
def enter_coupon() -> ResponseReturnValue:
    """Keep the code with the cart if it can be used; otherwise the cart says why not."""
    seller, kept = current_seller(), kept_cart()
    code = request.form.get("coupon", "").strip().upper()[:40]
    if seller is None or not kept.plans or not code:
        return redirect(url_for("storefront.cart"), 303)
    if "remove" in request.form:
        keep_cart(replace(kept, coupons=tuple(one for one in kept.coupons if one != code)))
        return redirect(url_for("storefront.cart"), 303)
    with writing(current_ctx()) as tx:
        may = guess_code(tx, seller.id, code, ip=client_address())
    coupons = (*(one for one in kept.coupons if one != code), code) if may else kept.coupons
    with reading() as db_session:
        found = priced(db_session, seller, replace(kept, coupons=coupons))
    if found.quote is None:
        return redirect(url_for("storefront.cart"), 303)
    if not may:
        told = say("Too many codes were tried from here. Wait a quarter of an hour.")
        return _shown(replace(looked_at(seller), refused=told), code), 429, {"Retry-After": "900"}
    if code not in found.coupons:
        return _shown(replace(looked_at(seller), refused=found.refused), code), 422
    keep_cart(found.cart)
    return redirect(url_for("storefront.cart"), 303)


@storefront.get("/promo/<code>")
@allow("anyone")
def promotion(code: str) -> ResponseReturnValue:
    """A link that brings a coupon along: it holds for whatever it fits that is put into the cart."""
    seller, code = current_seller(), code.strip().upper()[:40]
    if seller is not None:
        with writing(current_ctx()) as tx:
            may = guess_code(tx, seller.id, code, ip=client_address())
        if may:
            promote(code)
    return redirect(local_path(request.args.get("to", "")) or url_for("storefront.plans"), 303)
