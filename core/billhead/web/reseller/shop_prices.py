"""What the shop asks, beside what it takes in credits, and what is left out."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.resellers._rights import effective_rights
from billhead.actions.shops._prices import ShopPrice, prices_of_shop
from billhead.actions.shops.leave_out import leave_out
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.actions.shops.set_shop_trial import set_shop_trial
from billhead.db import Tx, reading, writing
from billhead.domain.money import Money
from billhead.domain.price_steps import price_step
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.price_table import Asked, as_typed, save_changed, typed_in
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.reseller.shop_filling import Filling, fill, fill_is_asked
from billhead.web.speaking import marked, say

__all__: list[str] = []

_CSV = (
    marked("Plan"), marked("Term"), marked("Takes credits"), marked("At least"), marked("You ask"), marked("Currency"),
)  # fmt: skip
_TRIAL = "|trial"


@reseller.get("/shop/prices")
@allow("reseller", "super_reseller")
def shop_prices() -> ResponseReturnValue:
    """`?format=csv`: as a file."""
    return _as_csv() if request.args.get("format") == "csv" else _shown({})


@reseller.post("/shop/prices")
@allow("reseller", "super_reseller")
def set_prices_of_shop() -> ResponseReturnValue:
    """All of the table at once. The field of a trial has one bar more; empty, it can't be tried. With a percentage the
    table is filled by it and shown, and nothing is stored."""
    with reading() as session:
        own = own_shop(session)
        currency, prices = own.seller.currency, prices_of_shop(session, own)
        table = _table(prices)
        typed = typed_in(table)
        filling = fill(session, own, prices, typed) if fill_is_asked() else None
    if filling is not None:
        return _shown({**typed, **(filling.found or {})}, filling=filling), 422 if filling.problem else 200
    if refused := save_changed(table, typed, currency, _put):
        problem, status = refused
        return _shown(typed, problem), status
    flash(say("Saved. It holds for new orders from now on."), "good")
    return redirect(url_for("reseller.shop_prices"), 303)


def _put(tx: Tx, field: str, amount: Money | None) -> None:
    plan, term = field.removesuffix(_TRIAL).split("|", 1)
    if amount is None or field.endswith(_TRIAL):
        set_shop_trial(tx, own_id(), plan, term, amount)
    else:
        set_shop_price(tx, own_id(), plan, term, amount)


def _table(prices: list[ShopPrice]) -> list[Asked]:
    """A price before its trial's; what is not for sale has none."""
    table = []
    for one in prices:
        field = f"{one.plan.code}|{one.term}"
        table.append(Asked(field, one.plan.name, one.term, as_typed(one.asked)))
        if one.trial and one.asked:
            name = say("%(plan)s, trial", plan=one.plan.name)
            table.append(Asked(field + _TRIAL, name, one.trial.term, as_typed(one.trial.asked), optional=True))
    return table


@reseller.post("/shop/left-out")
@allow("reseller", "super_reseller")
def leave_out_of_shop() -> ResponseReturnValue:
    """One plan is put on or taken off the shelf: `sell` or `leave`."""
    plan = (request.form.get("sell") or request.form.get("leave", ""))[:80]
    with writing(submit_ctx()) as tx:
        with_it = {*own_shop(tx.session).shop.left_out, plan}
        leave_out(tx, own_id(), sorted(with_it - {plan} if "sell" in request.form else with_it))
    flash(say("Saved."), "good")
    return redirect(url_for("reseller.shop_prices"), 303)


def _shown(typed: dict[str, str], problem: str = "", filling: Filling | None = None) -> str:
    with reading() as session:
        own = own_shop(session)
        prices = prices_of_shop(session, own)
        rights = effective_rights(session, own.reseller.id)
        shown = {"prices": prices, "floor": rights.floor_percent, "trials": rights.trials_per_day, "typed": typed}
        shown |= {"filling": filling or Filling(), "rounds_to": price_step(own.seller.currency)}
        priced = {one.plan.code for one in prices if one.asked}  # what can be taken off the shelf, a plan at a time
        return shop_page(session, "shop_prices", own, **shown, priced=priced, problem=problem)


def _as_csv() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        currency, rows = own.seller.currency, []
        for one in prices_of_shop(session, own):
            takes = as_typed(one.credits)
            rows.append((one.plan.name, one.term, takes, as_typed(one.least), as_typed(one.asked), currency))
            if (trial := one.trial) and one.asked:
                name, takes = say("%(plan)s, trial", plan=one.plan.name), as_typed(trial.credits)
                rows.append((name, trial.term, takes, as_typed(trial.least), as_typed(trial.asked), currency))
    return csv_response("shop-prices", [say(head) for head in _CSV], rows)
