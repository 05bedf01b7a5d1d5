"""The cart: one plan with its term, add-ons and box, held in the signed session cookie, so no account is needed."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import session as browser
from sqlalchemy.orm import Session

from billhead.actions.billing.quote import Part, Quote, quote, read_buyers, visitor
from billhead.actions.subscriptions.start import AddOnOrder, Order
from billhead.domain.errors import InvalidInput
from billhead.models.sellers import Seller
from billhead.web.request_context import client_address, signed_in
from billhead.web.storefront.offers import Audience, Offer, TermPrice, audience_of, offer

__all__ = ["Basket", "Priced", "audience", "drop_basket", "keep_basket", "kept_basket", "priced", "promote"]


@dataclass(frozen=True, slots=True)
class Basket:
    plan: str
    term: str
    trial: bool = False
    mac: str = ""
    addons: dict[str, int] = field(default_factory=dict)
    coupons: list[str] = field(default_factory=list)
    quantity: int = 1

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
            coupons=tuple(coupons),
            quantity=self.quantity,
        )


@dataclass(frozen=True, slots=True)
class Priced:
    """A basket that can be ordered as it is, and what that costs now.

    `coupons` are the codes that hold, entered or brought by a link; `refused` is why one that was entered does not.
    """

    basket: Basket
    offer: Offer
    price: TermPrice
    quote: Quote
    coupons: tuple[str, ...] = ()
    refused: str = ""


def kept_basket() -> Basket | None:
    stored: dict[str, Any] | None = browser.get("cart")
    try:
        return Basket(**stored) if stored else None
    except TypeError:  # written by another release
        return None


def keep_basket(basket: Basket) -> None:
    browser["cart"] = asdict(basket)


def drop_basket() -> None:
    browser.pop("cart", None)


def audience(session: Session, seller: Seller) -> Audience:
    login = signed_in()
    return audience_of(session, seller, login.customer_id if login else None, browser.get("currency", ""))


def priced(session: Session, seller: Seller, basket: Basket) -> Priced | None:
    """None when the plan, its term or an add-on is not sold any more, or not in this currency."""
    who = audience(session, seller)
    found = offer(session, who, basket.plan)
    price = found.price(basket.term) if found else None
    if found is None or price is None:
        return None
    parts = _parts(found, price, basket)
    if parts is None:
        return None
    login = signed_in()
    if login is not None and login.customer_id is not None:
        buyer = read_buyers(session, [login.customer_id])[login.customer_id]
    else:
        buyer = visitor(who.country, zone=seller.zone)
    trial = basket.trial and bool(price.trial_term)

    def cost(codes: Sequence[str]) -> Quote:
        return quote(session, seller.id, who.currency, parts, buyer, trial=trial, coupons=codes)

    codes, refused = _that_hold(basket, cost)
    return Priced(basket, found, price, cost(codes), tuple(codes), refused)


def _that_hold(basket: Basket, cost: Callable[[Sequence[str]], Quote]) -> tuple[list[str], str]:
    """The codes that can be used, and why one that was entered can't. A link's promotion just holds or does not."""
    codes: list[str] = []
    refused = ""
    for code in (*basket.coupons, *promoted()):
        if code in codes:
            continue
        try:
            cost([*codes, code])
            codes.append(code)
        except InvalidInput as error:
            if error.field != "coupon":
                raise
            if code in basket.coupons:
                refused = f"{error.why[:1].upper()}{error.why[1:]}."
    return codes, refused


def promoted() -> list[str]:
    """Codes of the links by which the visitor came."""
    return [str(code) for code in browser.get("promoted", ())]


def promote(code: str) -> None:
    browser["promoted"] = [code, *(one for one in promoted() if one != code)][:3]


def _parts(found: Offer, price: TermPrice, basket: Basket) -> Sequence[Part] | None:
    if not found.least <= basket.quantity <= max(found.most, found.least):
        return None
    parts = [Part(None, found.plan_id, price.price_id, basket.quantity)]
    known = {addon.code: addon for addon in found.addons}
    for code, quantity in sorted(basket.addons.items()):
        addon = known.get(code)
        if addon is None or basket.term not in addon.prices:
            return None
        parts.append(Part(None, addon.plan_id, addon.prices[basket.term].price_id, quantity))
    return parts
