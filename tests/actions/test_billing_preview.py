"""The next invoice as it is shown is what the run then writes: any plan, quantity, zone, credit and tax mode."""

import shutil
from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.actions.billing.run import run_billing
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.domain.periods import start_of_day
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.plugin import ExtraLine

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Helsinki")  # UTC+14, UTC−11


class Tenth:
    code = "tenth"

    def apply(self, drafts):
        return [
            [ExtraLine("ten", "10 % off", Money(-sum(line.net.minor for line in draft.lines) // 10, "EUR"))]
            for draft in drafts
        ]


@pytest.fixture(scope="module")
def shop(migrated_sqlite, tmp_path_factory):
    home = tmp_path_factory.mktemp("preview")
    file = shutil.copy(migrated_sqlite, home / "billhead.sqlite3")
    with open_shop(f"sqlite:///{file}", home) as shop, clock.business_time(NOW):
        yield shop


amounts = st.integers(1, 99_999)
terms = st.sampled_from(["7 days", "1 month", "3 months", "1 year"])
parts = st.lists(st.tuples(amounts, st.integers(1, 5)), min_size=1, max_size=3)
orders = st.lists(
    st.fixed_dictionaries(
        {
            "term": terms, "parts": parts, "inclusive": st.booleans(), "anchor": st.integers(-400, 0),
            "due": st.integers(-70, 40), "manual": st.booleans(), "arrears": st.booleans(),
            "ends": st.none() | st.integers(1, 90), "lead": st.sampled_from([0, 3, 40]),
        }
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orders=orders, zone=st.sampled_from(ZONES), seller_zone=st.sampled_from(ZONES),
    credit=st.sampled_from([0, 1, 777, 50_000]), rule=st.booleans(), together=st.booleans(),
    rounding=st.sampled_from(["per_line", "per_rate_keep_net", "per_rate_keep_gross"]),
    drafts=st.booleans(), country=st.sampled_from(["FI", "SE"]),
)  # fmt: skip
def test_preview_equals_the_run(shop, orders, zone, seller_zone, credit, rule, together, rounding, drafts, country):
    shop.plugins.rules = [("coupons", Tenth())] if rule else []
    shop.change(Seller, shop.seller_id, zone=seller_zone, tax_rounding=rounding, hold_for_review=drafts)
    with writing(SYSTEM) as tx:  # what earlier examples have left is not due any more
        tx.session.execute(Subscription.__table__.update().values(next_bill_on=None))
    customer = shop.customer(zone=zone, credit_minor=credit, consolidate=together, country=country)
    today = clock.today_in(zone)
    ids = []
    for order in orders:
        ids.append(subscribed(shop, customer, order, today))
    with reading() as session:
        shown = {one: next_document(session, one) for one in ids}
    days = {one: upcoming.on for one, upcoming in shown.items() if upcoming.document}
    if not days:
        return
    first = min(days.values())
    at = NOW if first <= today else start_of_day(first, zone)
    with clock.business_time(at):
        run_billing(at)
    for one, day in days.items():
        if day == first:
            assert written(shop, one) == told(shown[one].document), one


def subscribed(shop, customer, order, today):
    plans = [
        shop.plan(f"p{shop.made}-{clock.monotonic()}-{n}", minor, order["term"], tax_inclusive=order["inclusive"])
        for n, (minor, _) in enumerate(order["parts"])
    ]
    shop.change(Plan, plans[0][0], lead_days={"": order["lead"]} if order["lead"] else {})
    due = today + timedelta(days=order["due"])
    manual, arrears = order["manual"], order["arrears"] and not order["manual"]
    subscription = shop.subscribe(
        customer, *plans, due=due, anchor=min(today + timedelta(days=order["anchor"]), due), line=False,
        collection="manual" if manual else "auto", timing="arrears" if arrears else "advance",
        billing_ends_on=due + timedelta(days=order["ends"]) if order["ends"] else None,
    )  # fmt: skip
    with writing(SYSTEM) as tx:
        rows = tx.session.scalars(
            select(SubscriptionComponent)
            .where(SubscriptionComponent.subscription_id == subscription)
            .order_by(SubscriptionComponent.id)
        )
        for row, (_, quantity) in zip(rows, order["parts"], strict=True):
            row.quantity = quantity
    return subscription


def told(document):
    lines = [
        (line.kind, line.period_start, line.period_end, line.quantity, line.net_minor, line.tax_minor)
        for line in document.lines
    ]
    return document.kind, document.net, document.tax, document.total, document.credit, document.due_on, lines


def written(shop, subscription):
    with reading() as session:
        mine = select(DocumentLine.document_id).where(DocumentLine.subscription_id == subscription)
        document = session.scalars(select(Document).where(Document.id.in_(mine)).order_by(Document.id.desc())).first()
        assert document is not None, "the run wrote nothing"
        rows = session.scalars(
            select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
        )
        lines = [
            (row.kind, row.period_start, row.period_end, row.quantity, row.net_minor, row.tax_minor) for row in rows
        ]
    figures = document.net_minor, document.tax_minor, document.total_minor, document.settled_minor
    return document.kind, *figures, document.due_on, lines


def test_why_nothing_comes_is_said(shop):
    shop.plugins.rules = []
    shop.change(Seller, shop.seller_id, hold_for_review=False)
    plan, customer = shop.plan("why", 1000), shop.customer()
    ended = shop.subscribe(customer, plan, due=date(2027, 1, 1), next_bill_on=None, billing_ends_on=date(2027, 1, 1))
    credits = shop.subscribe(customer, plan, due=date(2027, 1, 1), settlement="credits")
    offered = shop.subscribe(customer, plan, due=date(2026, 12, 1), collection="manual", next_bill_on=NOW.date())
    shop.run(NOW)
    with reading() as session:
        assert next_document(session, ended).why == "it ends on 2027-01-01"
        assert next_document(session, credits).why == "it is paid by credits of a reseller"
        waiting = next_document(session, offered)
        assert next_document(session, ended, date(2026, 12, 1)).document is None
    assert waiting.why == "its proforma waits to be paid"
    assert shop.get(Document, waiting.waiting_id).kind == "proforma"
