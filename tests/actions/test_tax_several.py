"""Several taxes on one line, told with a shop in Montreal; documents that a tax engine holds up."""

from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing.first import first
from billhead.actions.billing.quote import Part, Wanted, quote, read_buyers, visitor
from billhead.actions.billing.retax_open import retax_open
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.documents.taxes_of import taxes_of
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._attempts import payable
from billhead.db import reading, writing
from billhead.domain.errors import OnHold, PluginFailed
from billhead.models.documents import Document, DocumentLine, FailedItem
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.operations import AuditEntry
from billhead.models.payments import AttemptDocument, PaymentAttempt
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import LineTax

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)
TODAY = date(2026, 11, 22)


class Canada:
    """GST, and by region QST; in the old days Quebec took it on the price with GST. `held` countries wait."""

    code, label = "flat", "Canada"

    def __init__(self, compound=False, qst=99_750):
        self.compound, self.qst, self.held, self.postcodes = compound, qst, set(), []

    def assess(self, requests):
        return [[self._tax(request) for _ in request.lines] for request in requests]

    def _tax(self, request):
        self.postcodes.append(request.buyer.postcode)
        hold = "we wait for your province" if request.buyer.country in self.held else ""
        if request.buyer.exempt_reason:
            return LineTax("CA", "exempt", 0, f"Exempt: {request.buyer.exempt_reason}")
        also = (LineTax("CA-QC", "qst", self.qst, compound=self.compound),) if request.buyer.region == "QC" else ()
        return LineTax("CA", "gst", 50_000, also=also, hold=hold)


