"""The rate of VAT has changed since an invoice: what is given back of it has the rate and the tax that it was billed
with."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM
from vat_shop import TODAY, open_vat_shop

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.plugin import current_host
from billhead_eu_vat.rates import OwnRate
from billhead_eu_vat.store import set_rate

DEC = date(2026, 12, 7)


@pytest.fixture
def vat(database_url, tmp_path):
    with open_vat_shop(database_url, tmp_path) as vat:
        yield vat


def figures(vat, document_id):
    note = vat.shop.get(Document, document_id)
    (line,) = vat.shop.all(DocumentLine, DocumentLine.document_id == document_id)
    assert (note.net_minor, note.tax_minor) == (line.net_minor, line.tax_minor)
    return line.net_minor, line.tax_minor, line.tax_rate_ppm


def test_a_credit_note_keeps_the_rate_and_the_tax_of_its_invoice(vat):
    """25.5 % of Finland when three months are billed on 22 November; 20 % from December on."""
    shop, plan = vat.shop, vat.shop.plan("tv", 1000)
    subscriptions = [shop.subscribe(shop.customer(), plan, due=TODAY) for _ in range(3)]
    shop.run(TODAY)
    whole, part, left = shop.all(Document)
    assert [(one.net_minor, one.tax_minor) for one in (whole, part, left)] == [(1000, 255)] * 3
    with shop.app.app_context():
        set_rate(current_host("eu_vat"), OwnRate("FI", date(2026, 12, 1), 200_000))
    clock.move_business_clock(datetime(2026, 12, 7, 12, tzinfo=UTC))
    with writing(SYSTEM) as tx:
        all_of_it = issue_credit_note(tx, whole.id, reason="outage").credit_note_id
        (line,) = [one.id for one in shop.all(DocumentLine, DocumentLine.document_id == part.id)]
        some = [issue_credit_note(tx, part.id, [Correction(line, amount_minor=400)], reason="outage")]
        some += [issue_credit_note(tx, part.id, [Correction(line)], reason="outage")]
        days = cancel(tx, subscriptions[2], "immediate", money="credit").document_id
    assert figures(vat, all_of_it) == (1000, 255, 255_000)
    # 4.00 of 12.55 are 3.19 and 0.81, and the rest is the rest
    assert [figures(vat, one.credit_note_id) for one in some] == [(319, 81, 255_000), (681, 174, 255_000)]
    # 15 of 30 days; of 2.55 of tax 1.28 stay
    assert figures(vat, days) == (500, 127, 255_000)
    shop.run(date(2026, 12, 22))
    newest = shop.all(Document, Document.kind == "invoice")[-1]
    assert figures(vat, newest.id) == (1000, 200, 200_000)
    with reading() as session:
        assert verify_ledger(session).faults == []
    assert verify_billing().faults == []
