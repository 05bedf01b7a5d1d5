"""Pitfall 14: as 13, but suspended: by the rule of the plan, and what it comes to is shown before somebody pays."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.settle_proforma import preview_settle_proforma, settle_proforma
from billhead.db import reading, writing
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

TODAY, EXPIRY = date(2026, 11, 22), date(2026, 10, 13)


@pytest.mark.parametrize(
    ("rule", "period"),
    [
        ("expiry", (EXPIRY, date(2026, 11, 13))),  # from due: the days without service are paid for
        ("now", (TODAY, date(2026, 12, 22))),
        ("later", (TODAY, date(2026, 12, 22))),
    ],
)
def test_pitfall_14_the_plans_rule_decides_and_is_shown_first(sqlite_url, tmp_path, rule, period):
    with (
        open_shop(sqlite_url, tmp_path, lead_days=14) as shop,
        clock.business_time(datetime(2026, 11, 22, 12, tzinfo=UTC)),
    ):
        plan = shop.plan("tv", 1000, renewal_from=rule)
        subscription = shop.subscribe(
            shop.customer(card=False), plan, due=EXPIRY, collection="manual", next_bill_on=TODAY
        )
        shop.run(TODAY)
        shop.change(Subscription, subscription, state="suspended", suspended_for="debt")
        (offer,) = shop.all(Document)
        with reading() as session:
            promised = preview_settle_proforma(session, offer.id)[subscription]
        assert (promised.start, promised.end) == period
        with writing(SYSTEM) as tx:
            settle_proforma(tx, offer.id)
        assert [line[1:3] for line in shop.lines(subscription)] == [period]
