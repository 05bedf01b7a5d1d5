"""The table of a shop's prices, filled from the operator's list: shown before anything is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import request
from sqlalchemy.orm import Session

from billhead.actions.shops._own import OwnShop
from billhead.actions.shops._prices import ShopPrice, list_prices
from billhead.domain.errors import InvalidInput
from billhead.domain.price_steps import marked_up, parse_mark_up
from billhead.web.errors import refusal
from billhead.web.formatting import lasting
from billhead.web.reseller.price_table import as_typed

__all__ = ["Filling", "fill", "fill_is_asked"]


@dataclass(frozen=True, slots=True)
class Filling:
    """`percent` and `everywhere` as they were sent, where they were refused for `problem`. `found`: field → price, as
    it is typed, None before anything was filled; `unlisted`: how many the operator's list has no price for."""

    percent: str = ""
    everywhere: bool = False
    problem: str = ""
    found: dict[str, str] | None = None
    unlisted: int = 0


def fill_is_asked() -> bool:
    """By its button, or by Enter in its field: that presses the first button of the form."""
    return "fill" in request.form or bool(request.form.get("percent", "").strip())


def fill(session: Session, own: OwnShop, prices: Iterable[ShopPrice], typed: Mapping[str, str]) -> Filling:
    """Empty fields of prices, or all of them; those of trials stay. `typed`: what stands in the table."""
    text, everywhere = request.form.get("percent", "").strip()[:20], "everywhere" in request.form
    rows = {f"{one.plan.code}|{one.term}": one for one in prices}
    listed = list_prices(session, own, {one.plan.id: one.plan for one in rows.values()})
    named, found, unlisted = "", dict[str, str](), 0
    try:
        percent = parse_mark_up(text)
        for name, one in rows.items():
            if typed.get(name, as_typed(one.asked)) and not everywhere:
                continue
            price = listed.get((one.plan.id, one.term))
            if price is None:
                unlisted += 1
                continue
            named = f"{one.plan.name}, {lasting(one.term)}: "
            found[name] = as_typed(marked_up(price, percent, one.least))
    except InvalidInput as refused:
        return Filling(text, everywhere, named + refusal(refused)[0])
    return Filling(found=found, unlisted=unlisted)
