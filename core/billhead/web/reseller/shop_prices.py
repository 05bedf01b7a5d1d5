"""What the shop asks, beside what it takes in credits, and what is left out."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.resellers._rights import effective_rights
from billhead.actions.shops._prices import prices_of_shop
from billhead.actions.shops.leave_out import leave_out
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.actions.shops.set_shop_trial import set_shop_trial
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.domain.money import Money
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.speaking import say

__all__: list[str] = []


@reseller.get("/shop/prices")
@allow("reseller", "super_reseller")
def shop_prices() -> ResponseReturnValue:
    return _shown()


@reseller.post("/shop/prices")
@allow("reseller", "super_reseller")
def set_price_of_shop() -> ResponseReturnValue:
    """One price a form: `offer` is plan and term with a bar between, and one more where it is the trial's."""
    plan, term, trial = (*request.form.get("offer", "").split("|", 2), "", "")[:3]
    typed = request.form.get("amount", "").strip()
    try:
        with reading() as session:
            currency = own_shop(session).seller.currency
        if not typed and not trial:
            raise InvalidInput("amount", say("say how much"))
        amount = Money.parse(typed.replace(",", "."), currency) if typed else None
        with writing(submit_ctx()) as tx:
            if amount is None or trial:
                set_shop_trial(tx, own_id(), plan, term, amount)
            else:
                set_shop_price(tx, own_id(), plan, term, amount)
    except BillheadError as refused:
        problem, status = refusal(refused)
        return _shown(problem), status
    flash(say("Saved. It holds for new orders from now on."), "good")
    return redirect(url_for("reseller.shop_prices"), 303)


@reseller.post("/shop/left-out")
@allow("reseller", "super_reseller")
def leave_out_of_shop() -> ResponseReturnValue:
    """One plan is put on or taken off the shelf."""
    plan = request.form.get("plan", "")[:80]
    with writing(submit_ctx()) as tx:
        with_it = {*own_shop(tx.session).shop.left_out, plan}
        leave_out(tx, own_id(), sorted(with_it - {plan} if "sell" in request.form else with_it))
    flash(say("Saved."), "good")
    return redirect(url_for("reseller.shop_prices"), 303)


def _shown(problem: str = "") -> str:
    with reading() as session:
        own = own_shop(session)
        prices = prices_of_shop(session, own)
        rights = effective_rights(session, own.reseller.id)
        shown = {"prices": prices, "floor": rights.floor_percent, "trials": rights.trials_per_day}
        return shop_page(session, "shop_prices", own, **shown, problem=problem)
