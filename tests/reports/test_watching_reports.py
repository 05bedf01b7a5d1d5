"""What is watched, by whom and for how long; and who watches without paying, or pays without watching."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import NOW, open_shop
from debt_shop import at, november
from sqlalchemy import select

from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.usage._lines import DAY, epoch
from billhead.actions.viewings._contents import keep_contents
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Bouquet, PlanBouquet
from billhead.models.entitlements import Entitlement
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.models.viewings import ContentTitle, SharingCase, Viewing, ViewingCursor
from billhead.reports import ask, report_of, tabled

TODAY = november(22)
SYSTEM = Context.system("test")


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def made(code, **typed):
    found = report_of(code)
    with at(TODAY), reading() as session:
        return tabled(session, found, ask(session, found.report, typed, TODAY)).rows


def line(shop, *, ends=datetime(2026, 12, 4, tzinfo=UTC), **service) -> int:
    plan = shop.plan(f"tv{shop.made}", 1000)
    subscription_id = shop.subscribe(shop.customer(), plan, due=date(2026, 12, 1), anchor=november(1))
    (row,) = shop.all(Service, Service.subscription_id == subscription_id)
    shop.change(Service, row.id, desired_expires_at=ends, observed_at=NOW, sync="ok", **service)
    return row.id


def watched(shop, service_id: int, day: int, minutes=60, *, kind="live", item="1", **more) -> None:
    began = epoch(datetime(2026, 11, day, 12, tzinfo=UTC))
    (panel,) = shop.all(Panel)
    with writing(SYSTEM) as tx:
        watched.count = getattr(watched, "count", 0) + 1
        tx.session.add(
            Viewing(
                panel_id=panel.id, viewing_id=f"r{watched.count}", service_id=service_id, day=began // DAY, began=began,
                ended=began + minutes * 60, kind=kind, item=item, ref=more.get("ref", ""), login=more.get("login", ""),
                ip="", country="", device="", counted=0,
            )
        )  # fmt: skip
        if tx.session.get(ViewingCursor, panel.id) is None:
            tx.session.add(ViewingCursor(panel_id=panel.id, read_to=NOW, looked_at=NOW))


def test_hours_by_channel_day_month_plan_and_kind(shop):
    first, second = line(shop), line(shop)
    watched(shop, first, 2, 90)
    watched(shop, second, 2, 150)
    watched(shop, second, 3, 60, kind="film", item="9")
    watched(shop, second, 1, 600, kind="film", item="9")
    (panel,) = shop.all(Panel)
    with writing(SYSTEM) as tx:
        tx.session.add(ContentTitle(panel_id=panel.id, kind="live", item="1", title="News"))
    assert made("consumption", **{"from": "2026-11-02"}) == [("News", 4, 2, 2), ("9", 1, 1, 1)]
    assert made("consumption", by="day") == [
        ("2026-11-01", 10, 1, 1), ("2026-11-02", 4, 2, 2), ("2026-11-03", 1, 1, 1),
    ]  # fmt: skip
    assert made("consumption", by="kind") == [("film", 11, 2, 1), ("live", 4, 2, 2)]
    assert made("consumption", by="reseller") == [("direct", 15, 4, 2)]
    assert made("consumption", by="month", **{"from": "2026-10-01"}) == [("2026-10", 0, 0, 0), ("2026-11", 15, 4, 2)]
    assert [row[1:] for row in made("consumption", by="plan", kind="live")] == [(3, 1, 1), (2, 1, 1)]
    assert made("consumption", by="bouquet") == []
    assert len(made("consumption", by="panel")) == 1


def test_hours_by_every_bouquet_that_the_line_had_then(shop):
    """The plan's, an add-on's from the tenth on, and an event's for its evening: a bouquet had twice counts once."""
    key = line(shop)
    (service,) = shop.all(Service, Service.id == key)
    addon, price = shop.plan("films", 300)
    final, at_once = shop.plan("final", 1500, "")
    (base,) = shop.all(SubscriptionComponent, SubscriptionComponent.subscription_id == service.subscription_id)
    with writing(SYSTEM) as tx:
        about = {"seller_id": shop.seller_id}
        news, film, sport = (Bouquet(code=name, name=name.title(), **about) for name in ("news", "film", "sport"))
        tx.session.add_all([news, film, sport])
        tx.session.flush()
        brought = ((base.plan_id, news), (addon, film), (addon, news), (final, sport))
        tx.session.add_all([PlanBouquet(plan_id=plan, bouquet_id=one.id) for plan, one in brought])
        part = {"plan_id": addon, "price_id": price, "kind": "addon", "starts_on": november(10)}
        tx.session.add(SubscriptionComponent(subscription_id=service.subscription_id, **part))
        buyer = tx.session.get_one(Subscription, service.subscription_id).customer_id
        tx.session.add(
            Entitlement(
                customer_id=buyer, subscription_id=service.subscription_id, plan_id=final, price_id=at_once,
                state="active", bought_on=november(12), created_at=NOW,
                valid_from=datetime(2026, 11, 15, 11, tzinfo=UTC),
                valid_until=datetime(2026, 11, 15, 20, tzinfo=UTC),
            )
        )  # fmt: skip
    watched(shop, key, 5, 120)
    watched(shop, key, 12, 180)
    watched(shop, key, 15, 60)
    assert made("consumption", by="bouquet") == [("News", 6, 3, 1), ("Film", 4, 2, 1), ("Sport", 1, 1, 1)]
    (panel,) = shop.all(Panel)
    with writing(SYSTEM) as tx:
        for bouquet, remote in ((news, "n"), (film, "f")):
            tx.session.add(PanelBouquet(panel_id=panel.id, bouquet_id=bouquet.id, remote=remote))
    told = {"n": frozenset({"1"}), "f": frozenset(), "x": frozenset({"1"})}
    assert keep_contents(SYSTEM, panel.id, told) == 2
    assert keep_contents(SYSTEM, panel.id, {"n": frozenset({"1", "2"})}) == 1  # asked again; films stay as they were
    # the news hold the channel, the films are told to be empty, of the sport nothing is known
    assert made("consumption", by="bouquet") == [("News", 6, 3, 1), ("Sport", 1, 1, 1)]
    watched(shop, key, 16, 60, kind="episode", item="77")  # of series the panel tells no episodes
    assert made("consumption", by="bouquet")[1:] == [("Film", 1, 1, 1), ("Sport", 1, 1, 1)]
    with writing(SYSTEM) as tx:
        tx.session.delete(tx.session.scalars(select(Viewing).where(Viewing.kind == "episode")).one())
    other = line(shop)  # has news by another plan, and nothing else
    (alone,) = shop.all(Service, Service.id == other)
    (its,) = shop.all(SubscriptionComponent, SubscriptionComponent.subscription_id == alone.subscription_id)
    with writing(SYSTEM) as tx:
        tx.session.add(PlanBouquet(plan_id=its.plan_id, bouquet_id=news.id))
    watched(shop, other, 6, 600)
    none = "none: a package of both would fit"
    assert made("bouquets-together") == [
        ("Film", "News", 1, 1, 100, 4, "films"),  # the rarer one first: one line has films, two have news
        ("Film", "Sport", 1, 1, 100, 4, none),
        ("Sport", "News", 1, 1, 100, 1, none),
    ]
    assert made("bouquets-together", share="101") == []


