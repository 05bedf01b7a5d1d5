"""What the reseller itself asks for a plan and what is added to it: its margin is counted by it."""

from dataclasses import dataclass

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.resellers.set_own_price import set_own_price
from billhead.db import Tx, reading
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.pages import page
from billhead.web.reseller.area import own_customer, own_id, own_reseller, own_rights, reseller
from billhead.web.reseller.offers import addons_for, offers_for
from billhead.web.reseller.price_table import Asked, save_changed, typed_in
from billhead.web.speaking import marked, say

__all__: list[str] = []


_CSV = (marked("Plan"), marked("Term"), marked("Takes credits"), marked("You ask"), marked("Currency"))


@reseller.get("/prices")
@allow("reseller", "super_reseller")
def prices() -> ResponseReturnValue:
    """`?format=csv`: as a file."""
    return _as_csv() if request.args.get("format") == "csv" else _shown({})


@reseller.post("/prices")
@allow("reseller", "super_reseller")
def set_prices() -> ResponseReturnValue:
    """All of the table at once."""
    with reading() as session:
        currency = own_customer(session).currency
        sold, mine = _for_sale(session), _mine(session, currency)
    table = [Asked(one.field, one.name, one.term, mine.get((one.code, one.term), "")) for one in sold]
    typed = typed_in(table)
    if refused := save_changed(table, typed, currency, _put):
        problem, status = refused
        return _shown(typed, problem), status
    flash(say("Saved. It holds for new users from now on."), "good")
    return redirect(url_for("reseller.prices"), 303)


def _put(tx: Tx, field: str, amount: Money | None) -> None:
    plan, term = field.split("|", 1)
    assert amount is not None, "no price of one's own may be emptied"
    set_own_price(tx, own_id(), plan, term, amount)


def _shown(typed: dict[str, str], problem: str = "") -> str:
    with reading() as session:
        own = own_customer(session)
        sold, mine = _for_sale(session), _mine(session, own.currency)
        floor = own_rights(session).floor_percent
    shown = {"sold": sold, "mine": mine, "floor": floor, "currency": own.currency, "typed": typed}
    return page("reseller/prices.html", **shown, problem=problem)


def _as_csv() -> ResponseReturnValue:
    with reading() as session:
        currency = own_customer(session).currency
        sold, mine = _for_sale(session), _mine(session, currency)
    rows = [
        (one.name, one.term, str(Money(one.minor, CREDITS).decimal()), asks := mine.get((one.code, one.term), ""),
         currency if asks else "")
        for one in sold
    ]  # fmt: skip
    return csv_response("prices", [say(head) for head in _CSV], rows)


@dataclass(frozen=True, slots=True)
class _Sold:
    """`minor`: hundredths of a credit."""

    code: str
    name: str
    term: str
    minor: int

    @property
    def field(self) -> str:
        return f"{self.code}|{self.term}"


def _for_sale(session: Session) -> list[_Sold]:
    """What can be added after what it is added to."""
    me, own = own_reseller(session), own_customer(session)
    offers = offers_for(session, me, own)
    addons = addons_for(session, me, own, {one.code for one in offers})
    plans = [_Sold(one.code, one.name, one.term, one.minor) for one in offers]
    return plans + [_Sold(one.code, one.name, term, minor) for one in addons for term, minor in one.prices.items()]


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
