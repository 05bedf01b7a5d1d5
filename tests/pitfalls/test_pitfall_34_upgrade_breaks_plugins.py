"""Pitfall 34: a plugin that was built for another API is left out with a clear message, one that asks for less than
there is now still works, and billing goes on."""

from datetime import date

import pytest
from billing_shop import open_shop
from sqlalchemy import select

from billhead.db import reading
from billhead.models.documents import Document, FailedItem
from billhead.plugin_host import PluginHost

NOV = date(2026, 11, 1)
FLAT = """
class Flat(TaxEngine):
    code, label = "flat", "20 %"
    def assess(self, requests):
        return [[LineTax("FI", "standard", 200_000) for _ in request.lines] for request in requests]

@hookimpl
def tax_engines(): return [Flat()]
"""
# an invoice rule as nobody writes it any more: if it were asked, no invoice would come of it
OLD = """
API = 0

class Old:
    code = "old"
    def apply(self, lines, customer): raise AttributeError("there was one draft at a time in those days")

@hookimpl
def invoice_rules(): return [Old()]
"""
# a guard that wants to know nothing of what it is told
MODEST = """
@hookimpl
def before_cancel(): return None
"""


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop:
        shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
        yield shop


def upgraded(shop, *points):
    """The same shop after the core was upgraded, with these plugins installed."""
    host = PluginHost.load(points)
    shop.app.extensions["billhead"].plugins = host
    return host


def test_pitfall_34_what_was_built_for_an_older_api_is_left_out_and_billing_goes_on(shop, pretend):
    host = upgraded(shop, pretend("flat", FLAT), pretend("loyalty", OLD))
    assert host.active_names() == ["flat"]
    (old,) = host.broken()
    assert (old.name, old.broken) == ("loyalty", "it is built for plugin API 0, this Billhead speaks 1")
    assert old.mend == "install a newer version of the plugin"
    report = shop.run(NOV)
    assert (report.invoices, report.failed) == (1, 0)
    (invoice,) = shop.all(Document)
    assert (invoice.net_minor, invoice.tax_minor) == (1000, 200)


def test_pitfall_34_what_takes_less_than_a_hook_offers_now_is_still_loaded_and_asked(shop, pretend):
    host = upgraded(shop, pretend("flat", FLAT), pretend("modest", MODEST))
    assert host.active_names() == ["flat", "modest"]
    assert host.guard("before_cancel", subscription_id=1, policy="immediate") is None
    assert shop.run(NOV).invoices == 1


def test_pitfall_34_without_its_tax_plugin_a_shop_writes_no_invoice_without_tax(shop, pretend):
    upgraded(shop, pretend("flat", FLAT.replace("class Flat", "API = 0\nclass Flat")))
    report = shop.run(NOV)
    assert (report.invoices, report.failed) == (0, 1)
    with reading() as session:
        (failed,) = session.scalars(select(FailedItem)).all()
    assert "flat" in failed.error
    upgraded(shop, pretend("flat", FLAT))
    assert shop.run(NOV, only=(failed.subscription_id,)).invoices == 1
