"""The tax report beside the ledger's tax accounts, and what the returns of EU VAT say: to the cent."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM
from sqlalchemy import select
from vat_shop import open_vat_shop

from billhead import clock
from billhead.actions.billing._rated import LineDetail, Rated, RatedLine
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.write_off import write_off
from billhead.actions.ledger._reversing import reverse
from billhead.actions.ledger.post import post
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._book import Receipt, book
from billhead.actions.rates.import_rates import import_rates
from billhead.actions.subscriptions.change import ChangeWish, change
from billhead.db import reading, writing
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import GatewayAccount
from billhead.models.sellers import Seller, TaxRegistration
from billhead.models.subscriptions import Subscription
from billhead.plugin import LineTax
from billhead.reports import as_csv, ask, csv_columns, report_of, tabled

OCT, NOV, DEC = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
FIRM = {"company": "Acme", "vat_id": "DE136695976", "vat_id_state": "valid"}


@pytest.fixture
def vat(database_url, tmp_path):
    with open_vat_shop(database_url, tmp_path) as shop:
        yield shop


def eur(minor):
    return Money(minor, "EUR")


def made(code, **typed):
    found = report_of(code)
    with reading() as session:
        return tabled(session, found, ask(session, found.report, typed, date(2026, 12, 31)))


def billed(vat, on, minor=1000, currency="EUR", **customer):
    """The invoice of a new customer's month."""
    shop = vat.shop
    plan = shop.plan(f"tv{shop.made}", minor, currency=currency)
    subscription = shop.subscribe(shop.customer(currency=currency, **customer), plan, due=on, line=False)
    shop.run(on)
    shop.change(Subscription, subscription, next_bill_on=None)  # this month only
    return shop.all(Document)[-1].id


def credited(invoice_id, on):
    """All of an invoice given back on a day, with the tax that it had."""
    with writing(SYSTEM) as tx, clock.business_time(datetime(on.year, on.month, on.day, 12, tzinfo=UTC)):
        one = tx.session.get_one(Document, invoice_id)
        rows = tx.session.scalars(select(DocumentLine).where(DocumentLine.document_id == invoice_id)).all()
        lines = [
            RatedLine(None, row.price_id, row.plan_id, "returned", "Given back", "", None, None, 1, row.net_minor,
                      row.net_minor, row.tax_minor, row.tax_code, row.tax_rate_ppm,
                      LineDetail(corrects_line_id=row.id))
            for row in rows
        ]  # fmt: skip
        taxes = tuple((row.tax_code, row.tax_minor) for row in rows if row.tax_minor)
        buyer = read_buyers(tx.session, [one.customer_id])[one.customer_id].party
        note = Rated("credit_note", one.seller_id, one.customer_id, None, None, one.currency, on, on, tuple(lines),
                     one.net_minor, one.tax_minor, one.total_minor, taxes, (), buyer, False, None)  # fmt: skip
        return issue_invoice(tx, note._replace(corrects_id=invoice_id)).document_id


def voided(invoice_id, on):
    with writing(SYSTEM) as tx:
        one = tx.session.get_one(Document, invoice_id)
        one.closing_entry_id = reverse(tx, one.entry_id, "void", on, f"void:{invoice_id}")
        one.state = "void"


def differences(table):
    return [tie for tie in table.ties if tie.difference]


def test_a_year_of_taxes_ties_to_every_tax_account(vat):
    billed(vat, OCT, country="FI")
    german = billed(vat, OCT, country="DE")
    billed(vat, NOV, country="DE", minor=500)
    billed(vat, NOV, **FIRM, country="DE")
    billed(vat, NOV, country="US")
    credited(german, NOV)
    table = made("tax", **{"from": "2026-01-01", "by": "quarter"})
    assert table.rows == [
        ("2026-Q4", "DE", "oss", "19 %", 2, 1, eur(500), eur(95)),  # 1.90 + 0.95 - 1.90
        ("2026-Q4", "DE", "reverse charge", "0 %", 1, 0, eur(1000), eur(0)),
        ("2026-Q4", "FI", "standard", "25.5 %", 1, 0, eur(1000), eur(255)),
        ("2026-Q4", "US", "outside scope", "0 %", 1, 0, eur(1000), eur(0)),
    ]
    assert [(tie.what, tie.here, tie.ledger) for tie in table.ties] == [
        ("Tax account DE:oss", eur(95), eur(95)), ("Tax account FI:standard", eur(255), eur(255)),
    ]  # fmt: skip
    months = made("tax", **{"from": "2026-10-01", "to": "2026-11-30"})
    german = [(row[0], row[4:]) for row in months.rows if row[1:3] == ("DE", "oss")]
    assert german == [("2026-10", (1, 0, eur(1000), eur(190))), ("2026-11", (1, 1, eur(-500), eur(-95)))]
    assert differences(made("tax", **{"from": "2026-10-01", "to": "2026-10-31"})) == []
    assert differences(made("tax", **{"from": "2026-11-01", "to": "2026-11-30"})) == []


