"""What is licensed for some countries is ordered there alone, by whomever; what somebody has already stays theirs."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price
from billhead.actions.catalogue.prices_for import Audience
from billhead.actions.catalogue.save_bouquet import save_bouquet
from billhead.actions.catalogue.save_plan import PartEntry, PlanEntry, ServiceEntry, save_plan
from billhead.actions.catalogue.save_price_book import BookEntry, save_price_book
from billhead.actions.entitlements.buy_once import buy_once
from billhead.actions.shops._sells import assortment
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.subscriptions.change_choices import change_choices
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.regions import Regions
from billhead.models.catalogue import Bouquet, Plan, Price, PriceBook
from billhead.models.operations import AuditEntry
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.web.storefront.offers import offer, offers

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)
STREAM = ServiceEntry("stream", "p1")


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        act(save_price_book, shop.seller_id, BookEntry("eur", "EUR"))
        act(save_bouquet, shop.seller_id, "league", "League", {}, regions=Regions("only", ("de", "AT")))
        plan(shop, "tv")
        plan(shop, "nordic", country_rule="except", countries=("SE",))
        plan(shop, "football", bouquets=("league",))
        addon = {"kind": "bouquet", "services": (), "connections": 0, "addon_of": ("tv", "nordic")}
        plan(shop, "matches", bouquets=("league",), **addon)
        yield shop


def act(action, *args, **more):
    with writing(SYSTEM) as tx:
        return action(tx, *args, **more)


def plan(shop, code, term="1 month", **entry):
    entry = {"kind": "line", "services": (STREAM,), "family": "tv", **entry}
    saved = act(save_plan, shop.seller_id, PlanEntry(code=code, name=code.title(), **entry)).plan_id
    act(add_price, NewPrice(shop.all(PriceBook)[0].id, saved, term, Tag(1000)))
    return saved


def refused(action, *args):
    with pytest.raises(InvalidInput) as told:
        act(action, *args)
    assert told.value.code == "not_licensed"
    return told.value.field, told.value.why


def order(customer, code, *addons):
    return Order(customer, code, "1 month", tuple(AddOnOrder(one) for one in addons))


def sold_to(customer_id):
    with reading() as session:
        customer = session.get_one(Customer, customer_id)
        return {one.code for one in offers(session, Audience.of(customer))}


@pytest.mark.parametrize(
    ("country", "code", "addons", "why"),
    [
        ("SE", "nordic", (), ("plan", "Nordic is not licensed in SE")),
        ("FI", "football", (), ("plan", "League is licensed only in AT, DE, and not in FI")),
        ("FI", "tv", ("matches",), ("addons", "League is licensed only in AT, DE, and not in FI")),
        ("", "football", (), ("plan", "League is licensed in some countries alone, and no country is known here")),
    ],
)
def test_an_order_from_elsewhere_is_refused_with_field_and_reason(shop, country, code, addons, why):
    customer = shop.customer(country=country)
    assert refused(start_subscription, order(customer, code, *addons)) == why
    assert code not in sold_to(customer) or addons


def test_where_it_is_licensed_it_is_sold_and_shown(shop):
    austrian = shop.customer(country="AT")
    act(start_subscription, order(austrian, "football"))
    act(start_subscription, order(austrian, "tv", "matches"))
    act(start_subscription, order(shop.customer(country="FI"), "nordic"))
    assert sold_to(austrian) == {"tv", "nordic", "football"}


def test_a_bundle_is_sold_where_each_part_is(shop):
    plan(shop, "all", kind="bundle", services=(), parts=(PartEntry("nordic", 1), PartEntry("matches", 1)))
    told = [refused(start_subscription, order(shop.customer(country=one), "all"))[1] for one in ("SE", "FI")]
    assert told == ["Nordic is not licensed in SE", "League is licensed only in AT, DE, and not in FI"]
    act(start_subscription, order(shop.customer(country="DE"), "all"))


def test_who_moved_keeps_what_they_have_and_adds_nothing_that_is_not_licensed(shop):
    customer = shop.customer(country="DE")
    tv, film = shop.get(Plan, 1), shop.all(Plan, Plan.code == "matches")[0]
    prices = {one.id: price for one, price in shop_prices(tv, film)}
    mine = shop.subscribe(customer, (tv.id, prices[tv.id]), (film.id, prices[film.id]), anchor=NOV, due=DEC)
    shop.change(Customer, customer, country="SE")
    assert refused(change, ChangeWish(mine, plan="nordic"))[0] == "plan"
    with reading() as session:
        choices = change_choices(session, mine)
    assert {one.code for one in choices.plans} == {"tv"}
    assert [one.had for one in choices.addons] == [1]
    act(change, ChangeWish(mine, addons=()))  # and can let it go
    other = shop.subscribe(customer, (tv.id, prices[tv.id]), anchor=NOV, due=DEC)
    assert refused(change, ChangeWish(other, addons=(AddOnOrder("matches"),))) == (
        "addons", "League is licensed only in AT, DE, and not in SE",
    )  # fmt: skip


def shop_prices(*plans):
    with reading() as session:
        for one in plans:
            yield one, session.scalar(select(Price.id).where(Price.plan_id == one.id))


def test_an_event_is_bought_where_it_is_licensed(shop):
    final = {"starts": "2026-11-19T17:00:00+00:00", "ends": "2026-11-20T05:00:00+00:00"}
    shop.plan("final", 1500, "", details=final)
    one = shop.all(Plan, Plan.code == "final")[0]
    shop.change(Plan, one.id, kind="ppv", country_rule="only", countries=["DE"])
    tv = shop.plan("plain", 1000)
    finn, german = (shop.subscribe(shop.customer(country=c), tv, anchor=NOV, due=DEC) for c in ("FI", "DE"))
    assert refused(buy_once, finn, "final") == ("plan", "final is licensed only in DE, and not in FI")
    act(buy_once, german, "final")


def test_a_visitor_is_not_shown_what_may_not_be_sold_where_they_seem_to_be(shop):
    with reading() as session:
        seller = session.get_one(Seller, shop.seller_id)

        def shown(seen_in):
            return {one.code for one in offers(session, Audience.of_visitor(seller, "EUR", seen_in))}

        assert shown("") == {"tv", "nordic"}  # the seller is in Finland
        assert (shown("SE"), shown("DE")) == ({"tv"}, {"tv", "nordic", "football"})
        sold = assortment(session, seller.id)
        german = offer(session, sold, Audience.of_visitor(seller, "EUR", "DE"), "tv")
        finnish = offer(session, sold, Audience.of_visitor(seller, "EUR"), "tv")
    assert [[one.code for one in found.addons] for found in (german, finnish)] == [["matches"], []]


def test_countries_are_checked_and_their_change_is_in_the_audit_trail(shop):
    wrong = (("only", (), "countries"), ("", ("DE",), "country_rule"), ("only", ("UK",), "countries"))
    for rule, countries, field in wrong:
        with pytest.raises(InvalidInput) as told:
            plan(shop, "odd", country_rule=rule, countries=countries)
        assert told.value.field == field
    tv = shop.all(Plan, Plan.code == "tv")[0]
    entry = PlanEntry(
        "tv", "Tv", "line", services=(STREAM,), family="tv", country_rule="except", countries=("us", "CA")
    )
    act(save_plan, shop.seller_id, entry, tv.id)
    assert (shop.get(Plan, tv.id).countries, shop.all(Bouquet)[0].countries) == (["CA", "US"], ["AT", "DE"])
    trail = shop.all(AuditEntry, AuditEntry.action == "catalogue.save_plan", AuditEntry.subject == f"plan:{tv.id}")
    assert trail[-1].details == {"sold": {"before": "everywhere", "after": "not in CA, US"}}
