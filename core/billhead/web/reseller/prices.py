"""What the reseller itself asks for a plan and what is added to it: its margin is counted by it."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.resellers.set_own_price import set_own_price
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_customer, own_id, own_reseller, own_rights, reseller
from billhead.web.reseller.offers import AddOn, Offer, addons_for, offers_for
from billhead.web.speaking import say

__all__: list[str] = []


@reseller.get("/prices")
@allow("reseller", "super_reseller")
def prices() -> ResponseReturnValue:
    return _shown()


@reseller.post("/prices")
@allow("reseller", "super_reseller")
def set_price() -> ResponseReturnValue:
    """One price a form: `offer` is plan and term with a bar between."""
    plan, _, term = request.form.get("offer", "").partition("|")
    typed = request.form.get("amount", "").strip()
    try:
        with reading() as session:
            currency = own_customer(session).currency
        if not typed:
            raise InvalidInput("amount", say("say how much"))
        amount = Money.parse(typed.replace(",", "."), currency)
        with writing(submit_ctx()) as tx:
            set_own_price(tx, own_id(), plan, term, amount)
    except BillheadError as refused:
        problem, status = refusal(refused)
        return _shown(problem), status
    flash(say("Saved. It holds for new users from now on."), "good")
    return redirect(url_for("reseller.prices"), 303)


def _shown(problem: str = "") -> str:
    with reading() as session:
        me, own = own_reseller(session), own_customer(session)
        offers = offers_for(session, me, own)
        addons = addons_for(session, me, own, {one.code for one in offers})
        mine = _mine(session, own.currency)
        floor = own_rights(session).floor_percent
    shown = {"sold": _sold(offers, addons), "mine": mine, "floor": floor, "currency": own.currency}
    return page("reseller/prices.html", **shown, problem=problem)


def _sold(offers: list[Offer], addons: list[AddOn]) -> list[tuple[str, str, str, int]]:
    """(code, name, term, hundredths of a credit), what can be added after what it is added to."""
    plans = [(one.code, one.name, one.term, one.minor) for one in offers]
    return plans + [(one.code, one.name, term, minor) for one in addons for term, minor in one.prices.items()]


def _mine(session: Session, currency: str) -> dict[tuple[str, str], str]:
    """(plan, term) → the newest own price, as it is typed."""
    rows = session.execute(
        select(Plan.code, Price.term, Price.amount_minor)
        .join(Plan, Plan.id == Price.plan_id)
        .join(PriceBook, PriceBook.id == Price.book_id)
        .where(
            PriceBook.reseller_id == own_id(),
            PriceBook.resellers_own,
            PriceBook.currency == currency,
            Price.withdrawn_on.is_(None),
        )
        .order_by(Price.version)
    )
    return {(code, term): str(Money(minor, currency).decimal()) for code, term, minor in rows}
