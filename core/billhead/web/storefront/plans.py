"""What is for sale, one plan with its terms and add-ons, the cart, and the currency in which prices are shown."""

from dataclasses import replace

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.coupons.guess_code import guess_code
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.mac import parse_mac
from billhead.plugin import allow
from billhead.web.accounts.landing import local_path
from billhead.web.pages import page
from billhead.web.request_context import client_address, current_ctx, current_seller, signed_in
from billhead.web.storefront.basket import Basket, audience, drop_basket, keep_basket, kept_basket, priced, promote
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.offers import KINDS, Offer, currencies, offer, offers

__all__: list[str] = []


@storefront.get("/")
@allow("anyone")
def plans() -> ResponseReturnValue:
    seller = current_seller()
    if seller is None:
        return page("storefront/set_up.html")
    with reading() as db_session:
        who = audience(db_session, seller)
        found = offers(db_session, who)
        choices = currencies(db_session, seller)
    groups = [(KINDS[kind], [one for one in found if one.kind == kind]) for kind in KINDS]
    return page(
        "storefront/plans.html",
        groups=[group for group in groups if group[1]],
        currency=who.currency,
        choices=[] if _has_own_currency() else choices,
    )


def _has_own_currency() -> bool:
    login = signed_in()
    return login is not None and login.customer_id is not None


@storefront.post("/currency")
@allow("anyone")
def choose_currency() -> ResponseReturnValue:
    seller = current_seller()
    wanted = request.form.get("currency", "")
    if seller is not None:
        with reading() as db_session:
            if wanted in currencies(db_session, seller):
                session["currency"] = wanted
    return redirect(local_path(request.form.get("back", "")) or url_for("storefront.plans"), 303)


@storefront.route("/plans/<code>", methods=["GET", "POST"])
@allow("anyone")
def plan(code: str) -> ResponseReturnValue:
    seller = current_seller()
    found = None
    if seller is not None:
        with reading() as db_session:
            who = audience(db_session, seller)
            found = offer(db_session, who, code)
    if found is None:
        return page("storefront/not_sold.html"), 404
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            keep_basket(_chosen(found))
            return redirect(url_for("storefront.cart"), 303)
        except InvalidInput as refused:
            errors[refused.field or ""] = f"{refused.why[:1].upper()}{refused.why[1:]}. {refused.hint or ''}".strip()
    kept = kept_basket()
    chosen = kept if kept is not None and kept.plan == code else None
    status = 422 if errors else 200
    return page("storefront/plan.html", offer=found, chosen=chosen, errors=errors, form=request.form), status


def _chosen(found: Offer) -> Basket:
    """The basket that the plan's form asks for. Raises InvalidInput naming what is missing or not possible."""
    choice = request.form.get("term", "")
    term, _, trial = choice.partition("|")
    price = found.price(term)
    if price is None or (trial and not price.trial_term):
        raise InvalidInput("term", "choose for how long")
    addons = {}
    for addon in found.addons:
        asked = request.form.get(f"addon-{addon.code}", "0")
        quantity = int(asked) if asked.isascii() and asked.isdigit() else 0
        if quantity > addon.most:
            raise InvalidInput("addons", f"{addon.name} can be had at most {addon.most} times")
        if quantity and term not in addon.prices:
            raise InvalidInput("addons", f"{addon.name} is not sold for {term}")
        if quantity:
            addons[addon.code] = quantity
    mac = _box(found, addons)
    asked = request.form.get("quantity", str(found.least))
    units = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if not found.least <= units <= max(found.most, found.least):
        raise InvalidInput("quantity", f"choose from {found.least} to {max(found.most, found.least)}")
    kept = kept_basket()
    coupons = kept.coupons if kept is not None else []
    return Basket(found.code, term, trial == "trial", mac, addons, coupons, units)


def _box(found: Offer, addons: dict[str, int]) -> str:
    """The MAC that the plan needs, or "" where none is: the box comes from stock with the order."""
    mac = request.form.get("mac", "").strip()
    if not found.boxed or (not mac and any(addon.stocked and addon.code in addons for addon in found.addons)):
        return ""
    if not mac:
        raise InvalidInput("mac", "the MAC address of your box is needed", hint="It is on the label below the box.")
    return parse_mac(mac)


@storefront.get("/cart")
@allow("anyone")
def cart() -> ResponseReturnValue:
    seller, basket = current_seller(), kept_basket()
    found = None
    if seller is not None and basket is not None:
        with reading() as db_session:
            found = priced(db_session, seller, basket)
        if found is None:
            drop_basket()
            flash("What was in your cart is not sold any more, or not in this currency. Please choose anew.", "warn")
    return page("storefront/cart.html", priced=found)


@storefront.post("/cart/coupon")
@allow("anyone")
def enter_coupon() -> ResponseReturnValue:
    """Keep the code with the cart if it can be used; otherwise the cart says why not."""
    seller, basket = current_seller(), kept_basket()
    code = request.form.get("coupon", "").strip().upper()[:40]
    if seller is None or basket is None:
        return redirect(url_for("storefront.cart"), 303)
    if "remove" in request.form:
        keep_basket(replace(basket, coupons=[one for one in basket.coupons if one != code]))
        return redirect(url_for("storefront.cart"), 303)
    if not code:
        return redirect(url_for("storefront.cart"), 303)
    with writing(current_ctx()) as tx:
        may = guess_code(tx, seller.id, code, ip=client_address())
    tried = replace(basket, coupons=[*(one for one in basket.coupons if one != code), code]) if may else basket
    with reading() as db_session:
        found = priced(db_session, seller, tried)
    if found is None:
        return redirect(url_for("storefront.cart"), 303)
    if not may:
        waiting = replace(found, refused="Too many codes were tried from here. Wait a quarter of an hour.")
        return page("storefront/cart.html", priced=waiting, entered=code), 429, {"Retry-After": "900"}
    if code not in found.coupons:
        return page("storefront/cart.html", priced=replace(found, basket=basket), entered=code), 422
    keep_basket(tried)
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


@storefront.post("/cart/empty")
@allow("anyone")
def empty_cart() -> ResponseReturnValue:
    drop_basket()
    return redirect(url_for("storefront.plans"), 303)
