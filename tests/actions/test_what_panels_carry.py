"""Screens and bouquets are sold where a panel of the plan can give them, and not where nobody would have them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price
from billhead.actions.catalogue.save_bouquet import save_bouquet
from billhead.actions.catalogue.save_plan import PlanEntry, ServiceEntry, save_plan
from billhead.actions.catalogue.save_price_book import BookEntry, save_price_book
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.give_days import GiftScope, preview_give_days
from billhead.actions.subscriptions.start import AddOnOrder, Order, start_subscription
from billhead.db import Tx, reading, writing
from billhead.domain.errors import InvalidInput
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import Capabilities, Expiry, LineKind

EVERY = frozenset(LineKind)
PANELS = {
    "full": Capabilities(Expiry.SETTABLE, EVERY, bouquets=True, connections=True),
    "portal": Capabilities(Expiry.SETTABLE, EVERY, bouquets=True),
    "bought": Capabilities(Expiry.PURCHASED, EVERY),
    "plain": Capabilities(Expiry.SETTABLE, EVERY),
}


@dataclass(frozen=True)
class Settings:
    timeout_seconds: int = 5


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        for code, able in PANELS.items():
            shop.plugins.modules[code] = SimpleNamespace(settings_type=Settings, capabilities=lambda _, able=able: able)
            with writing(SYSTEM) as tx:
                tx.session.add(Panel(seller_id=shop.seller_id, code=code, name=code, module=code, group="any"))
        yield shop


def act(action, *args):
    with writing(SYSTEM) as tx:
        return action(tx, *args)


def saved(shop, code, **entry):
    return act(save_plan, shop.seller_id, PlanEntry(code=code, name=code.title(), **entry)).plan_id


def on(panel, kind="stream", **entry):
    return {"kind": "line", "services": (ServiceEntry(kind, panel),), **entry}


def refused(shop, **entry):
    with pytest.raises(InvalidInput) as error:
        saved(shop, "new", **entry)
    return error.value.field


def test_what_no_panel_gives_is_not_put_on_sale(shop):
    act(save_bouquet, shop.seller_id, "sport", "Sport", {})
    for panel in PANELS:
        saved(shop, panel, **on(panel))
    saved(shop, "box", **on("portal", "mag"))
    saved(shop, "two", **on("full", connections=2, max_units=3))
    saved(shop, "package", **on("bought", connections=2))  # has as many as the package
    assert refused(shop, **on("portal", connections=3)) == "connections"
    assert refused(shop, **on("portal", max_units=2)) == "connections"
    assert refused(shop, **on("bought", max_units=2)) == "connections"
    assert refused(shop, **on("any", connections=2)) == "connections"
    for panel, screens, bouquets in (("full", 1, 1), ("portal", 0, 1), ("bought", 0, 1), ("plain", 0, 0)):
        for kind, sold in (("connection", screens), ("bouquet", bouquets)):
            entry = {"kind": kind, "addon_of": (panel,), "bouquets": ("sport",) if kind == "bouquet" else ()}
            if sold:
                saved(shop, f"{kind}-{panel}", **entry)
            else:
                assert refused(shop, **entry) == "addon_of", (panel, kind)


def test_an_add_on_that_the_plans_panel_can_not_give_is_neither_sold_nor_added(shop):
    act(save_bouquet, shop.seller_id, "sport", "Sport", {})
    book = act(save_price_book, shop.seller_id, BookEntry("eur", "EUR")).book_id
    plans = {}
    for panel in PANELS:
        key = saved(shop, panel, **on(panel))
        plans[panel] = key, act(add_price, NewPrice(book, key, "1 month", Tag(1000))).price_id
    for code, kind, bouquets in (("screen", "connection", ()), ("sport", "bouquet", ("sport",))):
        key = saved(shop, code, kind=kind, bouquets=bouquets, addon_of=("full",))
        act(add_price, NewPrice(book, key, "1 month", Tag(300)))
        with writing(SYSTEM) as tx:  # as a catalogue's file may say
            addon = tx.session.get_one(Plan, key)
            addon.details = {**addon.details, "plans": list(PANELS)}

    def order(plan, *addons):
        wanted = Order(shop.customer(), plan, "1 month", tuple(AddOnOrder(code) for code in addons))
        return act(start_subscription, wanted).subscription_id

    def add(plan, code):
        subscription = shop.subscribe(shop.customer(), plans[plan], due=date(2026, 12, 1), anchor=date(2026, 11, 1))
        return act(change, ChangeWish(subscription, addons=(AddOnOrder(code),)))

    order("full", "screen", "sport")
    order("portal", "sport")
    order("bought", "sport")  # it is bought with its bouquets
    for plan, addon in (("portal", "screen"), ("bought", "screen"), ("plain", "screen"), ("plain", "sport")):
        with pytest.raises(InvalidInput, match=f"{addon.title()} can't be added to {plan.title()}"):
            order(plan, addon)
    assert len(shop.all(Service)) == 3

    add("full", "screen")
    for plan, addon in (("portal", "screen"), ("bought", "sport"), ("plain", "sport")):  # bought without it till then
        with pytest.raises(InvalidInput, match=f"{addon.title()} can't be added to {plan.title()}"):
            add(plan, addon)


def test_the_figures_of_given_days_say_whose_panel_sells_time(shop):
    sold = shop.plan("tv", 1000)
    for panel in ("bought", "full", "bought"):
        subscription = shop.subscribe(shop.customer(), sold, due=date(2026, 12, 1), anchor=date(2026, 11, 1))
        (line,) = shop.all(Service, Service.subscription_id == subscription)
        (place,) = shop.all(Panel, Panel.code == panel)
        shop.change(Service, line.id, panel_id=place.id)
    with reading() as session:
        found = preview_give_days(Tx(SYSTEM, session), GiftScope(plan_id=sold[0]), 3)
    assert (found.subscriptions, found.bought) == (3, 2)
