"""What costs nothing starts at once or is refused: it never waits for money that nobody owes."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.documents.reissue_proforma import reissue_proforma
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.actions.subscriptions.start_several import start_several
from billhead.db import writing
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path) as shop, clock.business_time(datetime(2026, 11, 22, 12, tzinfo=UTC)):
        shop.plan("tv", 1000)
        yield shop


def cart(shop):
    """A month of TV for 10.00 and 20 % tax, and a week of Kids for nothing."""
    orders = [Order(customer := shop.customer(), "tv", "1 month"), Order(customer, "kids", "1 month", trial=True)]
    with writing(SYSTEM) as tx:
        return start_several(tx, orders)


def test_a_trial_that_would_outlast_the_season_is_refused(shop):
    league = shop.plan("league", 3000, trial_term="7 days", season_ends_on=date(2026, 11, 29))[0]
    order = Order(shop.customer(), "league", "1 month", trial=True)
    with pytest.raises(Conflict, match="the season of league ends before its trial would"), writing(SYSTEM) as tx:
        start_subscription(tx, order)
    shop.change(Plan, league, season_ends_on=date(2026, 11, 30))
    with writing(SYSTEM) as tx:
        trial = start_subscription(tx, order).subscription_id
    assert shop.get(Subscription, trial).state == "trial"


def test_what_costs_nothing_and_can_not_begin_any_more_is_not_canceled_behind_ones_back(shop):
    """The season was cut short to 25 November while the cart waited for its 12.00."""
    kids = shop.plan("kids", 700, trial_term="7 days")[0]
    ordered = cart(shop)
    shop.change(Plan, kids, season_ends_on=date(2026, 11, 25))
    with pytest.raises(Conflict, match="is over since 2026-11-25"), writing(SYSTEM) as tx:
        reissue_proforma(tx, ordered.document_id)
    assert {shop.get(Subscription, one).state for one in ordered.subscription_ids} == {"pending"}
    assert shop.get(Document, ordered.document_id).state == "open"


def test_what_is_left_of_a_cart_for_nothing_starts_when_the_rest_is_canceled(shop):
    shop.plan("kids", 700, trial_term="7 days")
    ordered = cart(shop)
    assert shop.get(Document, ordered.document_id).total_minor == 1200
    tv, trial = ordered.subscription_ids
    with writing(SYSTEM) as tx:
        cancel(tx, tv, "immediate")
    kids = shop.get(Subscription, trial)
    assert (kids.state, kids.billed_through) == ("trial", date(2026, 11, 29))
    proforma = shop.get(Document, ordered.document_id)
    assert (proforma.state, proforma.total_minor) == ("settled", 0)
    assert [(one.state, one.total_minor) for one in shop.all(Document, Document.kind == "invoice")] == [("paid", 0)]
