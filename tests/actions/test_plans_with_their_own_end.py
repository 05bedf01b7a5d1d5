"""A season or a fixed term: what an order of it, or a change to it, costs is told and asked for as it is billed."""

from datetime import UTC, date, datetime

import pytest
from april import do, on
from billing_shop import SYSTEM, open_shop
from debt_shop import pay
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers
from billhead.actions.billing.settle_proforma import preview_settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.catalogue.allow_change import allow_change
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import Tx, reading
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan, Price
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription, SubscriptionComponent

SEP, OCT = date(2026, 9, 1), date(2026, 10, 1)
SIXTH, SIXTEENTH = date(2026, 9, 6), date(2026, 9, 16)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 9, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []
        assert verify_billing().faults == []


def customer_of(customer):
    return Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))


def ordered(shop, plan, term="1 month", **about):
    """(customer, subscription, proforma)."""
    customer = shop.customer(card=False, **about)
    started = do(start_subscription, Order(customer, plan, term))
    return customer, started.subscription_id, started.document_id


def watching(shop, plan):
    customer, subscription, proforma = ordered(shop, plan)
    pay(proforma, shop.get(Document, proforma).total_minor)
    return customer, subscription


def changes(subscription, ctx=SYSTEM, **wish):
    """(the preview, what was done): to the cent the same."""
    wish = ChangeWish(subscription, **wish)
    with reading() as session:
        shown = preview_change(Tx(ctx, session), wish)
    done = do(change, wish, shown.seen, ctx=ctx)
    assert done.total_minor == shown.total_minor
    return shown, done


def credit_of(shop, customer):
    return sum(lot.remaining_minor for lot in shop.all(CustomerCredit, CustomerCredit.customer_id == customer))


def at_once(*plans):
    """Whatever they cost, changes between them come at once."""
    for one in plans:
        for other in plans:
            if one != other:
                do(allow_change, one[0], other[0], "", "immediate")


def test_a_change_to_a_season_costs_its_days_and_what_is_not_watched_any_more_comes_back(shop):
    tv, league = shop.plan("tv", 3000), shop.plan("league", 6000, season_ends_on=SIXTEENTH)
    gold, rental = shop.plan("gold", 9000), shop.plan("rental", 6000, fixed_term="10 days")
    at_once(tv, league, gold, rental, shop.plan("final", 12000, season_ends_on=SIXTEENTH))
    # 25 days of 30 come back, 25.00; 10 days of league cost 20.00: with the tax 6.00 are theirs
    for plan in "league", "rental":
        on(SEP)
        customer, subscription = watching(shop, "tv")
        on(SIXTH)
        shown, done = changes(subscription, ctx=customer_of(customer), plan=plan)
        assert (shown.total_minor, shown.must_pay, done.state) == (-600, False, "done")
        assert (shown.ends_on, shown.renews_on) == (SIXTEENTH, None)
        assert credit_of(shop, customer) == 600
        assert shop.get(Subscription, subscription).billing_ends_on == SIXTEENTH

    # and back to what has no end: all of September, and it renews
    shown, _ = changes(subscription, plan="gold")
    assert (shown.ends_on, shown.renews_on) == (None, OCT)
    assert shop.get(Subscription, subscription).service_ends_on is None

    # dearer for the days that it has: this is offered, and paid without a rest
    on(SEP)
    customer, subscription = watching(shop, "tv")
    on(SIXTH)
    shown, offered = changes(subscription, ctx=customer_of(customer), plan="final")
    assert (shown.must_pay, offered.state, offered.total_minor) == (True, "offered", 1800), "40.00 − 25.00, and 20 %"
    pay(offered.document_id, 1800)
    assert credit_of(shop, customer) == 0
    assert shop.get(Subscription, subscription).service_ends_on == SIXTEENTH

    # a season that is over can't be changed to, which is said before
    on(SIXTEENTH)
    _, subscription = watching(shop, "tv")
    with reading() as session, pytest.raises(Conflict, match="over since"):
        preview_change(Tx(SYSTEM, session), ChangeWish(subscription, plan="league", when="immediate"))


