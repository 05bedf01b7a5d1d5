"""Pitfall 2: of 1,000 renewals number 500 raises: 999 are committed, one is listed with its reason and tried alone."""

from datetime import date

from billing_shop import open_shop
from sqlalchemy import select

from billhead.bench.subscribers import build_operator
from billhead.db import reading
from billhead.models.documents import Document, FailedItem
from billhead.models.people import Customer

NOV = date(2026, 11, 1)


def failed_items():
    with reading() as session:
        return session.scalars(select(FailedItem)).all()


def test_pitfall_02_number_500_of_1000(database_url, tmp_path):
    with open_shop(database_url, tmp_path, bare=True) as shop:
        build_operator(1000)
        shop.change(Customer, 500, country="XX")  # the tax engine has no rate for it
        report = shop.run(NOV)
        assert (report.invoices, report.failed, len(shop.all(Document))) == (999, 1, 999)
        (failed,) = failed_items()
        assert (failed.subscription_id, failed.plugin, failed.tries) == (500, "flat", 1)
        assert failed.error == "The plugin flat failed: tax engine: LookupError: no rate for XX"
        again = shop.run(NOV)  # of the thousand only that one
        assert (again.considered, again.invoices, again.failed) == (1, 0, 1)
        assert [(one.subscription_id, one.tries) for one in failed_items()] == [(500, 2)]
        shop.change(Customer, 500, country="FI")
        mended = shop.run(NOV)
        assert (mended.considered, mended.invoices, len(shop.all(Document))) == (1, 1, 1000)
        assert failed_items() == []
