"""Plans that are sold by the unit: more of them, fewer, and another plan as often. With dates and cents."""

from datetime import UTC, date, datetime

import pytest
from april import on
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.actions.subscriptions.change_choices import change_choices
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import InvalidInput
from billhead.models.catalogue import Price
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.web.changing import wish_of

APR, MAY = date(2026, 4, 1), date(2026, 5, 1)
SIXTEENTH = date(2026, 4, 16)
ROOMS = {"connections": 2, "details": {"min_units": 5, "max_units": 50}}


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def hotel(shop, units=20):
    """Twenty rooms at 4.00, April is billed; gold has the same limits, single is had once."""
    rooms = shop.plan("rooms", 400, **ROOMS)
    shop.plan("gold", 700, **ROOMS), shop.plan("single", 9900)
    customer = shop.customer(credit_minor=100_000)
    subscription = shop.subscribe(customer, rooms, due=APR)
    (part,) = shop.all(SubscriptionComponent)
    shop.change(SubscriptionComponent, part.id, quantity=units)
    shop.run(APR)
    on(SIXTEENTH)
    return customer, subscription, rooms


def changes(subscription, **wish):
    wish = ChangeWish(subscription, **wish)
    with reading() as session:
        before = preview_change(Tx(SYSTEM, session), wish)
    with writing(SYSTEM) as tx:
        done = change(tx, wish, before.seen)
    assert done.total_minor == before.total_minor
    assert verify_billing().faults == []
    return done


def had(shop):
    with reading() as session:
        rows = session.query(SubscriptionComponent.quantity, Price.amount_minor, SubscriptionComponent.starts_on)
        rows = rows.join(Price, Price.id == SubscriptionComponent.price_id).filter(
            SubscriptionComponent.ends_on.is_(None)
        )
        return [tuple(row) for row in rows]


def test_five_rooms_more_come_at_once_at_todays_price_and_five_less_when_the_term_is_over(shop):
    _, subscription, (plan, price) = hotel(shop)
    shop.change(Price, price, withdrawn_on=APR)
    with writing(SYSTEM) as tx:
        book = tx.session.get_one(Price, price).book_id
    dearer = shop.price(plan, book, "1 month", 500, version=2)
    done = changes(subscription, quantity=25)
    # back 20 × 4.00 × 15/30 = 40.00; 25 × 5.00 × 15/30 = 62.50; and 20 %
    assert (done.state, done.total_minor) == ("done", 2700)
    assert had(shop) == [(25, 500, SIXTEENTH)]
    (line,) = shop.all(Service, Service.subscription_id == subscription)
    assert line.desired_connections == 50
    done = changes(subscription, quantity=10)
    assert (done.state, done.effective_on) == ("scheduled", "2026-05-01")
    assert had(shop) == [(10, 500, MAY)]
    assert dearer != price


def test_another_plan_is_had_as_often_and_refused_where_it_is_not_sold_so(shop):
    _, subscription, _ = hotel(shop)
    with pytest.raises(InvalidInput, match="single can be had so often: 1 to 1, not 20"):
        changes(subscription, plan="single")
    for wish in ({"quantity": 4}, {"quantity": 51}, {"plan": "gold", "quantity": 51}):
        with pytest.raises(InvalidInput, match="so often: 5 to 50, not"):
            changes(subscription, **wish)
    done = changes(subscription, plan="gold")
    assert done.total_minor == 3600  # 20 × (7.00 − 4.00) × 15/30 and 20 %
    assert had(shop) == [(20, 700, SIXTEENTH)]


def test_a_proforma_over_more_rooms_gives_so_many_when_it_is_paid(shop):
    customer, subscription, _ = hotel(shop)
    shop.change(Subscription, subscription, collection="manual")
    with writing(Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))) as tx:
        offered = change(tx, ChangeWish(subscription, quantity=30))
    assert (offered.state, offered.total_minor) == ("offered", 2400)  # 10 × 4.00 × 15/30 and 20 %
    with writing(SYSTEM) as tx:
        settle_proforma(tx, offered.document_id)
    assert had(shop) == [(30, 400, SIXTEENTH)]


def test_the_form_tells_how_many(shop):
    _, subscription, _ = hotel(shop)
    with reading() as session:
        choices = change_choices(session, subscription)
    assert (choices.units, choices.by_unit) == (20, True)

    def wanted(plan, **form):
        return wish_of({"offer": f"{plan}|1 month", **form}, subscription, choices).quantity

    with shop.app.test_request_context():
        assert (wanted("rooms"), wanted("rooms", quantity="25"), wanted("gold")) == (None, 25, 20)
        assert (wanted("single"), wanted("single", quantity="20")) == (1, 1)
        for text in ("4", "51", "0", "-1", "many"):
            with pytest.raises(InvalidInput, match="from 5 to 50"):
                wanted("gold", quantity=text)


def test_within_given_days_it_says_until_when_it_costs_nothing(shop):
    _, subscription, _ = hotel(shop)
    with writing(SYSTEM) as tx:
        give_days_to(tx, subscription, 30, "an outage")
    with reading() as session:
        tx = Tx(SYSTEM, session)
        assert preview_change(tx, ChangeWish(subscription, plan="gold")).free_until is None
        on(date(2026, 5, 11))
        seen = preview_change(tx, ChangeWish(subscription, plan="gold"))
        assert (seen.total_minor, seen.free_until, seen.renews_on) == (0, date(2026, 5, 31), date(2026, 5, 31))
        later = preview_change(tx, ChangeWish(subscription, plan="gold", when="end_of_term"))
        assert later.free_until is None
