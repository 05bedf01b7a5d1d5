"""A change that was planned on a plan that lasts for so long only, and taken back: nothing is billed twice for it."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._limits import limit_time
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.actions.subscriptions.keep import keep
from billhead.db import reading, writing
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

MONTHS = [date(2026, month, 1) for month in (4, 5, 6, 7, 8)]


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def on(day: date):
    return clock.business_time(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))


def test_the_plan_that_follows_is_billed_alone(shop):
    """Three months for 5.00, then 15.00. On 10 April she plans a downgrade to 3.00, and keeps what she has."""
    with on(MONTHS[0]):
        after = shop.plan("after", 1500)
        intro = shop.plan("intro", 500, fixed_term="3 months", then_plan_id=after[0])
        shop.plan("mini", 300)
        sold = shop.subscribe(shop.customer(credit_minor=90000), intro, due=MONTHS[0])
        with writing(SYSTEM) as tx:
            row = tx.session.get_one(Subscription, sold)
            limit_time(tx.session, row, tx.session.get_one(Plan, intro[0]), MONTHS[0])
        shop.run(MONTHS[0])
    with on(date(2026, 4, 10)), writing(SYSTEM) as tx:
        change(tx, ChangeWish(sold, plan="mini"))
        keep(tx, sold)
    for day in MONTHS[1:]:
        with on(day):
            shop.run(day)
            with writing(SYSTEM) as tx:
                begin_scheduled(tx)
    with reading() as session:
        billed = session.execute(
            select(Document.issued_on, Document.net_minor).where(Document.kind == "invoice").order_by(Document.id)
        ).all()
    # without taking back rightly, July and August would be 500 + 1500
    assert [tuple(one) for one in billed] == list(zip(MONTHS, (500, 500, 500, 1500, 1500), strict=True))
