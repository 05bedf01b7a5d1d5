"""The catalogue as staff edit it, and what of it comes to a customer: bundles, seasons, units, things sold once."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from coupon_shop import lines, paid

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price
from billhead.actions.catalogue.allow_change import allow_change
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.catalogue.save_bouquet import save_bouquet
from billhead.actions.catalogue.save_plan import PartEntry, PlanEntry, ServiceEntry, preview_save_plan, save_plan
from billhead.actions.catalogue.save_price_book import BookEntry, save_price_book
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.start import AddOnOrder, Order, start_subscription
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.catalogue import Plan, PlanChange, PriceBook
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.plugin import ReportAsked
from billhead.reports import report_of
from billhead.reports._source import Source

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
STREAM = ServiceEntry("stream", "p1")


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, lead_days=7) as shop, at("2026-11-01"):
        act(save_price_book, shop.seller_id, BookEntry("eur", "EUR"))
        yield shop


def at(day):
    return clock.business_time(datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC))


def act(action, *args, **more):
    with writing(SYSTEM) as tx:
        return action(tx, *args, **more)


def plan(shop, code, minor, *, term="1 month", price=None, **entry):
    entry = {"kind": "line", "services": (STREAM,), **entry} if entry.get("kind", "line") == "line" else entry
    saved = act(save_plan, shop.seller_id, PlanEntry(code=code, name=code.title(), **entry)).plan_id
    book = shop.all(PriceBook)[0].id
    act(add_price, NewPrice(book, saved, term, price or Tag(minor)))
    return saved


def order(shop, customer, code, term="1 month", **more):
    started = act(start_subscription, Order(customer, code, term, **more))
    return started.subscription_id, started.document_id


def test_the_most_specific_book_wins(shop):
    tv = plan(shop, "tv", 1000)
    audiences = [("fi", {"country": "FI"}, 900), ("vip", {"price_group": "vip"}, 800)]
    for code, whom, minor in audiences:
        book = act(save_price_book, shop.seller_id, BookEntry(code, "EUR", **whom)).book_id
        act(add_price, NewPrice(book, tv, "1 month", Tag(minor)))
    dollars = act(save_price_book, shop.seller_id, BookEntry("usd", "USD")).book_id
    act(add_price, NewPrice(dollars, tv, "1 month", Tag(1)))

    def costs(**who):
        audience = Audience(**{"seller_id": shop.seller_id, "currency": "EUR", "country": "SE", "on": NOV, **who})
        with reading() as session:
            return prices_for(session, audience)[tv, "1 month"].price.amount_minor

    assert [costs(), costs(country="FI"), costs(price_group="vip"), costs(country="FI", price_group="vip")] == [
        1000, 900, 800, 800,
    ]  # fmt: skip
    assert costs(currency="USD", country="FI") == 1


def test_prices_hold_from_their_day_on(shop):
    tv = plan(shop, "tv", 1000)
    book = shop.all(PriceBook)[0].id
    act(add_price, NewPrice(book, tv, "1 month", Tag(1200), valid_from=DEC))
    _, now = order(shop, shop.customer(), "tv")
    with at("2026-12-01"):
        _, then = order(shop, shop.customer(), "tv")
    assert [shop.get(Document, one).net_minor for one in (now, then)] == [1000, 1200]


def test_a_bundle_is_one_line_with_the_lines_of_its_parts_and_revenue_by_weight(shop):
    act(save_bouquet, shop.seller_id, "news", "News", {"p1": "7"})
    act(save_bouquet, shop.seller_id, "films", "Films", {})
    plan(shop, "tv", 1000, bouquets=("news",), connections=2)
    plan(shop, "box", 500, services=(ServiceEntry("mag", "p1"),))
    plan(shop, "film", 300, kind="bouquet", bouquets=("films",), addon_of=("tv",), connections=0)
    parts = (PartEntry("tv", 3), PartEntry("box", 2), PartEntry("film", 1))
    bundle = plan(shop, "family", 1300, kind="bundle", parts=parts)
    subscription, proforma = order(shop, shop.customer(), "family", mac="00:1A:79:00:00:01")
    assert lines(shop, proforma) == [(1300, 0, "")]
    services = shop.all(Service, Service.subscription_id == subscription)
    assert [(one.kind, one.desired_connections, len(one.desired_bouquets)) for one in services] == [
        ("stream", 2, 2),
        ("mag", 1, 2),
    ]
    paid(shop, proforma)
    report = report_of("bundle-revenue").report
    with reading() as session:
        asked = ReportAsked({"from": None, "to": DEC, "seller": None, "currency": None}, DEC)
        rows = [(part, money.minor) for _, part, money in report.rows(Source(session), asked)]
    assert rows == [("Box", 433), ("Film", 217), ("Tv", 650)]  # 13.00 by 3 : 2 : 1
    # what a part brings now, the bundle brings too
    act(save_plan, shop.seller_id, PlanEntry("tv", "Tv", "line", services=(STREAM,), connections=4), _id(shop, "tv"))
    assert shop.get(Plan, bundle).connections == 4


def _id(shop, code):
    return next(one.id for one in shop.all(Plan) if one.code == code)


def test_units_are_billed_and_watched_each(shop):
    plan(shop, "hotel", 200, min_units=10, max_units=50, price=Tag(200, setup_minor=50))
    for wrong in (9, 51):
        with pytest.raises(InvalidInput) as refused:
            order(shop, shop.customer(), "hotel", quantity=wrong)
        assert refused.value.field == "quantity"
    subscription, proforma = order(shop, shop.customer(), "hotel", quantity=20)
    assert shop.get(Document, proforma).net_minor == 20 * 250
    assert shop.all(Service, Service.subscription_id == subscription)[0].desired_connections == 20


def test_what_is_sold_once_with_the_order_is_never_renewed(shop):
    plan(shop, "tv", 1000)
    plan(shop, "stick", 3900, term="", kind="device", addon_of=("tv",), connections=0)
    subscription, proforma = order(shop, shop.customer(), "tv", addons=(AddOnOrder("stick"),))
    assert [(row.kind, row.net_minor) for row in shop.all(DocumentLine)] == [("recurring", 1000), ("one_off", 3900)]
    paid(shop, proforma)
    shop.run(date(2026, 11, 25))
    assert [row.net_minor for row in shop.all(Document, Document.state == "open")] == [1000]
    assert shop.get(Subscription, subscription).state == "active"


def test_a_free_plan_begins_at_once_and_goes_on_by_itself(shop):
    plan(shop, "free", 0)
    subscription, invoice = order(shop, shop.customer(card=False), "free")
    assert (shop.get(Document, invoice).kind, shop.get(Document, invoice).state) == ("invoice", "paid")
    shop.run(date(2026, 11, 25))
    assert shop.get(Subscription, subscription).paid_through == JAN
    with at("2026-12-02"):
        assert act(lapse).expired == 0


def test_a_free_plan_renewed_by_hand_goes_on_where_invoices_wait_for_staff(shop):
    """Nobody could pay what its draft was over."""
    customer = shop.customer(consolidate=True)
    since = {"due": date(2026, 11, 25), "anchor": NOV, "collection": "manual", "paid_through": DEC}
    subscription = shop.subscribe(customer, shop.plan("free", 0), **since)
    charged = shop.subscribe(customer, shop.plan("films", 300), due=date(2026, 11, 25), anchor=date(2026, 11, 25))
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.run(date(2026, 11, 25))
    kept, held = shop.get(Subscription, subscription), shop.get(Subscription, charged)
    assert (kept.paid_through, held.paid_through) == (JAN, date(2026, 11, 25))
    states = {one.subscription_id: (one.state, one.total_minor) for one in shop.all(Document, Document.run_id > 0)}
    assert states == {subscription: ("paid", 0), charged: ("draft", 360)}
    with at("2026-12-02"):
        assert act(lapse).expired == 0
    assert {line.desired_expires_at for line in shop.all(Service, Service.subscription_id == subscription)} == {
        datetime(2027, 1, 4, tzinfo=UTC)
    }


def test_a_paid_trial_becomes_the_plan(shop):
    plan(shop, "tv", 1000, price=Tag(1000, trial_term="7 days", trial_minor=100))
    subscription, proforma = order(shop, shop.customer(), "tv", trial=True)
    paid(shop, proforma)
    shop.run(date(2026, 11, 4))
    trial = shop.get(Subscription, subscription)
    assert (trial.state, trial.phase_ends_on) == ("trial", date(2026, 11, 8))
    (offer,) = shop.all(Document, Document.state == "open")
    assert offer.net_minor == 1000
    paid(shop, offer.id, "2026-11-05")
    after = shop.get(Subscription, subscription)
    assert (after.state, after.phase, after.billed_through) == ("active", "recurring", date(2026, 12, 8))


def test_a_fixed_term_ends_by_itself(shop):
    plan(shop, "summer", 1000, fixed_term="2 months")
    subscription, proforma = order(shop, shop.customer(), "summer")
    paid(shop, proforma)
    assert shop.get(Subscription, subscription).service_ends_on == JAN
    shop.run(date(2026, 11, 25))
    (offer,) = shop.all(Document, Document.state == "open")
    paid(shop, offer.id, "2026-11-25")
    after = shop.get(Subscription, subscription)
    assert (after.billed_through, after.next_bill_on) == (JAN, None)
    with at("2027-01-01"):
        assert act(lapse).canceled == 1


def test_a_season_pass_is_paid_by_day_in_its_last_month_and_not_sold_afterwards(shop):
    plan(shop, "league", 3000, season_ends_on=date(2026, 12, 11))
    subscription, proforma = order(shop, shop.customer(), "league")
    paid(shop, proforma)
    shop.run(date(2026, 11, 25))
    (offer,) = shop.all(Document, Document.state == "open")
    assert offer.net_minor == 968  # 30.00 × 10 / 31
    invoice = paid(shop, offer.id, "2026-11-25")
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == invoice)
    assert (line.period_start, line.period_end, line.cycle_end, line.cycle_minor) == (
        DEC, date(2026, 12, 11), JAN, 3000,
    )  # fmt: skip
    with at("2026-12-11"), pytest.raises(NotFound):
        order(shop, shop.customer(), "league")
    late = _offered(shop)
    with at("2026-12-11"), writing(SYSTEM) as tx:
        assert settle_proforma(tx, late) is None
    assert shop.get(Document, late).state == "settled"
    assert shop.get(Subscription, subscription).billing_ends_on == date(2026, 12, 11)


def _offered(shop):
    with at("2026-12-10"):
        return order(shop, shop.customer(), "league")[1]


def test_another_plan_follows_on_a_fixed_term(shop):
    plan(shop, "after", 1500)
    plan(shop, "intro", 500, fixed_term="2 months", then_plan="after")
    subscription, proforma = order(shop, shop.customer(), "intro")
    paid(shop, proforma)
    shop.change(Subscription, subscription, collection="auto", next_bill_on=DEC)
    shop.run(date(2027, 2, 1))
    billed = shop.all(
        DocumentLine, DocumentLine.subscription_id == subscription, DocumentLine.period_start.is_not(None)
    )
    assert [(line.description, line.net_minor) for line in billed] == [
        ("Intro", 500), ("Intro", 500), ("After", 1500), ("After", 1500),
    ]  # fmt: skip
    with at("2027-01-01"):
        assert act(begin_scheduled).begun == 1
    after = shop.get(Subscription, subscription)
    assert (shop.get(Plan, after.plan_id).code, after.service_ends_on) == ("after", None)


def test_a_way_between_plans_is_opened_and_closed_again(shop):
    one, two = plan(shop, "one", 1000, family="a"), plan(shop, "two", 2000, family="b")
    act(allow_change, one, two, "12 months", "forbidden")
    act(allow_change, one, two, "12 months", "immediate")
    assert [(row.term, row.allowed) for row in shop.all(PlanChange)] == [("12 months", "immediate")]
    act(allow_change, one, two, "12 months", "")
    assert shop.all(PlanChange) == []
    for args, field in (((one, two, "", "soon"), "allowed"), ((one, one, "", "forbidden"), "to_plan")):
        with pytest.raises(InvalidInput) as refused:
            act(allow_change, *args)
        assert refused.value.field == field


WRONG = [
    ({"code": "No Spaces"}, "code"),
    ({"name": " "}, "name"),
    ({"kind": "reseller"}, "kind"),
    ({"services": ()}, "services"),
    ({"services": (STREAM, STREAM)}, "services"),
    ({"services": (ServiceEntry("stream", "nowhere"),)}, "services"),
    ({"connections": 0}, "connections"),
    ({"tier": -1}, "tier"),
    ({"min_units": 3, "max_units": 2}, "max_units"),
    ({"renewal_from": "yesterday"}, "renewal_from"),
    ({"proration": "guess"}, "proration"),
    ({"cancel_policy": "never"}, "cancel_policy"),
    ({"bouquets": ("nothing",)}, "bouquets"),
    ({"fixed_term": "a while"}, "fixed_term"),
    ({"season_ends_on": date(2026, 11, 1)}, "season_ends_on"),  # it is that day
    ({"then_plan": "tv"}, "then_plan"),
    ({"then_plan": "nothing", "fixed_term": "1 year"}, "then_plan"),
    ({"kind": "bouquet", "bouquets": ("x",)}, "addon_of"),
    ({"kind": "bouquet", "addon_of": ("tv",)}, "bouquets"),
    ({"kind": "bundle", "parts": (PartEntry("tv", 1),)}, "parts"),
    ({"kind": "bundle", "parts": (PartEntry("tv", 1), PartEntry("tv", 1))}, "parts"),
    ({"kind": "bundle", "parts": (PartEntry("tv", 0), PartEntry("duo", 0))}, "parts"),
    ({"kind": "bundle", "parts": (PartEntry("tv", 1), PartEntry("nothing", 1))}, "parts"),
]


def test_a_plan_that_makes_no_sense_is_refused_at_its_field(shop):
    tv = plan(shop, "tv", 1000, fixed_term="1 month")
    duo = plan(shop, "duo", 1000, fixed_term="1 month", then_plan="tv")
    for wrong, field in WRONG:
        entry = {"code": "new", "name": "New", "kind": "line", "services": (STREAM,), **wrong}
        with pytest.raises(InvalidInput) as refused:
            act(save_plan, shop.seller_id, PlanEntry(**entry))
        assert refused.value.field == field, wrong
    circle = PlanEntry("tv", "Tv", "line", services=(STREAM,), fixed_term="1 month", then_plan="duo")
    with pytest.raises(InvalidInput, match="would lead back"):
        act(save_plan, shop.seller_id, circle, tv)
    with pytest.raises(Conflict, match="there is a plan duo already") as taken:
        act(save_plan, shop.seller_id, PlanEntry("duo", "Duo", "line", services=(STREAM,)))
    assert taken.value.field == "code"
    subscription, _ = order(shop, shop.customer(), "duo")
    with reading() as session:
        assert preview_save_plan(session, duo) == 1
    with pytest.raises(Conflict, match="is in use as stream"):
        act(save_plan, shop.seller_id, PlanEntry("duo", "Duo", "line", services=(ServiceEntry("mag", "p1"),)), duo)
    assert shop.all(SubscriptionComponent, SubscriptionComponent.subscription_id == subscription)[0].plan_id == duo


def test_a_book_that_makes_no_sense_is_refused_at_its_field(shop):
    for wrong, field in (
        ({"currency": "EURO"}, "currency"),
        ({"currency": "XCR"}, "currency"),
        ({"code": ""}, "code"),
        ({"country": "Finland"}, "country"),
        ({"country": "XX"}, "country"),
        ({"reseller": "nobody"}, "reseller"),
    ):
        with pytest.raises(InvalidInput) as refused:
            act(save_price_book, shop.seller_id, BookEntry(**{"code": "new", "currency": "SEK", **wrong}))
        assert refused.value.field == field
    with pytest.raises(Conflict) as refused:
        act(save_price_book, shop.seller_id, BookEntry("eur", "SEK"))
    assert refused.value.field == "code"
    with pytest.raises(Conflict, match="is for the same customers"):
        act(save_price_book, shop.seller_id, BookEntry("again", "EUR"))
    book = shop.all(PriceBook)[0].id
    with pytest.raises(InvalidInput, match="keeps its currency"):
        act(save_price_book, shop.seller_id, BookEntry("eur", "USD"), book)
    act(save_price_book, shop.seller_id, BookEntry("eur", "EUR", country="SE"), book)
    assert shop.get(PriceBook, book).country == "SE"
    assert shop.all(Customer) == []