def test_what_is_voided_is_taken_back_on_its_day_as_in_the_ledger(vat):
    voided(billed(vat, OCT, country="FI"), date(2026, 11, 5))
    october = made("tax", **{"from": "2026-10-01", "to": "2026-10-31"})
    november = made("tax", **{"from": "2026-11-01", "to": "2026-11-30"})
    assert [row[4:] for row in october.rows] == [(1, 0, eur(1000), eur(255))]
    assert [row[4:] for row in november.rows] == [(0, 1, eur(-1000), eur(-255))]
    assert differences(october) == differences(november) == []


def test_an_entry_by_hand_shows_as_the_difference_of_its_account(vat):
    billed(vat, NOV, country="FI")
    legs = [debit(AccountCode.SUSPENSE, eur(7)), credit(AccountCode.TAX, eur(7), "FI:standard")]
    with writing(SYSTEM) as tx:
        post(tx, vat.shop.seller_id, "by_hand", NOV, "by-hand", legs)
    (tie,) = differences(made("tax", **{"from": "2026-11-01"}))
    assert (tie.what, tie.difference) == ("Tax account FI:standard", eur(-7))


def test_every_tax_of_a_line_has_its_row_and_its_account(vat):
    class Quebec:
        def assess(self, requests):
            also = (LineTax("CA-QC", "qst", 99_750),)
            return [[LineTax("CA", "gst", 50_000, also=also) for _ in request.lines] for request in requests]

    real = vat.shop.app.extensions["billhead"].plugins
    real.tax_engine = lambda code: Quebec()
    billed(vat, NOV, minor=999)
    table = made("tax", **{"from": "2026-11-01", "by": "all"})
    assert table.rows == [
        ("", "CA", "gst", "5 %", 1, 0, eur(999), eur(50)),
        ("", "CA-QC", "qst", "9.975 %", 1, 0, eur(999), eur(100)),
    ]
    assert table.totals[0].cells == (*[None] * 7, eur(150))  # the net of both rows is the same 9.99
    assert differences(table) == []
    assert len(table.ties) == 2


def test_orders_and_drafts_are_no_turnover(vat):
    vat.order(vat.shop.customer(country="DE"), vat.shop.plan("tv", 1000))
    vat.settings(unchecked_vat_id="hold")
    billed(vat, NOV, country="DE", **{**FIRM, "vat_id_state": "pending"})
    assert vat.shop.all(Document)[-1].state == "draft"
    assert made("tax", **{"from": "2026-01-01"}).rows == []


def test_the_one_stop_shop_by_quarter_country_and_rate_with_corrections(vat):
    with writing(SYSTEM) as tx:
        tx.session.add(TaxRegistration(seller_id=vat.shop.seller_id, jurisdiction="FR", scheme="domestic"))
    german = billed(vat, date(2026, 9, 30), country="DE")
    billed(vat, OCT, country="DE", minor=2000)
    billed(vat, OCT, country="SE")
    billed(vat, NOV, country="SE", location_evidence={"ip": "DE"})  # one against one: the higher tax
    billed(vat, OCT, country="FR")  # its own registration there
    billed(vat, OCT, country="FI")
    billed(vat, OCT, country="DE", **FIRM)
    credited(german, DEC)
    voided(billed(vat, date(2026, 9, 30), country="SE"), NOV)  # declared in one quarter, and void in the next
    oss = made("eu-vat-oss", **{"from": "2026-07-01"})
    assert oss.rows == [
        ("2026-Q3", "DE", "19 %", "", 1, eur(1000), eur(190)),
        ("2026-Q3", "SE", "25 %", "", 1, eur(1000), eur(250)),
        ("2026-Q4", "DE", "19 %", "", 1, eur(2000), eur(380)),
        ("2026-Q4", "DE", "19 %", "2026-Q3", 1, eur(-1000), eur(-190)),
        ("2026-Q4", "SE", "25 %", "", 2, eur(2000), eur(500)),
        ("2026-Q4", "SE", "25 %", "2026-Q3", 1, eur(-1000), eur(-250)),
    ]
    own = made("eu-vat-domestic", **{"from": "2026-07-01"})
    assert own.rows == [
        ("2026-Q4", "DE", "reverse charge", "0 %", 1, eur(1000), eur(0)),
        ("2026-Q4", "FI", "standard", "25.5 %", 1, eur(1000), eur(255)),
        ("2026-Q4", "FR", "standard", "20 %", 1, eur(1000), eur(200)),
    ]
    # nothing is in both returns, and both together are the tax of the year
    together = oss.totals[0].cells[-1] + own.totals[0].cells[-1]
    assert together == made("tax", **{"from": "2026-01-01"}).totals[0].cells[-1] == eur(1335)
    report = report_of("eu-vat-oss").report
    assert csv_columns(report) == ["Quarter", "Country", "Rate", "Corrects", "Documents", "Net", "VAT", "Currency"]
    assert [str(cell) for cell in as_csv(report, oss.rows[3])] == [
        "2026-Q4", "DE", "19 %", "2026-Q3", "1", "-10.00", "-1.90", "EUR",
    ]  # fmt: skip


