"""Several plans in one order: one proforma that costs what the cart said, and starts all of them when it is paid."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from billing_shop import SYSTEM, open_shop
from coupon_shop import make
from sqlalchemy.exc import DBAPIError

from billhead import clock
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers, spread_codes
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.documents import expire_proformas as expiring
from billhead.actions.subscriptions import _sale
from billhead.actions.subscriptions import start_several as several
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.start import AddOnOrder, Order, start_subscription
from billhead.actions.subscriptions.start_several import start_several
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.coupons import Coupon, CouponRedemption
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, clock.business_time(NOON):
        yield shop


def sums(lines):
    return sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)


@pytest.mark.parametrize(
    ("mode", "inclusive", "net", "tax"),
    [
        # 5.03 + 19.99 less 10 % (0.50 + 2.00) are 22.52; 3 × 0.99 + 2 × 0.83, and the trial of 1.00: 28.15
        ("per_line", False, 2815, 564),  # 0.91 + 3.60 + 0.59 + 2 × 0.17 + 0.20
        ("per_rate_keep_gross", True, 2346, 469),  # 28.15 ÷ 6 = 4.69
    ],
)
def test_the_cart_says_to_the_cent_what_the_proforma_and_the_invoice_say(
    database_url, tmp_path, mode, inclusive, net, tax
):
    with open_shop(database_url, tmp_path, tax_rounding=mode) as shop, clock.business_time(NOON):
        tv = shop.plan("tv", 1999, setup_minor=503, tax_inclusive=inclusive)
        sport = shop.plan(
            "sport", 99, kind="bouquet", tax_inclusive=inclusive, details={"plans": ["tv"], "max_units": 3}
        )
        radio = shop.plan("radio", 83, tax_inclusive=inclusive)
        kids = shop.plan("kids", 700, trial_term="7 days", trial_minor=100, tax_inclusive=inclusive)
        make(shop, "TENTH", percent_ppm=100_000, plans=("tv",))
        customer = shop.customer()
        wanted = [
            Wanted([Part(None, *tv, 1), Part(None, *sport, 3)], coupons=("TENTH",)),
            Wanted([Part(None, *radio, 1)]),
            Wanted([Part(None, *radio, 1)]),
            Wanted([Part(None, *kids, 1)], trial=True),
        ]
        with reading() as session:
            cart = quote(session, shop.seller_id, "EUR", wanted, read_buyers(session, [customer])[customer])
        orders = [
            Order(customer, "tv", "1 month", (AddOnOrder("sport", 3),), coupons=("TENTH",)),
            Order(customer, "radio", "1 month"),
            Order(customer, "radio", "1 month"),
            Order(customer, "kids", "1 month", trial=True),
        ]
        with writing(SYSTEM) as tx:
            ordered = start_several(tx, orders, Money(cart.total_minor, "EUR"))
        with writing(SYSTEM) as tx:
            invoice_id = settle_proforma(tx, ordered.document_id)
        for document_id in (ordered.document_id, invoice_id):
            paper = shop.get(Document, document_id)
            lines = shop.all(DocumentLine, DocumentLine.document_id == document_id)
            assert (paper.net_minor, paper.tax_minor) == sums(lines) == (cart.net_minor, cart.tax_minor)
            told = sorted((line.description, line.net_minor, line.tax_minor) for line in lines)
            assert told == sorted((line.description, line.net_minor, line.tax_minor) for line in cart.lines)
        assert (cart.net_minor, cart.tax_minor) == (net, tax)
        assert [len(portion.lines) for portion in cart.portions] == [3, 1, 1, 1]
        assert sums([line for portion in cart.portions for line in portion.lines]) == (net, tax)


def test_paying_starts_every_plan_and_each_goes_its_own_way_then(shop):
    shop.plan("tv", 1000)
    shop.plan("year", 9000, term="1 year")
    customer = shop.customer()
    with writing(SYSTEM) as tx:
        ordered = start_several(tx, [Order(customer, "tv", "1 month"), Order(customer, "year", "1 year")])
    assert [shop.get(Subscription, one).state for one in ordered.subscription_ids] == ["pending", "pending"]
    proforma = shop.get(Document, ordered.document_id)
    assert (proforma.kind, proforma.subscription_id, proforma.total_minor) == ("proforma", None, 12000)
    with writing(SYSTEM) as tx:
        settle_proforma(tx, ordered.document_id)
    tv, year = (shop.get(Subscription, one) for one in ordered.subscription_ids)
    assert (tv.state, tv.billed_through) == ("active", date(2026, 12, 22))
    assert (year.state, year.billed_through) == ("active", date(2027, 11, 22))
    trail = shop.all(AuditEntry, AuditEntry.action == "subscriptions.start")
    assert [one.subject for one in trail] == [f"subscription:{one}" for one in ordered.subscription_ids]


def test_all_are_ordered_or_none(shop):
    shop.plan("tv", 1000)
    customer = shop.customer()
    orders = [Order(customer, "tv", "1 month"), Order(customer, "gone", "1 month")]
    with pytest.raises(NotFound), writing(SYSTEM) as tx:
        start_several(tx, orders)
    with pytest.raises(Conflict) as changed, writing(SYSTEM) as tx:
        start_several(tx, orders[:1], Money(999, "EUR"))
    assert changed.value.code == "price_changed"
    shop.plan("gross", 1000, tax_inclusive=True)
    with pytest.raises(InvalidInput, match="prices with and without tax"), writing(SYSTEM) as tx:
        start_several(tx, [orders[0], Order(customer, "gross", "1 month")])
    other = shop.customer()
    with pytest.raises(InvalidInput, match="of one customer"), writing(SYSTEM) as tx:
        start_several(tx, [orders[0], Order(other, "tv", "1 month")])
    for table in (Subscription, Service, Document):
        assert shop.all(table) == []


def test_an_amount_is_taken_off_once_a_percentage_everywhere_and_nothing_more_often_than_it_may(shop):
    tv, year = shop.plan("tv", 1000), shop.plan("year", 9000, term="1 year")
    make(shop, "FIVE", "fixed", amount_minor=500, currency="EUR", minimum_minor=9500)
    make(shop, "HALF", percent_ppm=500_000)
    make(shop, "ONE", percent_ppm=100_000, uses_per_customer=1, first_order=True)
    make(shop, "LAST", percent_ppm=100_000, total_uses=1)
    make(shop, "OTHER", percent_ppm=100_000, terms=("2 years",))
    customer = shop.customer()
    wanted = [Wanted([Part(None, *tv, 1)]), Wanted([Part(None, *year, 1)])]
    with reading() as session:
        buyer = read_buyers(session, [customer])[customer]
        given = {
            code: spread_codes(session, shop.seller_id, "EUR", wanted, buyer, [code])
            for code in ("FIVE", "HALF", "ONE", "LAST", "OTHER")
        }
    assert given["FIVE"].coupons == ((), ("FIVE",))  # 10.00 + 90.00 are enough for its minimum; the year is dearer
    assert given["HALF"].coupons == (("HALF",), ("HALF",))
    assert given["ONE"].coupons == ((), ("ONE",))
    assert given["LAST"].coupons == ((), ("LAST",))
    assert given["OTHER"].coupons == ((), ())
    assert "2 years only" in given["OTHER"].refused["OTHER"].why
    assert given["ONE"].refused == {}
    make(shop, "FIRST", percent_ppm=100_000, first_order=True)
    orders = [
        Order(customer, "tv", "1 month", coupons=("FIRST",)),
        Order(customer, "year", "1 year", coupons=("FIRST", "FIVE")),
    ]
    with writing(SYSTEM) as tx:
        start_several(tx, orders)  # what is ordered together is one first order
    assert len(shop.all(CouponRedemption)) == 3
    assert {one.code: one.used for one in shop.all(Coupon) if one.used} == {"FIRST": 2, "FIVE": 1}


def test_an_amount_goes_to_what_is_paid_now_and_a_trial_counts_with_its_own_price(shop):
    free = shop.plan("kids", 2000, trial_term="7 days")
    dear = shop.plan("film", 9000, setup_minor=500, trial_term="7 days", trial_minor=1500)
    tv = shop.plan("tv", 1000)
    make(shop, "FIVE", "fixed", amount_minor=500, currency="EUR")
    make(shop, "REST", "balance", amount_minor=3000, currency="EUR")
    make(shop, "ABOVE", "fixed", amount_minor=500, currency="EUR", minimum_minor=1501)
    customer = shop.customer()
    tried, paid_now = Wanted([Part(None, *free, 1)], trial=True), Wanted([Part(None, *tv, 1)])
    tried_dearly = Wanted([Part(None, *dear, 1)], trial=True)

    def given(*wanted, code):
        with reading() as session:
            buyer = read_buyers(session, [customer])[customer]
            spread = spread_codes(session, shop.seller_id, "EUR", wanted, buyer, [code])
            full = [one._replace(coupons=coupons) for one, coupons in zip(wanted, spread.coupons, strict=True)]
            return [bool(one) for one in spread.coupons], quote(session, shop.seller_id, "EUR", full, buyer).net_minor

    assert given(tried, paid_now, code="FIVE") == ([False, True], 500)  # 0.00 + 10.00 - 5.00
    assert given(tried_dearly, paid_now, code="FIVE") == ([False, True], 2000)  # 15.00 + 10.00 - 5.00
    assert given(tried, paid_now, code="REST") == ([False, True], 0)
    assert given(tried, code="FIVE") == ([True], 0)  # alone it waits for the first paid term
    assert given(tried, paid_now, code="ABOVE") == ([False, False], 1000)  # not 20.00 + 10.00
    assert given(tried_dearly, code="ABOVE") == ([False], 1500)
    assert given(tried_dearly, paid_now, code="ABOVE") == ([False, True], 2000)  # 15.00 + 10.00 are 25.00
    with pytest.raises(InvalidInput, match="needs an order of at least"), writing(SYSTEM) as tx:
        start_several(tx, [Order(customer, "film", "1 month", trial=True, coupons=("ABOVE",))])
    orders = [Order(customer, "film", "1 month", trial=True), Order(customer, "tv", "1 month", coupons=("ABOVE",))]
    with writing(SYSTEM) as tx:
        ordered = start_several(tx, orders)
    assert shop.get(Document, ordered.document_id).net_minor == 2000


def test_what_it_renews_at_is_said_with_the_coupons_that_hold_then(shop):
    tv = shop.plan("tv", 1000, setup_minor=300, trial_term="7 days", trial_minor=100)
    make(shop, "THRICE", percent_ppm=500_000, cycles=3)
    make(shop, "ONCE", percent_ppm=500_000, cycles=1)
    make(shop, "EVER", percent_ppm=100_000, cycles=None)
    customer = shop.customer()

    def renewal(*codes, trial=False):
        with reading() as session:
            buyer = read_buyers(session, [customer])[customer]
            told = quote(
                session, shop.seller_id, "EUR", [Wanted([Part(None, *tv, 1)], trial=trial, coupons=codes)], buyer
            )
            return tuple(told.portions[0].renewal)

    assert renewal() == ("1 month", 1000, 1000, 0)
    assert renewal("ONCE") == ("1 month", 1000, 1000, 0)
    assert renewal("THRICE") == ("1 month", 500, 1000, 0)
    assert renewal("EVER") == ("1 month", 900, 900, 0)
    assert renewal("ONCE", trial=True) == ("1 month", 500, 1000, 150)  # the trial uses none of it; half of the set-up


@pytest.mark.parametrize(
    ("minimum", "total", "coupons"),
    [
        (9500, 5400, {"FIVE": "released", "HALF": "reserved"}),  # 90.00 are too little: half of them, and 20 %
        (9000, 4800, {"FIVE": "reserved", "HALF": "reserved"}),  # half of 90.00 less 5.00, and 20 %
    ],
)
def test_a_coupon_is_judged_again_when_a_plan_of_its_order_is_canceled(shop, minimum, total, coupons):
    shop.plan("tv", 1000)
    shop.plan("year", 9000, term="1 year")
    five = make(shop, "FIVE", "fixed", amount_minor=500, currency="EUR", minimum_minor=minimum, stackable=True)
    make(shop, "HALF", percent_ppm=500_000, stackable=True)
    customer = shop.customer()
    orders = [Order(customer, "tv", "1 month"), Order(customer, "year", "1 year", coupons=("FIVE", "HALF"))]
    with writing(SYSTEM) as tx:
        ordered = start_several(tx, orders)
    assert shop.get(Document, ordered.document_id).total_minor == 6000  # 10.00 + 45.00 - 5.00, and 20 %
    tv, year = ordered.subscription_ids
    with writing(SYSTEM) as tx:
        cancel(tx, tv, "immediate")
    proforma = shop.get(Document, ordered.document_id)
    assert (proforma.state, proforma.total_minor) == ("open", total)
    names = {one.id: one.code for one in shop.all(Coupon)}
    assert {names[one.coupon_id]: one.state for one in shop.all(CouponRedemption)} == coupons
    assert shop.get(Coupon, five).used == (coupons["FIVE"] == "reserved")
    with writing(SYSTEM) as tx:
        invoice_id = settle_proforma(tx, ordered.document_id)
    assert (shop.get(Document, invoice_id).total_minor, shop.get(Subscription, year).state) == (total, "active")
    assert sorted(one.state for one in shop.all(CouponRedemption)) == sorted(
        "released" if state == "released" else "used" for state in coupons.values()
    )


BOX, OTHER_BOX = "00:1A:79:00:00:01", "00:1A:79:00:00:02"


def meeting():
    """Two threads wait for each other after each step that is made `pausing`."""
    both = Barrier(2)

    def pausing(real):
        def until_the_other_is_here(*told, **more):
            done = real(*told, **more)
            with suppress(BrokenBarrierError):
                both.wait(0.4)
            return done

        return until_the_other_is_here

    return pausing


def test_orders_that_expire_and_a_cart_at_once_wait_in_turn_for_the_same_coupons(shop, monkeypatch):
    shop.plan("tv", 1000)
    for code in ("ONE", "TWO"):
        make(shop, code, percent_ppm=100_000)
    pausing, seen = meeting(), []
    for code in ("TWO", "ONE"):
        order = Order(shop.customer(), "tv", "1 month", coupons=(code,))
        with writing(SYSTEM) as tx:
            start_several(tx, [order])
    carts = shop.customer()
    monkeypatch.setattr(several, "redeem", pausing(several.redeem))
    monkeypatch.setattr(expiring, "end_unpaid", pausing(expiring.end_unpaid))

    def at_once(what, *told):
        with shop.app.app_context(), clock.business_time(NOON + timedelta(days=60)):
            try:
                with writing(SYSTEM) as tx:
                    what(tx, *told)
                seen.append("done")
            except DBAPIError as wrong:
                seen.append(str(wrong.orig))

    wishes = [Order(carts, "tv", "1 month", coupons=(code,)) for code in ("ONE", "TWO")]
    threads = [Thread(target=at_once, args=args) for args in ((expiring.expire_proformas,), (start_several, wishes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == ["done", "done"]
    assert {one.code: one.used for one in shop.all(Coupon)} == {"ONE": 1, "TWO": 1}


@pytest.mark.parametrize(
    ("first", "second", "outcomes"),
    [
        ({"trial": True}, {"trial": True}, ["ordered", "ordered"]),
        ({"mac": BOX}, {"mac": OTHER_BOX}, ["ordered", "taken"]),
        ({"coupons": ("ONE",)}, {"coupons": ("TWO",)}, ["ordered", "ordered"]),
    ],
)
def test_two_carts_at_once_in_another_order_wait_in_turn(shop, monkeypatch, first, second, outcomes):
    kind = "mag" if "mac" in first else "stream"
    shop.change(Panel, shop.panel_id, capacity=9)
    with writing(SYSTEM) as tx:
        tx.session.add(Panel(seller_id=shop.seller_id, code="p2", name="Two", module="sandbox", capacity=9))
    for code, panel in (("tv", "p1"), ("radio", "p2")):
        details = {"once_per_customer": True, "services": [{"kind": kind, "panel": panel, "panel_plan": ""}]}
        shop.plan(code, 1000, trial_term="7 days", trial_minor=100, kind=kind, details=details)
    for code in ("ONE", "TWO"):
        make(shop, code, percent_ppm=100_000)
    people, seen, pausing = [shop.customer(), shop.customer()], [], meeting()
    for step in ("sell", "redeem"):
        monkeypatch.setattr(several, step, pausing(getattr(several, step)))

    def place(customer, wishes):
        orders = [Order(customer, plan, "1 month", **wish) for plan, wish in wishes]
        with shop.app.app_context(), clock.business_time(NOON):
            try:
                with writing(SYSTEM) as tx:
                    start_several(tx, orders)
                seen.append("ordered")
            except InvalidInput as refused:
                seen.append("taken" if refused.field == "mac" else refused.why)
            except DBAPIError as wrong:  # a deadlock is one
                seen.append(str(wrong.orig))

    cart = [("tv", first), ("radio", second)]
    threads = [Thread(target=place, args=args) for args in zip(people, (cart, cart[::-1]), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == outcomes


def test_the_last_place_on_a_panel_is_taken_once(shop, monkeypatch):
    """Both have counted before either has taken it, where nothing holds the second back."""
    shop.change(Panel, shop.panel_id, capacity=1)
    shop.plan("tv", 1000, details={"services": [{"kind": "stream", "panel": "p1", "panel_plan": ""}]})
    monkeypatch.setattr(_sale, "add_services", meeting()(_sale.add_services))
    people, seen = [shop.customer(), shop.customer()], []

    def place(customer):
        with shop.app.app_context(), clock.business_time(NOON):
            try:
                with writing(SYSTEM) as tx:
                    start_subscription(tx, Order(customer, "tv", "1 month"))
                seen.append("ordered")
            except Conflict as refused:
                seen.append(refused.code)

    threads = [Thread(target=place, args=(customer,)) for customer in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == ["no_capacity", "ordered"]
    assert len(shop.all(Service)) == 1
