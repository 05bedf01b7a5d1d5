"""Coupons: entered with an order, held while it waits to be paid, counted when it is, given back when it is not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop
from coupon_shop import lines, make, order, paid, refusal, standing, used

from billhead import clock
from billhead.actions.billing import run
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers, visitor
from billhead.actions.coupons.change_coupon import change_coupon
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.coupons.redeem_coupon import redeem_coupon
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.coupons import CouponUse
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import PaymentMethod
from billhead.models.subscriptions import Subscription

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, lead_days=7) as shop, clock.business_time(NOON):
        yield shop


def test_cart_proforma_invoice_and_ledger_agree_on_what_is_taken_off(shop):
    tv, sport = (
        shop.plan("tv", 1999, setup_minor=500),
        shop.plan("sport", 999, kind="bouquet", details={"plans": ["tv"]}),
    )
    make(shop, "WELCOME", "fixed", amount_minor=1000, currency="EUR")
    customer = shop.customer()
    parts = [Part(None, *tv, 1), Part(None, *sport, 1)]
    with reading() as session:
        buyer = read_buyers(session, [customer])[customer]
        cart = quote(session, shop.seller_id, "EUR", [Wanted(parts, coupons=("welcome",))], buyer)
    # 5.00 + 19.99 + 9.99 = 34.98; 10.00 by share: 1.43 + 5.71 + 2.86
    assert [(line.net_minor, line.discount_minor, line.discount_code) for line in cart.lines] == [
        (357, 143, "WELCOME"), (1428, 571, "WELCOME"), (713, 286, "WELCOME"),
    ]  # fmt: skip
    subscription, proforma = order(shop, customer, "WELCOME", addons=["sport"])
    assert shop.get(Document, proforma).total_minor == cart.total_minor
    assert standing(shop, subscription) == [("reserved", 1, None, 0)]
    invoice = paid(shop, proforma)
    assert (
        lines(shop, invoice)
        == lines(shop, proforma)
        == [(line.net_minor, line.discount_minor, line.discount_code) for line in cart.lines]
    )
    assert shop.get(Document, invoice).total_minor == cart.total_minor
    assert standing(shop, subscription) == [("used", 0, None, 1000)]
    assert [(row.document_id, row.discount_minor, row.cycles) for row in shop_uses(shop)] == [
        (proforma, 1000, 1),
        (invoice, 1000, 1),
    ]
    with reading() as session:
        assert verify_ledger(session).faults == []


def shop_uses(shop):
    with reading() as session:
        return session.query(CouponUse).order_by(CouponUse.document_id).all()


def running(shop, *codes, collection="auto", customer=None):
    subscription, proforma = order(shop, customer or shop.customer(), *codes)
    paid(shop, proforma)
    end = shop.get(Subscription, subscription).billed_through
    if collection == "auto":
        shop.change(Subscription, subscription, collection="auto", next_bill_on=end)
    return subscription


def test_the_run_counts_cycles_and_goes_on_at_full_price(shop):
    shop.plan("tv", 1000)
    make(shop, "THREE", percent_ppm=250_000, cycles=3)
    subscription = running(shop, "THREE")
    for month in (DEC, JAN, date(2027, 2, 1)):
        shop.run(month)
    billed = shop.all(
        DocumentLine, DocumentLine.subscription_id == subscription, DocumentLine.period_start.is_not(None)
    )
    assert [(line.net_minor, line.discount_minor) for line in billed] == [(750, 250)] * 3 + [(1000, 0)]
    assert standing(shop, subscription) == [("used", 0, None, 750)]


def test_one_run_after_a_long_outage_counts_the_same(shop):
    shop.plan("tv", 1000)
    make(shop, "THREE", percent_ppm=250_000, cycles=3)
    make(shop, "GIFT", "balance", amount_minor=2500, currency="EUR", cycles=None)
    percent, balance = running(shop, "THREE"), running(shop, "GIFT")
    shop.run(date(2027, 3, 1))
    for subscription, expected in ((percent, [750, 750, 750, 1000, 1000]), (balance, [0, 0, 500, 1000, 1000])):
        billed = shop.all(
            DocumentLine, DocumentLine.subscription_id == subscription, DocumentLine.period_start.is_not(None)
        )
        assert [line.net_minor for line in billed] == expected
    assert standing(shop, balance) == [("used", None, 0, 2500)]


def test_a_dry_run_takes_the_same_off_and_writes_nothing(shop):
    shop.plan("tv", 1000)
    make(shop, "TWO", percent_ppm=100_000, cycles=2)
    subscription = running(shop, "TWO")
    before = standing(shop, subscription)
    dry = shop.run(DEC, dry_run=True)
    assert dry.totals() == {"EUR": 1080}  # 9.00 and 20 %
    assert standing(shop, subscription) == before
    assert shop.run(DEC).totals() == dry.totals()
    assert shop.run(DEC).considered == 0


def test_a_renewal_by_hand_counts_when_it_is_paid(shop):
    shop.plan("tv", 1000)
    make(shop, "TWO", percent_ppm=100_000, cycles=2)
    subscription = running(shop, "TWO", collection="manual")
    shop.run(date(2026, 11, 24))
    (offer,) = shop.all(Document, Document.kind == "proforma", Document.state == "open")
    assert (lines(shop, offer.id), standing(shop, subscription)) == ([(900, 100, "TWO")], [("active", 1, None, 100)])
    paid(shop, offer.id, "2026-11-28")
    assert standing(shop, subscription) == [("used", 0, None, 200)]


def test_a_part_period_takes_the_percentage_but_no_fixed_amount(shop):
    shop.plan("tv", 3000)
    make(shop, "TENTH", percent_ppm=100_000, cycles=None)
    make(shop, "FIVE", "fixed", amount_minor=500, currency="EUR", cycles=None)
    percent, fixed = running(shop, "TENTH"), running(shop, "FIVE")
    for subscription in (percent, fixed):
        shop.change(Subscription, subscription, billing_ends_on=date(2026, 12, 11))
    shop.run(DEC)
    last = [shop.all(DocumentLine, DocumentLine.subscription_id == one)[-1] for one in (percent, fixed)]
    # 30.00 × 10 / 31 = 9.68; 27.00 × 10 / 31 = 8.71
    assert [(line.net_minor, line.discount_minor, line.cycle_minor) for line in last] == [
        (871, 97, 2700),
        (968, 0, 3000),
    ]


def test_the_last_use_is_taken_by_one_of_two_carts(shop):
    shop.plan("tv", 1000)
    coupon = make(shop, "LAST", percent_ppm=500_000, total_uses=1)
    people = [shop.customer() for _ in range(4)]

    def buy(customer):
        with shop.app.app_context():
            try:
                order(shop, customer, "LAST")
            except InvalidInput as error:
                return error.why
        return "got it"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(buy, people))
    assert sorted(answers) == ["LAST was used as often as it can be"] * 3 + ["got it"]
    assert used(shop, coupon) == 1
    assert len(shop.all(Subscription)) == 1


def test_one_customer_in_two_windows_gets_it_once(shop):
    shop.plan("tv", 1000)
    coupon = make(shop, "ONCE", percent_ppm=500_000, uses_per_customer=1)
    customer = shop.customer()

    def buy(_):
        with shop.app.app_context():
            try:
                return order(shop, customer, "ONCE")[0]
            except InvalidInput as error:
                return error.why

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(buy, range(2)))
    assert "you have used ONCE already" in answers
    assert used(shop, coupon) == 1


def test_who_comes_with_the_same_card_under_another_name_has_used_it_already(shop):
    shop.plan("tv", 1000)
    make(shop, "ONCE", percent_ppm=500_000, uses_per_customer=1)
    first, again, stranger = (shop.customer(card=False) for _ in range(3))
    with writing(SYSTEM) as tx:
        for who, card in ((first, "a" * 64), (again, "a" * 64), (stranger, "b" * 64)):
            about = {"account_id": shop.cards_id, "token": "", "label": "Visa"}
            tx.session.add(PaymentMethod(customer_id=who, fingerprint=card, created_at=NOON, **about))
    order(shop, first, "ONCE")
    assert refusal(shop, again, "ONCE") == "you have used ONCE already"
    order(shop, stranger, "ONCE")


def test_who_was_billed_by_mistake_or_not_yet_is_new(shop):
    tv = shop.plan("tv", 1000)
    make(shop, "NEW", percent_ppm=500_000, new_customers=True)
    who = shop.customer()
    shop.subscribe(who, tv, due=NOV)
    shop.run(NOV)
    (invoice,) = shop.all(Document)
    assert refusal(shop, who, "NEW") == "NEW is for new customers"
    shop.change(Document, invoice.id, state="void")
    order(shop, who, "NEW")
    shop.change(Document, invoice.id, state="draft")
    order(shop, who, "NEW")


def test_a_canceled_order_gives_its_use_back_and_the_next_one_gets_it(shop):
    shop.plan("tv", 1000)
    coupon = make(shop, "LAST", percent_ppm=500_000, total_uses=1)
    first, _ = order(shop, shop.customer(), "LAST")
    assert refusal(shop, shop.customer(), "LAST") == "LAST was used as often as it can be"
    with writing(SYSTEM) as tx:
        cancel(tx, first, "immediate")
    assert (standing(shop, first)[0][0], used(shop, coupon)) == ("released", 0)
    second, _ = order(shop, shop.customer(), "LAST")
    assert (standing(shop, second)[0][0], used(shop, coupon)) == ("reserved", 1)


def test_every_restriction_is_refused_with_its_reason(shop):
    tv, _ = shop.plan("tv", 1000), shop.plan("film", 500)
    with clock.business_time(NOON - timedelta(days=9)):
        make(shop, "OVER", percent_ppm=1, ends_on=NOV)
    make(shop, "SOON", percent_ppm=1, starts_on=DEC)
    make(shop, "DOLLAR", "fixed", amount_minor=1, currency="USD")
    make(shop, "FILM", percent_ppm=1, plans=("film",))
    make(shop, "YEAR", percent_ppm=1, terms=("1 year",))
    make(shop, "SWEDEN", percent_ppm=1, countries=("se",))
    make(shop, "BIG", percent_ppm=1, currency="EUR", minimum_minor=1001)
    make(shop, "NEW", percent_ppm=1, new_customers=True)
    make(shop, "FIRST", percent_ppm=1, first_order=True)
    off = make(shop, "OFF", percent_ppm=1)
    with writing(SYSTEM) as tx:
        change_coupon(tx, off, disabled=True)
    known = shop.customer()
    shop.subscribe(known, tv, due=NOV)
    shop.run(NOV)
    told = {
        "NOPE": "NOPE is not a coupon of this shop",
        "OVER": "OVER can't be used any more",
        "OFF": "OFF can't be used any more",
        "SOON": "SOON can be used from 2026-12-01 on",
        "DOLLAR": "DOLLAR is in USD, your prices are in EUR",
        "FILM": "FILM is not for what you have chosen",
        "YEAR": "YEAR is for 1 year only",
        "SWEDEN": "SWEDEN can't be used in your country",
        "BIG": "BIG needs an order of at least 10.01 EUR",
        "NEW": "NEW is for new customers",
        "FIRST": "FIRST is for a first order",
    }
    assert {code: refusal(shop, known, code) for code in told} == told
    assert refusal(shop, known, "new ", " NEW") == "NEW is for new customers"
    fresh = shop.customer()
    assert refusal(shop, fresh, "NEW", "new") == "NEW was entered twice"
    order(shop, fresh, "NEW", "FIRST")
    with reading() as session, pytest.raises(InvalidInput, match="SWEDEN can't be used in your country"):
        quote(session, shop.seller_id, "EUR", [Wanted([Part(None, *tv, 1)], coupons=("SWEDEN",))], visitor("FI"))


BAD = [
    ({"countries": ("FI", "XX")}, "countries"),
    ({"code": "A"}, "code"),
    ({"code": "WITH SPACE"}, "code"),
    ({"kind": "gift"}, "kind"),
    ({"percent_ppm": 0}, "percent"),
    ({"percent_ppm": 1_000_001}, "percent"),
    ({"percent_ppm": float("nan")}, "percent"),
    ({"amount_minor": 5}, "amount"),
    ({"kind": "fixed", "percent_ppm": 0, "amount_minor": -5, "currency": "EUR"}, "amount"),
    ({"kind": "fixed", "amount_minor": 5, "currency": "EUR"}, "percent"),
    ({"kind": "balance", "percent_ppm": 0, "amount_minor": 5, "currency": "XYZ"}, "currency"),
    ({"kind": "fixed", "percent_ppm": 0, "amount_minor": 5}, "currency"),
    ({"minimum_minor": 500}, "currency"),
    ({"minimum_minor": -1, "currency": "EUR"}, "minimum"),
    ({"cycles": 0}, "cycles"),
    ({"total_uses": 0}, "total_uses"),
    ({"uses_per_customer": True}, "uses_per_customer"),
    ({"starts_on": DEC, "ends_on": DEC}, "ends_on"),
    ({"ends_on": NOV}, "ends_on"),  # today it can't be used any more
    ({"plans": ("nothing",)}, "plans"),
    ({"terms": ("a while",)}, "terms"),
    ({"countries": ("Finland",)}, "countries"),
]


def test_a_coupon_that_makes_no_sense_is_refused_at_its_field(shop):
    for wrong, field in BAD:
        with pytest.raises(InvalidInput) as refused, writing(SYSTEM) as tx:
            create_coupon(
                tx, shop.seller_id, NewCoupon(**{"code": "GOOD", "kind": "percent", "percent_ppm": 5, **wrong})
            )
        assert refused.value.field == field, wrong
    make(shop, "GOOD", percent_ppm=5)
    with pytest.raises(Conflict) as taken, writing(SYSTEM) as tx:
        create_coupon(tx, shop.seller_id, NewCoupon(" good", "percent", percent_ppm=5))
    assert taken.value.field == "code"


def test_staff_gives_a_running_subscription_a_coupon_for_its_next_cycle(shop):
    shop.plan("tv", 1000)
    make(shop, "SORRY", "fixed", amount_minor=400, currency="EUR")
    subscription = running(shop)
    with writing(SYSTEM) as tx:
        redeem_coupon(tx, subscription, "sorry")
    with pytest.raises(Conflict), writing(SYSTEM) as tx:
        redeem_coupon(tx, subscription, "SORRY")
    shop.run(JAN)
    billed = shop.all(
        DocumentLine, DocumentLine.subscription_id == subscription, DocumentLine.period_start.is_not(None)
    )
    assert [line.net_minor for line in billed] == [1000, 600, 1000]


def test_staff_gives_the_first_subscription_a_coupon_for_first_orders(shop):
    shop.plan("tv", 1000)
    make(shop, "FIRST", "fixed", amount_minor=400, currency="EUR", first_order=True)
    first = running(shop)
    with writing(SYSTEM) as tx:
        redeem_coupon(tx, first, "FIRST")
    shop.run(JAN)
    billed = shop.all(DocumentLine, DocumentLine.subscription_id == first, DocumentLine.period_start.is_not(None))
    assert [line.net_minor for line in billed] == [1000, 600, 1000]


def test_a_coupon_given_while_the_run_was_reading_is_not_lost(shop, monkeypatch):
    shop.plan("tv", 1000)
    make(shop, "SORRY", "fixed", amount_minor=400, currency="EUR")
    subscription, real = running(shop), run.rate

    def rate_meanwhile(chunk, rater):
        monkeypatch.setattr(run, "rate", real)
        with writing(SYSTEM) as tx:
            redeem_coupon(tx, subscription, "SORRY")
        return real(chunk, rater)

    monkeypatch.setattr(run, "rate", rate_meanwhile)
    report = shop.run(DEC)
    assert report.totals() == {"EUR": 720}  # 6.00 and 20 %
    assert standing(shop, subscription) == [("used", 0, None, 400)]


def test_an_order_with_trial_keeps_the_coupon_for_the_first_paid_term(shop):
    shop.plan("tv", 1000, trial_term="7 days", trial_minor=100)
    make(shop, "HALF", percent_ppm=500_000)
    customer = shop.customer()
    with writing(SYSTEM) as tx:
        started = start_subscription(tx, Order(customer, "tv", "1 month", trial=True, coupons=("HALF",)))
    assert lines(shop, started.document_id) == [(100, 0, "")]
    paid(shop, started.document_id)
    assert standing(shop, started.subscription_id) == [("active", 1, None, 0)]
    with clock.business_time(NOON + timedelta(days=2)):
        shop.run(date(2026, 11, 3))
    (offer,) = shop.all(Document, Document.kind == "proforma", Document.state == "open")
    assert lines(shop, offer.id) == [(500, 500, "HALF")]


def test_a_correction_within_a_cycle_that_a_coupon_made_cheaper_is_made_cheaper_too(shop):
    """The coupon is used up by then."""
    shop.plan("tv", 3000)
    shop.plan("gold", 6000)
    make(shop, "HALF", percent_ppm=500_000)
    subscription, proforma = order(shop, shop.customer(), "HALF")
    paid(shop, proforma)
    shop.change(Subscription, subscription, collection="auto", next_bill_on=DEC)
    with clock.business_time(datetime(2026, 12, 5, 12, tzinfo=UTC)):
        shop.run(DEC)
        with writing(SYSTEM) as tx:
            done = change(tx, ChangeWish(subscription, plan="gold", on=date(2026, 11, 16)))
    rows = shop.all(DocumentLine, DocumentLine.document_id == done.document_id)
    # 15 of 30 days of 15.00 come back, and 15 of 30 days of half of 60.00 are charged; December is at its full price
    assert [row.net_minor for row in rows] == [-750, -3000, 1500, 6000]