RATES = """day,currency,base,rate
2026-03-30,EUR,USD,1.25
2026-04-02,EUR,USD,1.2
2026-04-02,EUR,SEK,11
2026-06-29,EUR,USD,1.1
"""


def test_the_return_is_in_the_sellers_currency_at_the_rate_of_the_quarters_last_day(vat):
    march, may = date(2026, 3, 1), date(2026, 5, 1)
    billed(vat, march, country="DE")
    dollars = billed(vat, march, 2000, "USD", country="DE")
    billed(vat, march, 11000, "SEK", country="SE")
    credited(dollars, may)
    billed(vat, may, 2000, "USD", country="DE")
    with writing(SYSTEM) as tx:
        import_rates(tx, RATES, "ecb.csv")
    table = made("eu-vat-oss-return", **{"from": "2026-01-01"})
    first, second = "1 USD = 0.833333 EUR (2026-04-02)", "1 USD = ? EUR (2026-06-30)"
    assert table.rows == [
        # nothing on 31 March and 1 April: 10.00 + 20.00 ÷ 1.2 = 26.67, 1.90 + 3.80 ÷ 1.2 = 5.07
        ("2026-Q1", "DE", "19 %", "", 2, eur(2667), eur(507), first),
        ("2026-Q1", "SE", "25 %", "", 1, eur(1000), eur(250), "1 SEK = 0.090909 EUR (2026-04-02)"),
        # the rate of the day before does not count: it stays in dollars
        ("2026-Q2", "DE", "19 %", "", 1, Money(2000, "USD"), Money(380, "USD"), second),
        # a correction at the rate of what it corrects
        ("2026-Q2", "DE", "19 %", "2026-Q1", 1, eur(-1667), eur(-317), first),
    ]
    assert [total.cells[5] for total in table.totals] == [eur(2000), Money(2000, "USD")]
    # the documents' own currencies tie to the ledger as before
    assert differences(made("tax", **{"from": "2026-01-01"})) == []


def noon(day):
    return clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def test_what_a_change_sells_is_of_its_own_quarter_and_what_it_gives_back_of_the_old_one(vat):
    basic, _ = (vat.shop.plan(plan, minor, "1 year") for plan, minor in (("basic", 12000), ("gold", 36000)))
    march = date(2026, 3, 1)
    subscription = vat.shop.subscribe(vat.shop.customer(country="DE"), basic, due=march, line=False)
    with noon(march):
        vat.shop.run(march)
    with noon(date(2026, 9, 1)), writing(SYSTEM) as tx:
        change(tx, ChangeWish(subscription, plan="gold"))
    # 181 of 365 days: 59.51 of 120.00 go back with 11.31 of 22.80, and 178.52 of 360.00 are sold
    assert made("eu-vat-oss", **{"from": "2026-01-01"}).rows == [
        ("2026-Q1", "DE", "19 %", "", 1, eur(12000), eur(2280)),
        ("2026-Q3", "DE", "19 %", "", 1, eur(17852), eur(3392)),
        ("2026-Q3", "DE", "19 %", "2026-Q1", 1, eur(-5951), eur(-1131)),
    ]


