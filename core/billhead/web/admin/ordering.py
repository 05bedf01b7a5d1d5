"""Staff order for a customer: what it can buy, what that costs with tax, and then the document."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing.quote import read_buyers
from billhead.actions.credits._usable import usable_credit
from billhead.actions.shops._sells import assortment, payer_of
from billhead.actions.subscriptions._sale import first_day
from billhead.actions.subscriptions.order_for import order_for
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.typed_day import typed_day
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.changing import PRICE_CHANGED
from billhead.web.errors import refusal
from billhead.web.formatting import day_in_words
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import say
from billhead.web.storefront.basket import Basket, Cart
from billhead.web.storefront.choosing import chosen_plan
from billhead.web.storefront.offers import Audience, Offer, offer, offers
from billhead.web.storefront.priced import Priced, priced_for

__all__ = ["Wish", "buyer_of", "sold_to", "wish_of"]


class Wish(NamedTuple):
    """What is asked for and what it costs; `credit` could pay it."""

    basket: Basket
    coupons: tuple[str, ...]
    priced: Priced
    credit: Money


def buyer_of(session: Session, key: int) -> Customer:
    """Raises NotFound, also for one who was erased."""
    row = found(session, Customer, key, "customer")
    if row.erased_at is not None:
        raise NotFound("customer", key)
    return row


def sold_to(session: Session, row: Customer, code: str) -> tuple[Seller, Offer]:
    """A plan at the customer's prices. Raises NotFound."""
    seller = session.get_one(Seller, row.seller_id)
    sold = offer(session, assortment(session, seller.id), Audience.of(row), code)
    if sold is None:
        raise NotFound("plan", code)
    return seller, sold


@admin.get("/customers/<int:key>/order")
@allow("staff", permission="subscriptions.write")
def order_for_customer(key: int) -> ResponseReturnValue:
    """All that the customer can buy at its prices, also what the shop does not list."""
    with reading() as session:
        row = buyer_of(session, key)
        sold = offers(session, Audience.of(row), unlisted=True)
        reseller = session.get(Reseller, row.reseller_id) if row.reseller_id is not None else None
        by_credits = payer_of(session, row.seller_id) is not None
    return page("admin/order_choose.html", customer=row, offers=sold, reseller=reseller, by_credits=by_credits)


@admin.route("/customers/<int:key>/order/<code>", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def order_plan(key: int, code: str) -> ResponseReturnValue:
    """The form, then the same page with the cost and a button to order."""
    form = request.form if request.method == "POST" else request.args
    wish: Wish | None = None
    problem, status, errors = "", 200, dict[str, str]()
    with reading() as session:
        row = buyer_of(session, key)
        seller, sold = sold_to(session, row, code)
        if "term" in form:
            try:
                wish = wish_of(session, seller, row, sold, form)
            except BillheadError as refused:
                problem, status = refusal(refused)
                errors[refused.field or ""] = problem
    if request.method == "POST" and wish is not None:
        try:
            if form.get("seen") == wish.priced.seen:
                return _place(row, wish, form.get("pay", ""))
            problem, status = say(PRICE_CHANGED), 409
        except BillheadError as refused:
            problem, status = (say(PRICE_CHANGED), 409) if refused.code == "price_changed" else refusal(refused)
    starts = date.fromisoformat(wish.basket.starts_on) if wish and wish.basket.starts_on else None
    shown = {"customer": row, "offer": sold, "form": form, "wish": wish, "problem": problem, "errors": errors}
    return page("admin/order_plan.html", **shown, starts=starts), status


def wish_of(session: Session, seller: Seller, row: Customer, sold: Offer, form: Mapping[str, str]) -> Wish:
    """Raises InvalidInput naming what is missing or not possible."""
    basket = replace(chosen_plan(form, sold, "order"), starts_on=_first_day(session, row, form))
    typed = form.get("coupon", "").strip().upper()[:40]
    coupons = (typed,) if typed else ()
    buyer = read_buyers(session, [row.id])[row.id]
    priced = priced_for(session, seller, Cart((basket,), coupons), Audience.of(row), buyer, codes=coupons)
    if priced.refused:
        raise InvalidInput("coupon", priced.refused)
    if priced.quote is None:
        raise InvalidInput("", next((gone.why for gone in priced.gone if gone.why), say("It can't be ordered so.")))
    return Wish(basket, coupons, priced, usable_credit(session, row, row.currency))


def _first_day(session: Session, row: Customer, form: Mapping[str, str]) -> str:
    """A later day than today, ISO; "" for today."""
    typed = form.get("starts_on", "").strip()
    day = typed_day(typed)
    if typed and day is None:
        raise InvalidInput("starts_on", say("choose a day"))
    first = first_day(session, row, day)
    return first.isoformat() if first > clock.today_in(row.zone) else ""


def _place(row: Customer, wish: Wish, pay: str) -> ResponseReturnValue:
    order = replace(wish.basket.order(row.id, wish.coupons), ip="", device="")  # nothing is known of the customer's
    with writing(submit_ctx()) as tx:
        ordered = order_for(tx, order, wish.priced.total, pay)
    told = {
        "mail": say("Ordered. %(name)s is mailed a link to pay it.", name=row.name),
        "credit": say("Ordered, and paid from credit."),
        "later": say("Ordered. It starts when it is paid."),
    }
    if wish.basket.starts_on:
        told["later"] = say("Ordered. It starts on %(day)s, once it is paid.", day=_in_words(wish))
    free = say("Ordered. There is nothing to pay, and it is being set up.")
    if wish.basket.starts_on:
        free = say("Ordered. There is nothing to pay, and it starts on %(day)s.", day=_in_words(wish))
    flash(told[pay] if wish.priced.total else free, "good")
    return redirect(url_for("admin.document", key=ordered.document_id), 303)


def _in_words(wish: Wish) -> str:
    return day_in_words(date.fromisoformat(wish.basket.starts_on))
