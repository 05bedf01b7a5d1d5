"""23. A customer in euro has dollar credit: amounts never mix, the PDF says the currency, yen has no cents."""

from datetime import date

import pytest
from billing_shop import open_shop
from paper_shop import text_of

from billhead.actions.documents.render_pdf import render_pdf
from billhead.db import reading
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document

NOV = date(2026, 11, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        yield shop


def printed(document_id: int) -> str:
    with reading() as session:
        return text_of(render_pdf(session, session.get_one(Document, document_id)))


def test_pitfall_23_currency_credit_in_another_currency_pays_nothing_and_the_paper_says_euro(shop):
    customer = shop.customer()
    shop.grant(customer, 5000, "USD")
    shop.subscribe(customer, shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    (invoice,) = shop.all(Document)
    (credit,) = shop.all(CustomerCredit)
    assert (invoice.currency, invoice.total_minor, invoice.settled_minor) == ("EUR", 1200, 0)
    assert (credit.currency, credit.remaining_minor) == ("USD", 5000)
    text = printed(invoice.id)
    assert "Amounts in EUR" in text
    assert "€12.00 to pay" in text
    assert "$" not in text
    assert "USD" not in text


def test_pitfall_23_currency_yen_have_no_cents(shop):
    shop.subscribe(shop.customer(currency="JPY"), shop.plan("tv", 1205, currency="JPY"), due=NOV)
    shop.run(NOV)
    (invoice,) = shop.all(Document)
    assert (invoice.currency, invoice.total_minor) == ("JPY", 1446)  # 1205 + 20 % = 241
    text = printed(invoice.id)
    assert "Total JP¥1,446" in text
    assert "1,446." not in text
    assert "14.46" not in text
