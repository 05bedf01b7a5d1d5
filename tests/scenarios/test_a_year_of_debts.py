"""Fourteen months of a family of Quebec that lives in Pago Pago (UTC−11), in which every way of owing money comes up.

The year from 29 February is 240.00 CAD; GST of 5 % and QST of 9.975 % come on top, and what is watched beyond 1000
minutes is paid afterwards at 0.01 a minute. The shop is in Toronto.
"""

from datetime import UTC, date, datetime

from long_story import tell_story
from metered_shop import meter, metric, tell, used

from billhead import clock
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.write_off import write_off
from billhead.actions.payments.book_receipt import book_receipt
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.payments.decide_dispute import decide_dispute
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import reading
from billhead.models.documents import DocumentLine
from billhead.models.sellers import Seller, TaxRegistration
from billhead.models.subscriptions import Subscription
from billhead.reports import ask, report_of, tabled
from billhead_sales_tax.engine import SalesTax
from billhead_sales_tax.rates import Rates

ZONE = "Pacific/Pago_Pago"


class ShippedRates(SalesTax):
    """Without a table of the operator's own."""

    def opened(self):
        return self


def set_up(story):
    """(the bank's account, the customer); the shop moves to Canada."""
    shop = story.shop
    shop.plugins.engine = ShippedRates(Rates())
    shop.change(Seller, shop.seller_id, country="CA", currency="CAD", zone="America/Toronto")
    for place in ("CA", "CA-QC"):
        story.add(TaxRegistration(seller_id=shop.seller_id, jurisdiction=place))
    year = shop.plan("year", 24_000, "1 year", currency="CAD")
    meter(shop, year, metric(shop), "standard", unit="0.01", included="1000")
    return story.bank(), shop.customer(country="CA", region="QC", zone=ZONE, currency="CAD", card=False)


def taxes():
    """What the tax report says of each tax: (place, tax, net, tax)."""
    with reading() as session:
        found = report_of("tax")
        typed = {"from": "2028-01-01", "to": "2029-12-31", "by": "all"}
        rows = tabled(session, found, ask(session, found.report, typed, date(2029, 4, 29))).rows
    return [(row[1], row[2], row[-2].minor, row[-1].minor) for row in rows]


def an_outage_is_refunded(story, year, first):
    shop = story.shop
    story.on(date(2028, 6, 10))
    tell(used(year, 900, "2028-06-09T20:00:00Z"), now=clock.business_now())
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == first.id)
    sorry = story.do(
        issue_credit_note, first.id, [Correction(line.id, amount_minor=2000)], reason="an outage", way="refund"
    )
    # of 20.00 with tax 17.39 are the price, and the refund goes to the card at once
    assert (sorry.net_minor, sorry.tax_minor, sorry.refunded) == (1739, 261, 2000)
    assert (story.cards.total(), story.told()[-1]) == (25_594, "refunded")


def minutes_beyond_the_allowance(story, year):
    story.on(date(2028, 11, 5))
    tell(used(year, 1334, "2028-11-04T20:00:00Z"), now=clock.business_now())
    story.on(date(2028, 12, 1))  # minutes are billed month by month: 3.34, 0.17 of GST and 0.33 of QST
    assert story.lines(story.newest()) == [("usage:minutes", "2028-10-29", "2028-11-29", 334, 50)]
    assert (story.newest().state, story.cards.total()) == ("paid", 25_594 + 384)

    story.on(date(2029, 2, 27))
    story.cards.empty = True
    # their year ends at eleven in the morning of London: the last minute counts, the next one is another year's
    last, next_one = "2029-02-28T10:59:59Z", "2029-02-28T11:00:00Z"
    tell(used(year, 1900, last), used(year, 700, next_one), now=datetime(2029, 2, 28, 11, 30, tzinfo=UTC))
    story.on(date(2029, 3, 1))
    owed = story.newest()
    assert story.lines(owed) == [
        ("recurring", "2029-02-28", "2030-02-28", 24_000, 3594),
        ("usage:minutes", "2029-01-29", "2029-02-28", 900, 135),  # 0.45 and 0.90
    ]
    assert (owed.issued_on, owed.due_on, owed.total_minor) == (date(2029, 2, 28), date(2029, 3, 7), 28_629)
    return owed