def test_what_follows_a_season_is_in_the_price_of_the_change_to_it(shop):
    shop.price(tv := shop.plan("tv", 3000)[0], shop.books["EURFalse"], "3 months", 7500)
    league = shop.plan("league", 6000, season_ends_on=SIXTEENTH, then_plan_id=tv)
    shop.price(league[0], shop.books["EURFalse"], "3 months", 15000)
    _, subscription = watching(shop, "tv")
    on(SIXTH)
    # ten days of league for ten days of tv, 20.00 − 10.00; from the 16th on it is tv again
    shown, done = changes(subscription, plan="league", when="immediate")
    assert (shown.total_minor, done.state) == (1200, "done")
    assert (shown.ends_on, shown.renews_on, shown.renewal_minor) == (None, OCT, 3000)
    pay(done.document_id, 1200)
    # with another term the end stays, and so does what follows
    shown, done = changes(subscription, term="3 months", when="immediate")
    assert (shown.ends_on, shown.renews_on) == (None, OCT)
    assert done.total_minor == shown.total_minor


def test_the_first_order_of_a_season_or_a_fixed_term_asks_for_the_days_that_it_has(shop):
    shop.plan("pass", 9000, term="12 months", season_ends_on=date(2026, 12, 1))
    shop.plan("rental", 3000, fixed_term="10 days"), shop.plan("year", 3000, fixed_term="12 months")

    def cart(plan, term, customer):
        with reading() as session:
            buyer = read_buyers(session, [customer])[customer]
            row = session.scalars(select(Plan).where(Plan.code == plan)).one()
            price = session.scalars(select(Price).where(Price.plan_id == row.id)).one()
            (portion,) = (told := quote(session, 1, "EUR", [Wanted([Part(None, row.id, price.id, 1)])], buyer)).portions
            return told.total_minor, portion.renewal and portion.renewal.next_minor

    # 91 days of 365 of 90.00; paid five days later 86 of them, and the rest is credit
    for paid_on, billed, rest in (SEP, 2693, 0), (SIXTH, 2545, 148):
        on(SEP)
        customer, subscription, proforma = ordered(shop, "pass", "12 months")
        document = shop.get(Document, proforma)
        assert (cart("pass", "12 months", customer), document.total_minor) == ((2693, None), 2693)
        on(paid_on)
        with reading() as session:
            shown = preview_settle_proforma(session, proforma)[subscription]
        pay(proforma, 2693)
        invoice = shop.all(Document, Document.subscription_id == subscription, Document.kind == "invoice")[-1]
        assert (invoice.state, invoice.total_minor, credit_of(shop, customer)) == ("paid", billed, rest)
        assert (shown.start, shown.end) == shop.lines(subscription)[-1][1:3] == (paid_on, date(2026, 12, 1))

    # ten days from when it is paid, also in a longer or a shorter month
    on(SEP)
    customer, subscription, proforma = ordered(shop, "rental")
    assert (cart("rental", "1 month", customer), shop.get(Document, proforma).total_minor) == ((1200, None), 1200)
    assert shop.get(Document, proforma).due_on == date(2026, 9, 15)
    on(OCT)
    pay(proforma, 1200)
    assert shop.lines(subscription)[-1][1:4] == (OCT, date(2026, 10, 11), 1000)
    assert credit_of(shop, customer) == 0
    assert shop.get(Subscription, subscription).service_ends_on == date(2026, 10, 11)

    # the last order of a season is open until it ends; what is billed on the account's day has its part until that
    on(date(2026, 11, 20))
    customer, subscription, proforma = ordered(shop, "pass", "12 months", billing_day=25)
    assert shop.get(Document, proforma).due_on == date(2026, 11, 30)
    assert cart("pass", "12 months", customer)[0] == shop.get(Document, proforma).total_minor == 325, "11 days of 365"
    on(date(2026, 11, 21))
    pay(proforma, 325)
    assert shop.lines(subscription)[-1][1:4] == (date(2026, 11, 21), date(2026, 12, 1), 247)
    assert credit_of(shop, customer) == 29
    customer, _, proforma = ordered(shop, "year")
    assert (cart("year", "1 month", customer), shop.get(Document, proforma).total_minor) == ((3600, 3000), 3600)


def test_more_of_a_season_that_another_plan_follows_ends_with_it_too(shop):
    tv = shop.plan("tv", 3000)[0]
    shop.plan("league", 6000, season_ends_on=SIXTEENTH, then_plan_id=tv, details={"max_units": 5})
    _, subscription = watching(shop, "league")
    on(SIXTH)
    # 15 days of league were 30.00, ten of them once more are 20.00; tv from the 16th is not of this
    shown, done = changes(subscription, quantity=2)
    assert (shown.total_minor, shown.ends_on) == (2400, None)
    pay(done.document_id, 2400)
    ends = {(part.quantity, part.ends_on) for part in shop.all(SubscriptionComponent) if part.plan_id != tv}
    assert ends == {(1, SIXTH), (2, SIXTEENTH)}
