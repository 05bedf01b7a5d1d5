"""What the cart costs now: each plan that can be ordered, what it renews at, the coupons that hold, and the tax."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import session as browser
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing.quote import (
    Buyer,
    Part,
    Portion,
    Quote,
    Wanted,
    quote,
    read_buyers,
    spread_codes,
    visitor,
)
from billhead.actions.catalogue._regions import not_licensed
from billhead.actions.shops._sells import Assortment, assortment
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.sellers import Seller
from billhead.web.errors import reason, refusal
from billhead.web.own_words import own_word
from billhead.web.request_context import client_country, signed_in
from billhead.web.speaking import say
from billhead.web.storefront.basket import Basket, Cart, promoted
from billhead.web.storefront.offers import Audience, Offer, TermPrice, audience_of, currencies, offer

__all__ = ["Gone", "Priced", "PricedPlan", "audience", "priced", "priced_for"]


@dataclass(frozen=True, slots=True)
class PricedPlan:
    """A plan of the cart that can be ordered as it is. `was`: what it cost when it was chosen, if that has changed."""

    basket: Basket
    offer: Offer
    price: TermPrice
    portion: Portion
    coupons: tuple[str, ...]
    was: Money | None

    @property
    def now(self) -> Money:
        return _asked(self.basket, self.price)


@dataclass(frozen=True, slots=True)
class Gone:
    """A plan of the cart that can't be ordered. `why` not now, as a sentence; "" where it is sold no more."""

    basket: Basket
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Priced:
    """`quote` is None where nothing can be ordered. `coupons` are the codes that hold, entered or brought by a link;
    `refused` is why one that was entered does not. `estimated_for`: the country of whose tax this is a guess, or ""."""

    cart: Cart
    plans: tuple[PricedPlan, ...]
    gone: tuple[Gone, ...]
    quote: Quote | None
    coupons: tuple[str, ...] = ()
    refused: str = ""
    estimated_for: str = ""

    @property
    def total(self) -> Money:
        assert self.quote is not None, "something can be ordered"
        return Money(self.quote.total_minor, self.quote.currency)

    @property
    def seen(self) -> str:
        """A digest of what is shown: another one, and something has changed since."""
        lines = self.quote.lines if self.quote else ()
        shown = [
            [
                [
                    one.basket.key,
                    one.basket.mac,
                    one.basket.trial,
                    one.basket.starts_on,
                    one.price.term,
                    one.portion.renewal,
                ]
                for one in self.plans
            ],
            [[line.description, line.kind, line.quantity, line.net_minor, line.tax_minor] for line in lines],
            [self.quote.currency, self.quote.total_minor, self.quote.hold] if self.quote else [],
        ]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def audience(session: Session, seller: Seller) -> Audience:
    login = signed_in()
    return audience_of(
        session, seller, login.customer_id if login else None, browser.get("currency", ""), client_country()
    )


def priced(session: Session, seller: Seller, cart: Cart) -> Priced:
    """For who is at the browser, with the coupons of the links by which they came."""
    codes = [*cart.coupons, *(code for code in promoted() if code not in cart.coupons)]
    return priced_for(session, seller, cart, audience(session, seller), *_buyer(session, seller), codes=codes)


def priced_for(
    session: Session,
    seller: Seller,
    cart: Cart,
    who: Audience,
    buyer: Buyer,
    estimated_for: str = "",
    *,
    codes: Sequence[str],
) -> Priced:
    """For anybody; `codes` are all that may hold."""
    sold = assortment(session, seller.id)
    offers = {code: offer(session, sold, who, code) for code in dict.fromkeys(one.plan for one in cart.plans)}
    found: list[tuple[Basket, Offer, TermPrice, Wanted]] = []
    gone: list[Gone] = []
    for basket in cart.plans:
        fits = _fitting(offers[basket.plan], basket)
        if fits is None:
            gone.append(_gone(session, seller, sold, who, basket))
        elif found and fits[1].tax_inclusive != found[0][2].tax_inclusive:
            gone.append(Gone(basket, fits[0].name, say("It can't be ordered together with the others.")))
        else:
            found.append((basket, *fits))
    if not found:
        return Priced(cart, (), tuple(gone), None)
    wanted = [one[3] for one in found]
    spread = spread_codes(session, seller.id, who.currency, wanted, buyer, codes)
    wanted = [one._replace(coupons=coupons) for one, coupons in zip(wanted, spread.coupons, strict=True)]
    told = quote(session, seller.id, who.currency, wanted, buyer, spread.catalogue)
    plans = tuple(
        PricedPlan(basket, offered, price, portion, coupons, _was(basket, price))
        for (basket, offered, price, _), portion, coupons in zip(found, told.portions, spread.coupons, strict=True)
    )
    refused = next((refusal(spread.refused[code])[0] for code in cart.coupons if code in spread.refused), "")
    held = tuple(code for code in codes if code not in spread.refused)
    return Priced(cart, plans, tuple(gone), told, held, refused, estimated_for)