@contextmanager
def _open(url, home):
    with open_shop(url, home, lead_days=7) as shop, clock.business_time(datetime(2026, 11, 22, 12, tzinfo=UTC)):
        shop.plugins.engine = Canada()
        yield shop


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with _open(sqlite_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def any_shop(database_url, tmp_path):
    """On each database in turn."""
    with _open(database_url, tmp_path) as shop:
        yield shop


def tax_accounts(shop):
    """Subject → what is owed there, in minor units."""
    sums = {}
    with reading() as session:
        rows = session.execute(
            select(LedgerAccount.subject, LedgerPosting.side, func.sum(LedgerPosting.amount_minor))
            .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
            .where(LedgerAccount.code == "tax")
            .group_by(LedgerAccount.subject, LedgerPosting.side)
        )
        for subject, side, minor in rows:
            sums[subject] = sums.get(subject, 0) + (int(minor) if side == "C" else -int(minor))
    return sums


def ordered(shop, customer, *plans):
    pending = {"collection": "manual", "state": "pending", "billed_through": None, "paid_through": None}
    subscription = shop.subscribe(customer, *plans, due=TODAY, next_bill_on=None, **pending)
    with writing(SYSTEM) as tx:
        return first(tx, subscription)


def test_two_taxes_stand_on_the_line_and_in_two_accounts(any_shop):
    shop = any_shop
    montreal = shop.customer(country="CA", region="QC")
    shop.subscribe(montreal, shop.plan("tv", 999), due=NOV)
    shop.run(NOV)
    (line,) = shop.all(DocumentLine)
    # 9.99 × 5 % = 0.4995 → 0.50; 9.99 × 9.975 % = 0.9965 → 1.00; together 14.975 %
    assert line.taxes == [["CA:gst", 50_000, 50], ["CA-QC:qst", 99_750, 100]]
    assert (line.net_minor, line.tax_minor, line.tax_code, line.tax_rate_ppm) == (
        999, 150, "CA:gst+CA-QC:qst", 149_750,
    )  # fmt: skip
    assert shop.all(Document)[0].total_minor == 1149
    assert tax_accounts(shop) == {"CA:gst": 50, "CA-QC:qst": 100}
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_a_compound_tax_is_taken_on_the_price_with_the_first(shop):
    shop.plugins.engine = Canada(compound=True, qst=95_000)
    shop.subscribe(shop.customer(country="CA", region="QC"), shop.plan("tv", 10_000), due=NOV)
    shop.run(NOV)
    # 100.00 × 5 % = 5.00; 105.00 × 9.5 % = 9.975 → 9.98
    assert shop.all(DocumentLine)[0].taxes == [["CA:gst", 50_000, 500], ["CA-QC:qst", 95_000, 998]]


def test_prices_with_tax_keep_their_total(shop):
    shop.subscribe(shop.customer(country="CA", region="QC"), shop.plan("tv", 1149, tax_inclusive=True), due=NOV)
    shop.run(NOV)
    (line,) = shop.all(DocumentLine)
    # 11.49 ÷ 1.14975 = 9.9935 → 9.99; 1.50 of tax are 0.50 and 1.00
    assert (line.net_minor, [minor for _, _, minor in line.taxes]) == (999, [50, 100])


def test_each_tax_is_rounded_once_where_the_seller_rounds_per_rate(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, tax_rounding="per_rate_keep_net") as shop:
        shop.plugins.engine = Canada()
        plans = [shop.plan(code, 83) for code in ("a", "b", "c")]
        shop.subscribe(shop.customer(country="CA", region="QC"), *plans, due=NOV)
        shop.run(NOV)
        # 3 × 0.83 = 2.49: GST 0.1245 → 0.12 (line by line it would be 0.12), QST 0.2484 → 0.25 (by line 0.24)
        assert tax_accounts(shop) == {"CA:gst": 12, "CA-QC:qst": 25}
        assert [tax[3:] for tax in taxes_of(shop.all(DocumentLine))] == [(50_000, 249, 12), (99_750, 249, 25)]


def test_one_tax_alone_is_kept_as_before(shop):
    shop.subscribe(shop.customer(country="CA", region="AB"), shop.plan("tv", 999), due=NOV)
    shop.run(NOV)
    (line,) = shop.all(DocumentLine)
    assert (line.taxes, line.tax_code, line.tax_rate_ppm, line.tax_minor) == (None, "CA:gst", 50_000, 50)


def test_cart_order_and_invoice_say_the_same_taxes(any_shop):
    shop = any_shop
    tv, montreal = shop.plan("tv", 999, setup_minor=83), shop.customer(country="CA", region="QC")
    with reading() as session:
        parts = [Part(None, *tv, 1)]
        cart = quote(session, shop.seller_id, "EUR", [Wanted(parts)], read_buyers(session, [montreal])[montreal])
        assert quote(session, shop.seller_id, "EUR", [Wanted(parts)], visitor("CA", region="QC")) == cart
    order = ordered(shop, montreal, tv)
    with writing(SYSTEM) as tx:
        invoice = settle_proforma(tx, order)
    said = taxes_of(cart.lines)
    # 0.83 and 9.99: GST 0.04 + 0.50, QST 0.08 + 1.00
    assert [(tax.code, tax.name, tax.tax_minor) for tax in said] == [("CA:gst", "GST", 54), ("CA-QC:qst", "QST", 108)]
    for document in (order, invoice):
        assert taxes_of(shop.all(DocumentLine, DocumentLine.document_id == document)) == said
        assert shop.get(Document, document).total_minor == cart.total_minor == 1082 + 54 + 108
    assert tax_accounts(shop) == {"CA:gst": 54, "CA-QC:qst": 108}


def test_an_exemption_holds_to_its_last_day_and_stands_on_the_document(shop):
    exempt = {"tax_exempt_reason": "band office", "tax_exempt_certificate": "T-7", "tax_exempt_until": NOV}
    mohawk = shop.customer(country="CA", region="QC", **exempt)
    shop.subscribe(mohawk, shop.plan("tv", 999), due=NOV)
    shop.run(NOV)
    shop.run(DEC)
    assert [(one.tax_minor, one.notes) for one in shop.all(Document)] == [
        (0, ["Exempt: band office (certificate T-7)"]),
        (150, []),
    ]


def test_postcodes_are_read_only_for_engines_that_ask(shop):
    shop.subscribe(shop.customer(country="CA", address={"postcode": "h3a 1a1"}), shop.plan("tv", 999), due=NOV)
    shop.run(NOV, dry_run=True)
    shop.plugins.engine.uses_postcode = True
    shop.run(NOV)
    assert shop.plugins.engine.postcodes == ["", "H3A1A1"]


class Opened(Canada):
    """Must be opened before it knows its rates."""

    opens = 0

    def opened(self):
        Opened.opens += 1
        return Canada()

    def assess(self, requests):
        raise AssertionError("asked without being opened")


def test_an_engine_is_opened_once_a_run(shop):
    shop.plugins.engine = Opened()
    tv = shop.plan("tv", 999)
    for _ in range(5):
        shop.subscribe(shop.customer(country="CA"), tv, due=NOV)
    Opened.opens = 0
    assert shop.run(NOV, chunk_size=2).invoices == 5
    assert Opened.opens == 1


@pytest.mark.parametrize(
    ("tax", "why"),
    [
        (LineTax("CA", "gst", 50_000, also=(LineTax("CA", "gst", 10_000),)), "one line has the tax CA:gst twice"),
        (
            LineTax("CA", "gst", 50_000, also=(LineTax("CA", "a", 1, also=(LineTax("CA", "b", 1),)),)),
            "CA:a: a further tax of a line has no further ones itself",
        ),
        (LineTax("CA", "gst", 1_000_000, also=(LineTax("CA", "b", 1),)), "must be from 0 to below"),
    ],
)
def test_an_impossible_answer_aborts_that_draft_and_names_the_engine(shop, tax, why):
    class Wrong:
        def assess(self, requests):
            return [[tax for _ in request.lines] for request in requests]

    shop.plugins.engine = Wrong()
    subscription = shop.subscribe(shop.customer(country="CA"), shop.plan("tv", 999), due=NOV)
    assert shop.run(NOV).failed == 1
    assert why in shop.get(FailedItem, subscription).error
    with reading() as session, pytest.raises(PluginFailed, match="flat"):
        quote(session, shop.seller_id, "EUR", [Wanted([Part(None, *shop.plan("more", 1), 1)])], visitor("CA"))


def test_an_invoice_on_hold_is_a_draft_until_the_cause_is_gone(any_shop):
    shop = any_shop
    shop.plugins.engine.held.add("CA")
    held = shop.customer(country="CA", region="QC")
    shop.subscribe(held, shop.plan("tv", 999), due=NOV)
    shop.subscribe(shop.customer(country="FI"), shop.plan("more", 999), due=NOV)
    assert shop.run(NOV).failed == 0
    draft, other = shop.all(Document)
    assert (draft.state, draft.number, draft.held_because) == ("draft", None, "we wait for your province")
    assert (other.state, other.number) == ("final", 1)  # the rest goes on
    assert tax_accounts(shop) == {"CA:gst": 50}
    shop.change(Customer, held, region="AB")
    shop.plugins.engine.held.clear()
    with writing(SYSTEM) as tx:
        assert retax_open(tx, held) == (draft.id,)
    draft = shop.get(Document, draft.id)
    assert (draft.held_because, draft.finalise_on, draft.tax_minor) == ("grace", TODAY, 50)


def test_a_free_renewal_is_not_held_by_what_its_tax_is_unknown_for(any_shop):
    """By hand: it would expire on 1 November."""
    shop = any_shop
    shop.plugins.engine.held.add("CA")
    held = shop.customer(country="CA", region="QC")
    subscription = shop.subscribe(held, shop.plan("tv", 0), due=NOV, collection="manual", paid_through=NOV)
    shop.run(NOV)
    assert [(one.state, one.held_because) for one in shop.all(Document)] == [("paid", "")]
    kept = shop.get(Subscription, subscription)
    assert kept.paid_through == kept.billed_through > NOV


def test_an_order_on_hold_stands_but_is_not_paid_before(any_shop):
    shop = any_shop
    shop.plugins.engine.held.add("CA")
    customer = shop.customer(country="CA", region="QC")
    order = ordered(shop, customer, shop.plan("tv", 999))
    assert shop.get(Document, order).held_because == "we wait for your province"
    with writing(SYSTEM) as tx, pytest.raises(OnHold, match="we wait for your province"):
        payable(tx, order)
    shop.plugins.engine.held.clear()
    with writing(SYSTEM) as tx:
        assert retax_open(tx, customer) == (order,)
    with writing(SYSTEM) as tx:
        assert payable(tx, order)[1].minor == 1149


def test_open_orders_follow_what_is_known_of_the_customer(any_shop):
    shop = any_shop
    customer = shop.customer(country="CA", region="QC")
    order = ordered(shop, customer, shop.plan("tv", 999, setup_minor=83), shop.plan("screen", 300))
    shop.change(Customer, customer, region="AB")
    with writing(SYSTEM) as tx:
        assert retax_open(tx, customer) == (order,)
        assert retax_open(tx, customer) == ()  # nothing left to change
    # 0.83, 9.99 and 3.00 with GST alone: 0.04 + 0.50 + 0.15
    assert [(row.net_minor, row.tax_minor, row.taxes) for row in shop.all(DocumentLine)] == [
        (83, 4, None), (999, 50, None), (300, 15, None),
    ]  # fmt: skip
    document = shop.get(Document, order)
    assert (document.net_minor, document.tax_minor, document.total_minor) == (1382, 69, 1451)
    changed = shop.all(AuditEntry, AuditEntry.action == "documents.retax")
    assert [(row.details["tax_from"], row.details["tax_to"]) for row in changed] == [(207, 69)]


def test_an_order_with_prices_that_include_tax_keeps_its_total(shop):
    customer = shop.customer(country="CA", region="QC")
    order = ordered(shop, customer, shop.plan("tv", 1149, tax_inclusive=True))
    shop.change(Customer, customer, region="AB")
    with writing(SYSTEM) as tx:
        retax_open(tx, customer)
    # 11.49 ÷ 1.05 = 10.943 → 10.94 and 0.55
    document = shop.get(Document, order)
    assert (document.net_minor, document.tax_minor, document.total_minor) == (1094, 55, 1149)


@pytest.mark.parametrize("alone", [True, False])
def test_an_order_whose_payment_is_under_way_stays_as_it_was_shown(shop, alone):
    customer = shop.customer(country="CA", region="QC")
    order, other = (ordered(shop, customer, shop.plan(name, 999)) for name in ("tv", "radio"))
    with writing(SYSTEM) as tx:
        tried = PaymentAttempt(
            document_id=order if alone else other, customer_id=customer, account_id=shop.cards_id, number=1, key="a",
            amount_minor=1149, currency="EUR", state="processing", created_at=clock.now(),
        )  # fmt: skip
        tx.session.add(tried)
        tx.session.flush()
        if not alone:
            tx.session.add(AttemptDocument(attempt_id=tried.id, document_id=order, position=0))
    shop.change(Customer, customer, region="AB")
    with writing(SYSTEM) as tx:
        assert retax_open(tx, customer) == ((other,) if alone else ())
    assert shop.get(Document, order).total_minor == 1149
