"""Pitfall 13: expired 40 days ago, one month is bought: from now; one that still runs: from its old expiry."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.settle_proforma import preview_settle_proforma, settle_proforma
from billhead.db import reading, writing
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("paid_through", "state", "period"),
    [
        (date(2026, 10, 13), "expired", (TODAY, date(2026, 12, 22))),  # 40 days ago: now + 1 month
        (date(2026, 11, 30), "active", (date(2026, 11, 30), date(2026, 12, 30))),  # still running: old expiry + 1 month
        (TODAY, "expired", (TODAY, date(2026, 12, 22))),
    ],
)
def test_pitfall_13_one_month_is_one_month_of_watching(sqlite_url, tmp_path, paid_through, state, period):
    with (
        open_shop(sqlite_url, tmp_path, lead_days=14) as shop,
        clock.business_time(datetime(2026, 11, 22, 12, tzinfo=UTC)),
    ):
        subscription = shop.subscribe(
            shop.customer(card=False), shop.plan("tv", 1000), due=paid_through, collection="manual", next_bill_on=TODAY
        )
        shop.run(TODAY)
        shop.change(Subscription, subscription, state=state)
        (offer,) = shop.all(Document)
        with reading() as session:
            promised = preview_settle_proforma(session, offer.id)[subscription]
        with writing(SYSTEM) as tx:
            settle_proforma(tx, offer.id)
        assert (promised.start, promised.end) == period  # said before it is paid
        assert [line[1:3] for line in shop.lines(subscription)] == [period]
        assert shop.get(Subscription, subscription).billed_through == period[1]
