"""A season or a fixed term: what an order of it, or a change to it, costs is told and asked for as it is billed."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import pay

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.catalogue.allow_change import allow_change
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

SEP, OCT = date(2026, 9, 1), date(2026, 10, 1)
SIXTH, SIXTEENTH = date(2026, 9, 6), date(2026, 9, 16)


def on(day):
    clock.move_business_clock(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 9, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []
        assert verify_billing().faults == []


def do(verb, *args, ctx=SYSTEM, **named):
    with writing(ctx) as tx:
        return verb(tx, *args, **named)


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
    customer, subscription = watching(shop, "tv")
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
