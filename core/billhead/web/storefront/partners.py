"""Become a reseller: the plans by which somebody is one, and the order of one."""

from dataclasses import replace

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billhead.actions.resellers._packages import Offered, places_for, places_on_sale
from billhead.actions.resellers.buy_reseller_plan import buy_reseller_plan
from billhead.db import reading, writing
from billhead.domain.context import Role
from billhead.domain.errors import BillheadError, NotAllowed
from billhead.domain.rights import STRICTEST
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.own_words import own_word
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, current_seller, signed_in, submit_ctx
from billhead.web.storefront.agreeing import keep_agreement, not_agreed
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.priced import audience

__all__: list[str] = []


@storefront.get("/become-a-reseller")
@allow("anyone")
def partners() -> ResponseReturnValue:
    return _shown("")


@storefront.post("/become-a-reseller/<code>")
@allow("customer", "reseller")
def become_reseller(code: str) -> ResponseReturnValue:
    """Ordered, and on to paying."""
    customer_id = current_customer_id()
    if not current_ctx().may(STRICTEST):
        raise NotAllowed("Only the main login of an account can become a reseller.")
    if problem := not_agreed():
        return _shown(problem, 422)
    try:
        with writing(submit_ctx()) as tx:
            keep_agreement(tx, customer_id)
            ordered = buy_reseller_plan(tx, customer_id, code)
    except BillheadError as refused:
        return _shown(*refusal(refused))
    return redirect(url_for("storefront.pay", document_id=ordered.document_id), 303)


def _shown(problem: str, status: int = 200) -> ResponseReturnValue:
    seller = current_seller()
    if seller is None:
        return page("storefront/set_up.html")
    with reading() as session:
        offered = [replace(one, name=own_word(one.name)) for one in _offered(session, seller)]
    login = signed_in()
    buys = login is not None and login.customer_id is not None and login.role in (Role.CUSTOMER, Role.RESELLER)
    return page("storefront/partners.html", offered=offered, problem=problem, buys=buys), status


def _offered(session: Session, seller: Seller) -> list[Offered]:
    login = signed_in()
    if login is not None and login.customer_id is not None:
        return places_for(session, session.get_one(Customer, login.customer_id))
    return places_on_sale(session, audience(session, seller))