def test_tax_of_a_bad_debt_is_taken_back_once_and_due_again_when_it_is_paid_after_all(vat):
    """120.00 with 20 % and 120.00 without; the first is given back, so that no tax is left in what is written off."""

    class TwoRates:
        def assess(self, requests):
            zero, standard = LineTax("FI", "zero", 0), LineTax("FI", "standard", 200_000)
            return [[zero if line.tax_class == "zero" else standard for line in one.lines] for one in requests]

    shop = vat.shop
    shop.app.extensions["billhead"].plugins.tax_engine = lambda code: TwoRates()
    shop.change(Seller, shop.seller_id, money_back={"bad_debt_tax": "reclaim"})
    plans = shop.plan("tv", 10000), shop.plan("book", 12000, tax_class="zero")
    shop.subscribe(shop.customer(card=False), *plans, due=OCT, line=False, billing_ends_on=NOV)
    shop.run(OCT)
    (both,) = shop.all(Document)
    first = shop.all(DocumentLine)[0]
    with noon(date(2026, 10, 10)), writing(SYSTEM) as tx:
        issue_credit_note(tx, both.id, (Correction(first.id),), reason="did not work")
    with noon(date(2026, 10, 20)), writing(SYSTEM) as tx:
        write_off(tx, both.id, reason="moved abroad")
    october = made("tax", **{"from": "2026-10-01", "to": "2026-10-31"})
    assert [row[1:] for row in october.rows] == [
        ("FI", "standard", "20 %", 1, 1, eur(0), eur(0)),
        ("FI", "zero", "0 %", 1, 0, eur(12000), eur(0)),
    ]
    assert differences(october) == []

    bad = billed(vat, NOV, card=False)
    with noon(date(2026, 11, 20)), writing(SYSTEM) as tx:
        write_off(tx, bad, reason="moved abroad")
    with noon(date(2026, 12, 5)), writing(SYSTEM) as tx:
        document = tx.session.get_one(Document, bad)
        book(tx, document, Receipt(tx.session.get_one(GatewayAccount, shop.cards_id), eur(1200), "after all"))
    november = made("tax", **{"from": "2026-11-01", "to": "2026-11-30"})
    december = made("tax", **{"from": "2026-12-01", "to": "2026-12-31"})
    assert [row[4:] for row in november.rows] == [(1, 1, eur(0), eur(0))]  # 10.00 and 2.00, and both taken back
    assert [row[4:] for row in december.rows] == [(0, 1, eur(1000), eur(200))]
    assert differences(november) == differences(december) == []


def test_a_debt_that_is_given_up_three_times_ties_in_every_month(vat):
    """12.55 with 25.5 %: given up, 6.00 come after all, given up, 3.00 come, given up."""
    shop = vat.shop
    shop.change(Seller, shop.seller_id, money_back={"bad_debt_tax": "reclaim"})
    bad = billed(vat, OCT, country="FI", card=False)
    days = (date(2026, 10, 20), None), (date(2026, 11, 5), 600), (date(2026, 11, 20), None)
    for day, minor in (*days, (date(2026, 12, 5), 300), (date(2026, 12, 20), None)):
        with noon(day), writing(SYSTEM) as tx:
            if minor is None:
                write_off(tx, bad, reason="nobody answers")
            else:
                account = tx.session.get_one(GatewayAccount, shop.cards_id)
                book(tx, tx.session.get_one(Document, bad), Receipt(account, eur(minor), f"on {day}"))
    months = {}
    for month, last in ((10, 31), (11, 30), (12, 31)):
        table = made("tax", **{"from": f"2026-{month}-01", "to": f"2026-{month}-{last}"})
        assert differences(table) == []
        months[month] = [row[6:] for row in table.rows]
    # the tax of 6.55 is 1.33, which belongs to 5.22 net; of 3.55 it is 0.72, which belongs to 2.82
    assert months == {10: [(eur(0), eur(0))], 11: [(eur(478), eur(122))], 12: [(eur(240), eur(61))]}
    owed = {}
    for day in ("10-19", "10-20", "11-04", "11-05", "11-19", "11-20", "12-04", "12-05", "12-19", "12-20"):
        table = made("receivables", as_of=f"2026-{day}")
        assert differences(table) == [], day
        owed[day] = sum(row[-1].minor for row in table.rows)
    assert list(owed.values()) == [1255, 0, 0, 655, 655, 0, 0, 355, 355, 0]
    with reading() as session:
        assert verify_ledger(session).faults == []
    assert verify_billing().differing == 0
