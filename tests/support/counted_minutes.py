"""The web shop's plan for lines counts minutes: 600 a month are included, then tiers, at most 15.00."""

from sqlalchemy import select
from web_shop import Shop

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price
from billhead.models.usage import UsageMetric, UsagePrice

TERMS = {"pricing": "graduated", "currency": "EUR", "included": "600", "cap": "15",
         "tiers": [{"up_to": "100", "unit": "0.02"}, {"unit": "0.015"}]}  # fmt: skip


def count_minutes(shop: Shop) -> None:
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        row = UsageMetric(seller_id=1, code="minutes", name="Viewing time", unit="minutes", aggregation="sum")
        tx.session.add(row)
        tx.session.flush()
        prices = tx.session.scalars(
            select(Price).join(Plan, Plan.id == Price.plan_id).where(Plan.code == "basic", Price.amount_minor == 999)
        )
        tx.session.add_all(UsagePrice(price_id=price.id, metric_id=row.id, terms=TERMS) for price in prices)
