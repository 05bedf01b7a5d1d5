"""What a plan's form asks for, and whether the cart has room for it."""

from collections.abc import Mapping

from billhead.actions.shops._sells import ADDED
from billhead.domain.errors import InvalidInput
from billhead.domain.mac import parse_mac
from billhead.domain.whole_number import whole_number
from billhead.web.formatting import lasting
from billhead.web.speaking import say, say_count
from billhead.web.storefront.basket import MOST_PLANS, Basket, Cart
from billhead.web.storefront.offers import Offer

__all__ = ["check_room", "chosen_plan"]


def chosen_plan(form: Mapping[str, str], found: Offer, key: str) -> Basket:
    """Raises InvalidInput naming what is missing or not possible."""
    choice = form.get("term", "")
    term, _, trial = choice.partition("|")
    price = found.price(term)
    if price is None or (trial and not price.trial_term):
        raise InvalidInput("term", say("choose for how long"))
    addons = _addons(form, found, term)
    if trial and found.trial_alone and any(one.code in addons and one.kind in ADDED for one in found.addons):
        raise InvalidInput("addons", say("a trial is of the plan alone"), hint=say("add them when it is renewed"))
    mac = _box(form, found, addons)
    asked = form.get("quantity", str(found.least))
    units = whole_number(asked, 5) or 0
    if not found.least <= units <= max(found.most, found.least):
        most = max(found.most, found.least)
        raise InvalidInput("quantity", say("choose from %(least)s to %(most)s", least=found.least, most=most))
    costs = price.trial if trial else price.amount + price.setup
    return Basket(key, found.code, term, bool(trial), mac, addons, units, costs.minor, costs.currency)


def _addons(form: Mapping[str, str], found: Offer, term: str) -> dict[str, int]:
    addons = {}
    for addon in found.addons:
        asked = form.get(f"addon-{addon.code}", "").strip() or "0"
        quantity = whole_number(asked, 5)
        if quantity is None or quantity > addon.most:
            told = say_count(
                "%(addon)s can be had at most %(count)s time",
                "%(addon)s can be had at most %(count)s times",
                addon.most,
                addon=addon.name,
            )
            raise InvalidInput("addons", told)
        if quantity and term not in addon.prices:
            told = say("%(addon)s is not sold for %(term)s", addon=addon.name, term=lasting(term))
            raise InvalidInput("addons", told)
        if quantity:
            addons[addon.code] = quantity
    return addons


def _box(form: Mapping[str, str], found: Offer, addons: dict[str, int]) -> str:
    """The MAC that the plan needs, or "" where none is: the box comes from stock with the order."""
    mac = form.get("mac", "").strip()
    if not found.boxed or (not mac and any(addon.stocked and addon.code in addons for addon in found.addons)):
        return ""
    if not mac:
        told = say("the MAC address of your box is needed")
        raise InvalidInput("mac", told, hint=say("It is on the label below the box."))
    return parse_mac(mac)


def check_room(cart: Cart, basket: Basket, found: Offer) -> None:
    """Raises InvalidInput for what can't stand in the cart beside the others."""
    others = [one for one in cart.plans if one.key != basket.key]
    if len(others) >= MOST_PLANS:
        raise InvalidInput("", say("at most %(most)s plans fit into one order", most=MOST_PLANS))
    if basket.mac and any(one.mac == basket.mac for one in others):
        raise InvalidInput("mac", say("this box stands in your cart already"))
    if basket.trial and found.once and any(one.trial and one.plan == basket.plan for one in others):
        raise InvalidInput("term", say("this trial can be had once, and stands in your cart already"))
