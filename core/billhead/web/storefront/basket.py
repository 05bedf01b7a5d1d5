"""The cart: several plans, each with its term, units, add-ons and box, held in the signed session cookie.

No account is needed, and signing in keeps it. The cookie is the shop's own, and what is kept names its seller: a cart
of one shop is none at another. It names its customer too: a login can end by itself, and the next person at the
browser is shown nothing of it. What it held before the last change is kept beside it, to be put back.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from flask import session as browser

from billhead.actions.subscriptions.start import AddOnOrder, Order
from billhead.web.request_context import browser as ordering_from
from billhead.web.request_context import client_address, current_seller, signed_in

__all__ = [
    "MOST_PLANS",
    "Basket",
    "Cart",
    "Undo",
    "add_to_cart",
    "change_cart",
    "drop_cart",
    "keep_cart",
    "kept_cart",
    "new_key",
    "promote",
    "promoted",
    "undo",
    "undo_change",
]

MOST_PLANS = 10
_CART, _BEFORE = "cart", "cart_before"


@dataclass(frozen=True, slots=True)
class Basket:
    """One plan as it was chosen. `key` names it within the cart. `was_minor` of `currency` is what one unit cost for
    its term then, with the set-up fee. `starts_on`: a later day (ISO), where staff have chosen one."""

    key: str
    plan: str
    term: str
    trial: bool = False
    mac: str = ""
    addons: dict[str, int] = field(default_factory=dict)
    quantity: int = 1
    was_minor: int = 0
    currency: str = ""
    starts_on: str = ""

    def order(self, customer_id: int, coupons: Sequence[str]) -> Order:
        wanted = tuple(AddOnOrder(code, quantity) for code, quantity in sorted(self.addons.items()))
        return Order(
            customer_id,
            self.plan,
            self.term,
            wanted,
            mac=self.mac,
            trial=self.trial,
            ip=client_address(),
            device=ordering_from().mark,
            coupons=tuple(coupons),
            quantity=self.quantity,
            starts_on=date.fromisoformat(self.starts_on) if self.starts_on else None,
        )


@dataclass(frozen=True, slots=True)
class Cart:
    """`coupons` are codes that were entered."""

    plans: tuple[Basket, ...] = ()
    coupons: tuple[str, ...] = ()

    def plan(self, key: str) -> Basket | None:
        return next((one for one in self.plans if one.key == key), None)

    def with_plan(self, basket: Basket) -> "Cart":
        """In the place of the one with its key, else at the end."""
        if self.plan(basket.key) is None:
            return replace(self, plans=(*self.plans, basket))
        return replace(self, plans=tuple(basket if one.key == basket.key else one for one in self.plans))

    def without(self, *keys: str) -> "Cart":
        return replace(self, plans=tuple(one for one in self.plans if one.key not in keys))


@dataclass(frozen=True, slots=True)
class Undo:
    """The last change of the cart: removed, changed or emptied; `plan` is the name of what it was about."""

    did: str
    plan: str


def new_key() -> str:
    return secrets.token_hex(4)


def kept_cart() -> Cart:
    _claim()
    return _read(browser.get(_CART))


def keep_cart(cart: Cart) -> None:
    """As it is now; what was kept to be put back stays."""
    seller = current_seller()
    if seller is None or not (cart.plans or cart.coupons):
        browser.pop(_CART, None)
        return
    browser[_CART] = {
        "seller": seller.id,
        "customer": _customer(),
        "plans": [asdict(one) for one in cart.plans],
        "coupons": list(cart.coupons),
    }


def add_to_cart(cart: Cart) -> None:
    """With one more in it; what it was before is past then."""
    browser.pop(_BEFORE, None)
    keep_cart(cart)


def change_cart(cart: Cart, did: str, plan: str) -> None:
    """Keep it, and what it was before."""
    browser[_BEFORE] = {"did": did, "plan": plan[:80], "cart": browser.get(_CART)}
    keep_cart(cart)


def drop_cart() -> None:
    browser.pop(_CART, None)
    browser.pop(_BEFORE, None)


def undo() -> Undo | None:
    """What can be put back."""
    _claim()
    before = browser.get(_BEFORE)
    return Undo(before["did"], before["plan"]) if before and _read(before["cart"]).plans else None


def undo_change() -> None:
    """Put back the plans as they were; codes that were entered meanwhile stay."""
    before = browser.pop(_BEFORE, None)
    if before:
        old = _read(before["cart"])
        keep_cart(replace(old, coupons=kept_cart().coupons or old.coupons))


def _customer() -> int | None:
    login = signed_in()
    return login.customer_id if login is not None else None


def _claim() -> None:
    """What was chosen before signing in is the customer's from then on."""
    me = _customer()
    for stored in (browser.get(_CART), (browser.get(_BEFORE) or {}).get("cart")):
        if me is not None and stored and stored.get("customer", me) is None:
            stored["customer"] = me
            browser.modified = True


def _read(stored: Any) -> Cart:
    if not stored:
        return Cart()
    seller = current_seller()
    try:
        if seller is None or stored["seller"] != seller.id or stored["customer"] not in (None, _customer()):
            return Cart()
        return Cart(tuple(Basket(**one) for one in stored["plans"]), tuple(stored["coupons"]))
    except (KeyError, TypeError):  # written by another release
        return Cart()


def promoted() -> list[str]:
    """Codes of the links by which the visitor came."""
    return [str(code) for code in browser.get("promoted", ())]


def promote(code: str) -> None:
    browser["promoted"] = [code, *(one for one in promoted() if one != code)][:3]
