"""What is for sale, one plan with its terms and add-ons, and the currency in which prices are shown."""

import re
from dataclasses import replace

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billhead.actions.fraud._trials import Marks, trial_had
from billhead.actions.resellers._packages import places_on_sale
from billhead.actions.shops._layouts import layouts_of
from billhead.actions.shops._sells import assortment
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.accounts.landing import local_path
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.request_context import current_seller, signed_in
from billhead.web.speaking import say
from billhead.web.storefront.basket import Basket, Cart, add_to_cart, change_cart, kept_cart, new_key
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.choosing import check_room, chosen_plan
from billhead.web.storefront.content import front_page
from billhead.web.storefront.offers import KINDS, Offer, currencies, offer, offers
from billhead.web.storefront.opening import opens_soon_here
from billhead.web.storefront.priced import audience, priced
from billhead.web.theming import current_theme

__all__: list[str] = []

_KEY = re.compile(r"[0-9a-f]{32}")


@storefront.get("/")
@allow("anyone")
def plans() -> ResponseReturnValue:
    seller = current_seller()
    if seller is None:
        return page("storefront/set_up.html")
    with reading() as db_session:
        who = audience(db_session, seller)
        found = offers(db_session, who)
        soon = not found and opens_soon_here(db_session)
        choices = currencies(db_session, seller)
        front = front_page(db_session, seller)
        has_places = bool(places_on_sale(db_session, who))
    groups = [(KINDS[kind], [one for one in found if one.kind == kind]) for kind in KINDS]
    return page(
        "storefront/plans.html",
        groups=[group for group in groups if group[1]],
        opens_soon=soon,
        currency=who.currency,
        choices=[] if _has_own_currency() else choices,
        front=front,
        has_places=has_places,
        shown_as=seller.plans_shown_as if seller.plans_shown_as in layouts_of(current_theme().code) else "cards",
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
    """`?change=KEY`: one that is in the cart already is chosen anew."""
    seller = current_seller()
    found = None
    if seller is not None:
        with reading() as db_session:
            who = audience(db_session, seller)
            found = offer(db_session, assortment(db_session, seller.id), who, code)
            tries = found is not None and _may_try(db_session, found)
    if seller is None or found is None:
        return page("storefront/not_sold.html"), 404
    kept = kept_cart()
    chosen = kept.plan(request.values.get("change", ""))
    if chosen is not None and chosen.plan != code:
        chosen = None
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            _put(seller, found, kept, chosen)
            return redirect(url_for("storefront.cart"), 303)
        except InvalidInput as refused:
            errors[refused.field or ""], _status = refusal(refused)
    status = 422 if errors else 200
    told = {
        "tries": tries and not any(one.trial and one.plan == code for one in kept.plans),
        "offer": found,
        "chosen": chosen,
        "errors": errors,
        "form": request.form,
    }
    return page("storefront/plan.html", waiting=len(kept.plans), **told), status


def _may_try(db_session: Session, found: Offer) -> bool:
    """Not whoever is known to have had its trial, where it is given once."""
    login = signed_in()
    if not found.once or login is None or login.customer_id is None:
        return True
    customer, sold = db_session.get_one(Customer, login.customer_id), db_session.get_one(Plan, found.plan_id)
    return not trial_had(db_session, customer, sold, Marks())


def _put(seller: Seller, found: Offer, kept: Cart, chosen: Basket | None) -> None:
    """What the form asks for, into the cart. Raises InvalidInput naming what is missing or not possible."""
    sent = request.form.get("_key", "")
    # a form that was sent twice puts in one plan
    basket = chosen_plan(
        request.form, found, chosen.key if chosen is not None else sent[:8] if _KEY.fullmatch(sent) else new_key()
    )
    if chosen is None and kept.plan(basket.key) not in (None, basket):
        basket = replace(basket, key=new_key())  # the form was gone back to, and says something else now
    check_room(kept, basket, found)
    cart = kept.with_plan(basket)
    with reading() as db_session:
        if any(one.basket.key == basket.key for one in priced(db_session, seller, cart).gone):
            told = say("it can't be ordered together with what is in your cart")
            raise InvalidInput("", told, hint=say("Order it by itself."))
    if chosen is None:
        add_to_cart(cart)
    else:
        change_cart(cart, "changed", found.name)