def _buyer(session: Session, seller: Seller) -> tuple[Buyer, str]:
    """A customer; or a visitor from where the proxy in front sees them, else from the seller's own country."""
    login = signed_in()
    if login is not None and login.customer_id is not None:
        return read_buyers(session, [login.customer_id])[login.customer_id], ""
    country = client_country() or seller.country
    return visitor(country, zone=seller.zone), country


def _fitting(found: Offer | None, basket: Basket) -> tuple[Offer, TermPrice, Wanted] | None:
    """None when the plan, its term or an add-on is not sold any more, or not in this currency."""
    price = found.price(basket.term) if found else None
    if found is None or price is None or (basket.trial and not price.trial_term):
        return None
    parts = _parts(found, price, basket)
    begins = date.fromisoformat(basket.starts_on) if basket.starts_on else None
    return None if parts is None else (found, price, Wanted(parts, basket.trial, starts_on=begins))


def _parts(found: Offer, price: TermPrice, basket: Basket) -> Sequence[Part] | None:
    if not found.least <= basket.quantity <= max(found.most, found.least):
        return None
    parts = [Part(None, found.plan_id, price.price_id, basket.quantity)]
    known = {addon.code: addon for addon in found.addons}
    for code, quantity in sorted(basket.addons.items()):
        addon = known.get(code)
        if addon is None or basket.term not in addon.prices or quantity > addon.most:
            return None
        parts.append(Part(None, addon.plan_id, addon.prices[basket.term].price_id, quantity))
    return parts


def _gone(session: Session, seller: Seller, sold: Assortment, who: Audience, basket: Basket) -> Gone:
    plan = session.scalar(select(Plan).where(Plan.seller_id == sold.seller_id, Plan.code == basket.plan))
    if plan is None or plan.retired:
        return Gone(basket, own_word(plan.name) if plan is not None else basket.plan, "")
    return Gone(basket, own_word(plan.name), _why(session, seller, sold, who, plan, basket))


def _why(session: Session, seller: Seller, sold: Assortment, who: Audience, plan: Plan, basket: Basket) -> str:
    """Of a plan that is sold, though not now, not to them or not so."""
    if sold.closed:
        return say("This shop is closed.")
    addons = select(Plan.id).where(Plan.seller_id == plan.seller_id, Plan.code.in_(basket.addons))
    refused = not_licensed(session, [plan.id, *session.scalars(addons)], who.seen_in or who.country)
    if refused:
        return reason(InvalidInput("plan", next(iter(refused.values()))))
    if _fitting(offer(session, sold, Audience.of_visitor(seller, who.currency), basket.plan), basket) is not None:
        return say("It can't be ordered with your address.")
    others = [replace(one, currency=code) for code in currencies(session, seller)
              for one in (who, Audience.of_visitor(seller))]  # fmt: skip
    if any(_fitting(offer(session, sold, one, basket.plan), basket) is not None for one in others):
        return say("It is not sold in this currency.")
    return say("It can't be ordered now as you chose it.")


def _asked(basket: Basket, price: TermPrice) -> Money:
    return price.trial if basket.trial else price.amount + price.setup


def _was(basket: Basket, price: TermPrice) -> Money | None:
    now = _asked(basket, price)
    if basket.currency != now.currency or basket.was_minor == now.minor:
        return None
    return Money(basket.was_minor, basket.currency)
