"""Proformas: what an order costs, what it becomes when it is paid, and what the run offers to manual payers."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.first import first
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers, visitor
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading, writing
from billhead.domain.errors import CurrencyMismatch, IllegalTransition
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import Job
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import ExtraLine

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)
TODAY = date(2026, 11, 22)


@pytest.fixture
def shop(database_url, tmp_path):
    with (
        open_shop(database_url, tmp_path, lead_days=7) as shop,
        clock.business_time(datetime(2026, 11, 22, 12, tzinfo=UTC)),
    ):
        yield shop


def order(shop, customer, *plans, **more):
    pending = {"collection": "manual", "state": "pending", "billed_through": None, "paid_through": None}
    subscription = shop.subscribe(customer, *plans, due=TODAY, **{**pending, "next_bill_on": None, **more})
    with writing(SYSTEM) as tx:
        return subscription, first(tx, subscription)


def settled(shop, document_id):
    with writing(SYSTEM) as tx:
        return settle_proforma(tx, document_id)


def lines_of(shop, document_id):
    rows = shop.all(DocumentLine, DocumentLine.document_id == document_id)
    return [(row.kind, row.period_start, row.period_end, row.net_minor, row.tax_minor) for row in rows]


def test_an_order_is_a_proforma_without_period_number_or_posting(shop):
    plan, addon = shop.plan("tv", 1000, setup_minor=500), shop.plan("sport", 300)
    _, document_id = order(shop, shop.customer(), plan, addon)
    proforma = shop.get(Document, document_id)
    assert (proforma.kind, proforma.state, proforma.number, proforma.total_minor) == ("proforma", "open", None, 2160)
    assert lines_of(shop, document_id) == [
        ("setup", None, None, 500, 100), ("recurring", None, None, 1000, 200), ("recurring", None, None, 300, 60),
    ]  # fmt: skip
    assert shop.all(LedgerEntry) == []


def test_settling_fixes_the_period_and_issues_the_same_amounts(shop):
    subscription, document_id = order(shop, shop.customer(), shop.plan("tv", 1000, setup_minor=500))
    with clock.business_time(datetime(2026, 11, 25, 9, tzinfo=UTC)):
        invoice_id = settled(shop, document_id)
    paid_on, until = date(2026, 11, 25), date(2026, 12, 25)
    assert lines_of(shop, invoice_id) == [("setup", None, None, 500, 100), ("recurring", paid_on, until, 1000, 200)]
    invoice = shop.get(Document, invoice_id)
    assert (invoice.kind, invoice.state, invoice.number, invoice.proforma_id) == ("invoice", "final", 1, document_id)
    assert shop.get(Document, document_id).state == "settled"
    after = shop.get(Subscription, subscription)
    assert (after.state, after.anchor, after.billed_through) == ("active", paid_on, until)
    assert after.next_bill_on == date(2026, 12, 18)  # seven days before, so that the customer can pay in time
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_a_proforma_is_settled_once(shop):
    _, document_id = order(shop, shop.customer(), shop.plan("tv", 1000))
    settled(shop, document_id)
    with pytest.raises(IllegalTransition):
        settled(shop, document_id)


def test_a_free_trial_starts_at_once_and_its_line_ends_with_it(shop):
    plan = shop.plan("tv", 1000, trial_term="7 days", trial_minor=0)
    subscription, invoice_id = order(shop, shop.customer(), plan, phase="trial")
    ends = date(2026, 11, 29)
    assert lines_of(shop, invoice_id) == [("trial", TODAY, ends, 0, 0)]
    assert shop.get(Document, invoice_id).state == "paid"
    after = shop.get(Subscription, subscription)
    assert (after.state, after.phase, after.phase_ends_on, after.anchor) == ("trial", "trial", ends, ends)
    assert after.paid_through == ends
    (line,) = shop.all(Service)
    assert (line.trial, line.desired_expires_at) == (True, datetime(2026, 12, 2, tzinfo=UTC))


def test_the_run_offers_a_renewal_once_and_paying_it_early_goes_on_from_expiry(shop):
    subscription = shop.subscribe(
        shop.customer(), shop.plan("tv", 1000), due=date(2026, 11, 30), anchor=date(2026, 10, 31), collection="manual",
        next_bill_on=date(2026, 11, 22),
    )  # fmt: skip
    report = shop.run(TODAY)
    assert (report.proformas, report.invoices, report.totals()) == (1, 0, {})
    assert shop.run(date(2026, 11, 29)).considered == 0
    (offer,) = shop.all(Document)
    assert (offer.due_on, offer.total_minor) == (date(2026, 11, 30), 1200)
    invoice_id = settled(shop, offer.id)
    # from expiry, 30 November, and the 31st comes back
    assert lines_of(shop, invoice_id) == [("recurring", date(2026, 11, 30), date(2026, 12, 31), 1000, 200)]
    assert shop.get(Subscription, subscription).anchor == date(2026, 10, 31)
    assert shop.all(Job) == []


@pytest.mark.parametrize(("rule", "start"), [("later", TODAY), ("now", TODAY), ("expiry", date(2026, 10, 13))])
def test_pitfall_13_a_line_that_expired_40_days_ago_is_renewed_by_the_plans_rule(shop, rule, start):
    plan = shop.plan("tv", 1000, renewal_from=rule)
    subscription = shop.subscribe(
        shop.customer(), plan, due=date(2026, 10, 13), collection="manual", next_bill_on=TODAY
    )
    shop.run(TODAY)
    shop.change(Subscription, subscription, state="expired")
    (offer,) = shop.all(Document)
    ((_, begins, ends, _, _),) = lines_of(shop, settled(shop, offer.id))
    assert (begins, ends) == (start, start.replace(month=start.month + 1))
    assert shop.get(Subscription, subscription).state == "active"


def test_an_open_offer_is_not_made_twice(shop):
    subscription = shop.subscribe(
        shop.customer(), shop.plan("tv", 1000), due=DEC, collection="manual", next_bill_on=TODAY
    )
    shop.run(TODAY)
    shop.change(Subscription, subscription, next_bill_on=TODAY)
    report = shop.run(TODAY)
    assert (report.considered, report.proformas, len(shop.all(Document))) == (1, 0, 1)


def test_nothing_is_invoiced_for_a_subscription_that_has_ended(shop):
    subscription, document_id = order(shop, shop.customer(), shop.plan("tv", 1000))
    shop.change(Subscription, subscription, state="canceled")
    assert settled(shop, document_id) is None
    assert shop.get(Document, document_id).state == "settled"
    assert shop.all(Document, Document.kind == "invoice") == []


class ThirdOff:
    code = "third"

    def apply(self, drafts):
        amounts = [sum(line.net.minor for line in draft.lines) for draft in drafts]
        return [[ExtraLine("33", "33 % off", Money(-round(amount * 33 / 100), "EUR"))] for amount in amounts]


def test_pitfall_22_the_cart_equals_the_proforma_and_the_invoice_to_the_cent(shop):
    shop.plugins.rules = [("coupons", ThirdOff())]
    plan, price = shop.plan("tv", 83)
    customer = shop.customer()
    with reading() as session:
        known = read_buyers(session, [customer])[customer]
        parts = [Part(None, plan, price, 3)]
        cart = quote(session, shop.seller_id, "EUR", [Wanted(parts)], known)
        anonymous = quote(session, shop.seller_id, "EUR", [Wanted(parts)], visitor("FI"))
    # 3 × 0.83 = 2.49; 33 % of it 0.82; tax 0.50 − 0.16 = 0.34
    assert (cart.net_minor, cart.tax_minor, cart.total_minor) == (167, 34, 201)
    assert anonymous == cart
    subscription = shop.subscribe(customer, (plan, price), due=NOV)
    with writing(SYSTEM) as tx:
        tx.session.execute(Subscription.__table__.metadata.tables["subscription_component"].update().values(quantity=3))
    shop.run(NOV)
    assert [line[3:] for line in shop.lines(subscription)] == [(249, 50), (-82, -16)]
    assert [(line.net_minor, line.tax_minor) for line in cart.lines] == [(249, 50), (-82, -16)]
    (invoice,) = shop.all(Document)
    assert invoice.total_minor == cart.total_minor


def test_a_quote_refuses_a_price_of_another_currency(shop):
    plan, price = shop.plan("tv", 83, currency="USD")
    with reading() as session, pytest.raises(CurrencyMismatch):
        quote(session, shop.seller_id, "EUR", [Wanted([Part(None, plan, price, 1)])], visitor("FI"))
