"""From cart to order: who pays, how, and then to the gateway."""

from datetime import timedelta

from flask import flash, redirect, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.accounts.check_vat_id import check_vat_id
from billhead.actions.accounts.note_evidence import note_evidence
from billhead.actions.fraud.place_order import Seen
from billhead.actions.fraud.place_order import place_order as place
from billhead.actions.subscriptions.start_several import Ordered
from billhead.db import reading, writing
from billhead.domain.document import Kind
from billhead.domain.errors import BillheadError
from billhead.domain.rights import BUYERS
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.subscriptions import Service
from billhead.models.tax import TaxIdCheck
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.request_context import (
    client_country,
    current_ctx,
    current_customer_id,
    current_seller,
    signed_in,
    submit_ctx,
)
from billhead.web.speaking import say
from billhead.web.storefront.agreeing import keep_agreement, not_agreed
from billhead.web.storefront.basket import drop_cart, kept_cart
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.cart import looked_at
from billhead.web.storefront.pay import begin
from billhead.web.storefront.payment_options import check_fields, chosen_account, options_for
from billhead.web.storefront.priced import priced
from billhead.web.storefront.tax_place import tax_place_asked

__all__: list[str] = []

_ONCE_IN = timedelta(minutes=1)


@storefront.get("/checkout")
@allow("visitor", *BUYERS)
def checkout() -> ResponseReturnValue:
    if not kept_cart().plans:
        return redirect(url_for("storefront.cart"), 303)
    if signed_in() is None:
        return redirect(url_for("accounts.sign_up_page", next=url_for("storefront.checkout")), 303)
    _ask_about_vat_id()
    return _summary("")


def _ask_about_vat_id() -> None:
    """An id that no register has answered about is asked about before the sum is shown, once a minute at most.

    No answer stops nobody: the tax engine's policy for such an id holds then.
    """
    login = signed_in()
    if login is None or login.customer_id is None:
        return
    with reading() as session:
        me = session.get_one(Customer, login.customer_id)
        asked = select(func.max(TaxIdCheck.at)).where(TaxIdCheck.customer_id == me.id, TaxIdCheck.vat_id == me.vat_id)
        last = session.scalar(asked) if me.vat_id and me.vat_id_state == "pending" else None
    if me.vat_id and me.vat_id_state == "pending" and (last is None or last < clock.business_now() - _ONCE_IN):
        check_vat_id(current_ctx(), me.id)


def _summary(problem: str, status: int = 200) -> ResponseReturnValue:
    seller = current_seller()
    found = looked_at(seller) if seller is not None else None
    if seller is None or found is None or found.quote is None or found.gone:  # the cart says why not
        return redirect(url_for("storefront.cart"), 303)
    with reading() as session:
        options = options_for(session, seller.id, found.quote.currency) if found.quote.total_minor else []
    place = tax_place_asked(seller, held=bool(found.quote.hold))
    return page("storefront/checkout.html", priced=found, options=options, problem=problem, place=place), status


@storefront.post("/checkout")
@allow(*BUYERS, permission="own.pay")
def place_order() -> ResponseReturnValue:
    """Write the order, then go on to pay it. What fails after that leaves an order that can be paid from its page."""
    last = browser.get("ordered")
    if last and last["key"] and last["key"] == request.form.get("_key"):
        return _placed_before(last["document_id"])
    cart, seller = kept_cart(), current_seller()
    if seller is None or not cart.plans:
        return redirect(url_for("storefront.cart"), 303)
    _ask_about_vat_id()
    if problem := not_agreed():
        return _summary(problem, 422)
    seen_in, account = client_country(), chosen_account()
    try:
        if account is not None:
            with reading() as session:
                check_fields(session, account)
        with writing(current_ctx()) as tx:
            keep_agreement(tx, current_customer_id())
            if seen_in:
                note_evidence(tx, current_customer_id(), "ip", seen_in)
        # with the evidence that the tax on the paper is decided by
        with reading() as session:
            found = priced(session, seller, cart)
        if found.quote is None or found.gone or request.form.get("seen", found.seen) != found.seen:
            return _summary(_changed(), 409)
        me = current_customer_id()
        seen = Seen(found.total, seen_in, request.headers.get("User-Agent", ""))
        orders = [one.basket.order(me, one.coupons) for one in found.plans]
        ordered = place(submit_ctx(), orders, seen, found.total)
    except BillheadError as refused:
        if refused.code == "price_changed":
            return _summary(_changed(), 409)
        return _summary(*refusal(refused))
    drop_cart()
    browser["ordered"] = {"key": request.form.get("_key", "")[:32], "document_id": ordered.document_id}
    return _go_on(ordered, account)


def _changed() -> str:
    return say(
        "What is in your cart, or what it costs, has changed since this page was shown. Look at it again, please."
    )


def _placed_before(document_id: int) -> ResponseReturnValue:
    """The form was sent again after its order was placed: by the back button, or from another tab."""
    flash(say("This order is placed already: nothing was ordered twice."), "warn")
    return redirect(url_for("storefront.order", document_id=document_id), 303)


def _go_on(ordered: Ordered, account: int | None) -> ResponseReturnValue:
    with reading() as session:
        is_open = session.get_one(Document, ordered.document_id).kind == Kind.PROFORMA
        in_review = select(Service.id).where(Service.subscription_id.in_(ordered.subscription_ids), Service.in_review)
        held = session.scalar(in_review.limit(1))
    if not is_open:
        checked = say("Thank you. There is nothing to pay; your order is being checked.")
        made = say("Thank you. There is nothing to pay; your service is being set up.")
        flash(checked if held is not None else made, "good")
        return redirect(url_for("customer.dashboard"), 303)
    if account is None:
        return redirect(url_for("storefront.pay", document_id=ordered.document_id), 303)
    return begin(ordered.document_id, account, save="save" in request.form)