def leaks(**typed):
    rows = made("watching-leaks", **typed)
    return [(row[0], row[3].key if row[3] else row[5], row[7] and row[7].minor) for row in rows]


def test_who_watches_and_pays_leaks_nothing(shop):
    watched(shop, line(shop), 20)
    assert leaks() == []


def test_each_way_to_leak_with_its_price(shop):
    over = line(shop, ends=datetime(2026, 11, 15, tzinfo=UTC))
    watched(shop, over, 14)
    silent = line(shop)
    shared = line(shop)
    watched(shop, shared, 20)
    watched(shop, 0, 20, login="guest9")
    with writing(SYSTEM) as tx:
        reasons = {"networks": {"was": 9, "may_be": 4}}
        tx.session.add(SharingCase(service_id=shared, score=112, reasons=reasons, found_at=NOW, seen_at=NOW))
    assert leaks(kind="watched_unpaid") == []  # it was paid then
    watched(shop, over, 18)
    assert leaks() == [
        ("Watches, not paid", over, 1000),
        ("Paid, does not watch", silent, 1000),
        ("Watched by several households", shared, 1000),
        ("Watches, and is nobody's line here", f"guest9 on {shop.all(Panel)[0].name}: 1 sessions", None),
    ]
    assert leaks(days="2", kind="watched_unpaid") == []


def test_a_stopped_line_leaks_from_the_day_after(shop):
    service_id = line(shop)
    (service,) = shop.all(Service, Service.id == service_id)
    watched(shop, service_id, 20)
    with at(november(20)), writing(SYSTEM) as tx:
        suspend(tx, service.subscription_id, "staff")
    assert leaks(kind="watched_unpaid") == []
    watched(shop, service_id, 21)
    assert leaks(kind="watched_unpaid") == [("Watches, not paid", service_id, 1000)]
    assert shop.all(Subscription)[0].state == "suspended"
