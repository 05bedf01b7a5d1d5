"""From cart to order: who pays, how, and then to the gateway."""

from datetime import timedelta

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.accounts.check_vat_id import check_vat_id
from billhead.actions.accounts.note_evidence import note_evidence
from billhead.actions.fraud.place_order import Seen
from billhead.actions.fraud.place_order import place_order as place
from billhead.db import reading, writing
from billhead.domain.document import Kind
from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.subscriptions import Service
from billhead.models.tax import TaxIdCheck
from billhead.plugin import allow
from billhead.web.errors import status_of
from billhead.web.pages import page
from billhead.web.request_context import (
    client_country,
    current_ctx,
    current_customer_id,
    current_seller,
    signed_in,
    submit_ctx,
)
from billhead.web.storefront.basket import Priced, drop_basket, kept_basket, priced
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.pay import begin
from billhead.web.storefront.payment_options import check_fields, chosen_account, options_for

__all__: list[str] = []

_ONCE_IN = timedelta(minutes=1)


@storefront.get("/checkout")
@allow("visitor", "customer")
def checkout() -> ResponseReturnValue:
    if kept_basket() is None:
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
    seller, basket = current_seller(), kept_basket()
    if seller is None or basket is None:
        return redirect(url_for("storefront.cart"), 303)
    with reading() as session:
        found = priced(session, seller, basket)
        if found is None:
            return redirect(url_for("storefront.cart"), 303)
        options = options_for(session, seller.id, found.quote.currency) if found.quote.total_minor else []
    return page("storefront/checkout.html", priced=found, options=options, problem=problem), status


def _seen(found: Priced | None, country: str) -> Seen:
    seller = current_seller()
    currency = found.quote.currency if found else seller.currency if seller else "EUR"
    amount = Money(found.quote.total_minor if found else 0, currency)
    return Seen(amount, country, request.headers.get("User-Agent", ""))


@storefront.post("/checkout")
@allow("customer")
def place_order() -> ResponseReturnValue:
    """Write the order, then go on to pay it. What fails after that leaves an order that can be paid from its page."""
    basket = kept_basket()
    if basket is None:
        return redirect(url_for("storefront.cart"), 303)
    seller = current_seller()
    with reading() as session:
        found = priced(session, seller, basket) if seller is not None else None
    _ask_about_vat_id()
    seen_in, account = client_country(), chosen_account()
    try:
        if account is not None:
            with reading() as session:
                check_fields(session, account)
        if seen_in:
            with writing(current_ctx()) as tx:
                note_evidence(tx, current_customer_id(), "ip", seen_in)
        order = basket.order(current_customer_id(), found.coupons if found else ())
        started = place(submit_ctx(), order, _seen(found, seen_in))
    except BillheadError as refused:
        if status_of(refused) >= 500:
            raise
        hint = f" {refused.hint[:1].upper()}{refused.hint[1:]}." if refused.hint else ""
        return _summary(refused.message + hint, status_of(refused))
    drop_basket()
    with reading() as session:
        is_open = session.get_one(Document, started.document_id).kind == Kind.PROFORMA
        held = session.scalar(
            select(Service.id).where(Service.subscription_id == started.subscription_id, Service.in_review).limit(1)
        )
    if not is_open:
        told = "your order is being checked" if held is not None else "your service is being set up"
        flash(f"Thank you. There is nothing to pay; {told}.", "good")
        return redirect(url_for("customer.dashboard"), 303)
    if account is None:
        return redirect(url_for("storefront.pay", document_id=started.document_id), 303)
    return begin(started.document_id, account, save="save" in request.form)
