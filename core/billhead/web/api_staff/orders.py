"""What a customer can buy, what that costs with tax, and the order: as staff order for a customer on a page."""

from contextlib import suppress
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billhead.actions.subscriptions._sale import AddOnOrder, Order
from billhead.actions.subscriptions.order_for import PAY, order_for
from billhead.db import reading
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.plugin import allow
from billhead.web.admin.ordering import Wish, buyer_of, sold_to, wish_of
from billhead.web.api_staff.asking import amount, api_staff, count, quoted, typed
from billhead.web.programs import acting, addons, fields, flag, text
from billhead.web.storefront.offers import AddOn, Audience, Offer, offers

__all__: list[str] = []


@api_staff.get("/customers/<int:key>/plans")
@allow("anyone")
def plans_of_customer(key: int) -> ResponseReturnValue:
    """All that the customer can buy at its prices, also what the shop does not list."""
    with reading() as session:
        row = buyer_of(session, key)
        return {"plans": [_plan(one) for one in offers(session, Audience.of(row), unlisted=True)]}


def _plan(one: Offer) -> dict[str, object]:
    return {
        "plan": one.code,
        "name": one.name,
        "kind": one.kind,
        "needs_mac": one.boxed,
        "connections": one.connections,
        "prices": [
            {
                "term": price.term,
                "amount": amount(price.amount.minor, price.amount.currency),
                "setup": amount(price.setup.minor, price.setup.currency),
                "currency": price.amount.currency,
                "tax_included": price.tax_inclusive,
                "trial": {"term": price.trial_term, "amount": amount(price.trial.minor, price.trial.currency)}
                if price.trial_term
                else None,
            }
            for price in one.prices
        ],
    }


@api_staff.get("/customers/<int:key>/plans/<code>")
@allow("anyone")
def plan_of_customer(key: int, code: str) -> ResponseReturnValue:
    """One of them, with its add-ons: each with its amount for a term."""
    with reading() as session:
        _, one = sold_to(session, buyer_of(session, key), code)
    return _plan(one) | {"add_ons": [_addon(addon) for addon in one.addons]}


def _addon(addon: AddOn) -> dict[str, object]:
    amounts = {term: amount(price.amount.minor, price.amount.currency) for term, price in addon.prices.items()}
    return {"code": addon.code, "name": addon.name, "most": addon.most, "amounts": amounts}


def _term(value: object) -> str:
    if "|" in (term := text(40)(value)):
        raise ValueError("must be a term as it is sold, like 1 month")
    return term


_WISH = {
    "plan": text(100),
    "term": _term,
    "trial": flag,
    "quantity": count,
    "mac": text(30),
    "addons": addons,
    "coupon": text(40),
    "starts_on": typed,
}


def _wished(session: Session, key: int, told: dict[str, Any]) -> Wish:
    """Raises NotFound (customer, plan), InvalidInput naming what is missing or not possible."""
    row = buyer_of(session, key)
    ordered: tuple[AddOnOrder, ...] = told.get("addons", ())
    form = {
        "term": f"{told['term']}|trial" if told.get("trial") else told["term"],
        "mac": told.get("mac", ""),
        "coupon": told.get("coupon", ""),
        "starts_on": told["starts_on"].isoformat() if "starts_on" in told else "",
        **{f"addon-{one.code}": str(one.quantity) for one in ordered},
        **({"quantity": str(told["quantity"])} if "quantity" in told else {}),
    }
    seller, sold = sold_to(session, row, told["plan"])
    unknown = sorted({one.code for one in ordered} - {one.code for one in sold.addons})
    if unknown:
        raise InvalidInput("addons", f"{unknown[0]} is not sold with {sold.code}")
    return wish_of(session, seller, row, sold, form)


@api_staff.post("/customers/<int:key>/quote")
@allow("anyone")
def quote_for_customer(key: int) -> ResponseReturnValue:
    """What it would cost: nothing is written, and no key of idempotency is needed."""
    told = fields(_WISH, ("plan", "term"))
    with reading() as session:
        wish = _wished(session, key, told)
    quote = wish.priced.quote
    assert quote is not None, "`wish_of` refuses what can't be ordered"
    return {
        "currency": quote.currency,
        "net": amount(quote.total_minor - quote.tax_minor, quote.currency),
        "tax": amount(quote.tax_minor, quote.currency),
        "total": amount(quote.total_minor, quote.currency),
        "credit": amount(wish.credit.minor, wish.credit.currency),
        "lines": [quoted(line, quote.currency) for line in quote.lines],
    }


def _least(key: int, code: str) -> int:
    """As the quote counts where nothing is said; a plan that is not sold any more is the order's to refuse."""
    with reading() as session, suppress(NotFound):
        return sold_to(session, buyer_of(session, key), code)[1].least
    return 1


@api_staff.post("/customers/<int:key>/orders")
@allow("anyone")
def order_for_customer(key: int) -> ResponseReturnValue:
    """`total` is what the quote said: where it costs something else by now, nothing is ordered."""
    told = fields(_WISH | {"total": text(30), "pay": text(10)}, ("plan", "term", "total", "pay"))
    if told["pay"] not in PAY:
        raise InvalidInput("pay", f"is not one of {', '.join(PAY)}")
    coupons = (told["coupon"].upper(),) if told.get("coupon") else ()
    if "quantity" not in told:
        told["quantity"] = _least(key, told["plan"])
    order = Order(
        key,
        told["plan"],
        told["term"],
        told.get("addons", ()),
        mac=told.get("mac", ""),
        trial=told.get("trial", False),
        coupons=coupons,
        quantity=told["quantity"],
        starts_on=told.get("starts_on"),
    )
    with acting() as tx:
        expected = Money.parse(told["total"], buyer_of(tx.session, key).currency)
        ordered = order_for(tx, order, expected, told["pay"])
    return {"document": ordered.document_id, "subscriptions": list(ordered.subscription_ids)}, 201