def paid_in_parts_and_charged_back(story, year, owed, who, bank):
    shop = story.shop
    story.on(date(2029, 3, 5))
    story.do(book_receipt, who, bank, 10_000, "CAD", "transfer 1")
    assert story.get(owed).state == "partly_paid"
    story.on(date(2029, 3, 20))
    assert (story.state(year), story.balances()["receivable"]) == ("suspended", 18_629)
    story.pays(owed.id)
    row = shop.get(Subscription, year)
    assert (row.state, row.paid_through, story.get(owed).state) == ("active", date(2030, 2, 28), "paid")

    story.on(date(2029, 3, 25))
    back = story.do(charge_back, story.payments()[-1].id, 18_629, "case 77", fee_minor=1500, reason="fraud")
    assert (back.reopened, back.pulled) == ({str(owed.id): 18_629}, [year])
    story.on(date(2029, 3, 29))
    assert story.state(year) == "suspended"
    story.do(decide_dispute, back.dispute_id, "lost")


def lost_and_paid_after_all(story, year, owed, who, bank):
    shop = story.shop
    story.on(date(2029, 4, 2))
    lost = story.do(write_off, owed.id, reason="nobody answers")
    assert (lost.lost_minor, story.get(owed).state) == (18_629, "written_off")
    story.in_order()
    assert story.balances().get("receivable", 0) == 0

    story.on(date(2029, 4, 29))
    assert story.state(year) == "suspended"
    story.do(book_receipt, who, bank, 18_629, "CAD", "transfer 2", [owed.id])
    row = shop.get(Subscription, year)
    assert (row.state, row.paid_through, story.get(owed).state) == ("active", date(2030, 2, 28), "paid")
    assert story.credit() == 0
    story.on(date(2029, 4, 30))
    story.in_order()


def test_a_year_of_debts(database_url, tmp_path):
    with tell_story(database_url, tmp_path, ZONE, date(2028, 2, 29), terms_days=7) as story:
        bank, who = set_up(story)
        started = story.do(start_subscription, Order(who, "year", "1 year"))
        year = started.subscription_id
        story.pays(started.document_id, save=True)
        first = story.newest()
        # 12.00 of GST and 23.94 of QST
        assert (first.net_minor, first.tax_minor, story.cards.total()) == (24_000, 1200 + 2394, 27_594)
        assert story.lines(first) == [("recurring", "2028-02-29", "2029-02-28", 24_000, 3594)]

        an_outage_is_refunded(story, year, first)
        owed = minutes_beyond_the_allowance(story, year)
        paid_in_parts_and_charged_back(story, year, owed, who, bank)
        lost_and_paid_after_all(story, year, owed, who, bank)
        assert story.written() == [
            ("invoice", "2028-02-29", 24_000, 3594, "paid"),
            ("credit_note", "2028-06-10", 1739, 261, "paid"),
            ("invoice", "2028-11-29", 334, 50, "paid"),
            ("invoice", "2029-02-28", 24_900, 3729, "paid"),
        ]
        assert taxes() == [("CA", "gst", 47_495, 2375), ("CA-QC", "qst", 47_495, 4737)]
        balances = story.balances()
        # by card 275.94 − 20.00 and 3.84, by transfer 100.00 and 186.29; what the chargeback took is gone with its fee
        assert balances["clearing"] == 27_594 - 2000 + 384 + 10_000 + 18_629 - 1500
        assert (balances["fees"], balances["tax"], balances.get("write_off", 0)) == (1500, -7112, 0)
        assert balances["deferred_revenue"] + balances["revenue"] == -(24_000 - 1739 + 334 + 24_900)
