"""NorthCable of Helsinki with the real plugin eu_vat, in the one-stop shop, and a register on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from billing_shop import SYSTEM, Shop, open_shop
from fake_vies import FakeVies

from billhead import clock
from billhead.actions.billing.first import first
from billhead.actions.plugins.save_plugin_settings import save_plugin_settings
from billhead.db import writing
from billhead.models.sellers import Seller, TaxRegistration
from billhead.plugin_host import PluginHost, close_connections

__all__ = ["NOW", "TODAY", "VatShop", "open_vat_shop"]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()


class VatShop:
    """`shop` in sentences, `vies` to make unwell, and what both do together."""

    def __init__(self, shop: Shop, vies: FakeVies) -> None:
        self.shop, self.vies = shop, vies

    def settings(self, **values: object) -> None:
        with writing(SYSTEM) as tx:
            save_plugin_settings(tx, "eu_vat", {"vies_url": self.vies.url, "timeout_seconds": 1, **values})

    def order(self, customer: int, *plans: tuple[int, int]) -> int:
        """The proforma of an order."""
        pending = {"collection": "manual", "state": "pending", "billed_through": None, "paid_through": None}
        subscription = self.shop.subscribe(customer, *plans, due=TODAY, next_bill_on=None, **pending)
        with writing(SYSTEM) as tx:
            return first(tx, subscription)


@contextmanager
def open_vat_shop(url: str, home: Path, *, known: dict[str, str] | None = None, **seller: object) -> Iterator[VatShop]:
    with (
        FakeVies(known) as vies,
        open_shop(url, home, vat_id="FI01234562", **seller) as shop,
        clock.business_time(NOW),
    ):
        shop.app.extensions["billhead"].plugins = PluginHost.load()
        opened = VatShop(shop, vies)
        with writing(SYSTEM) as tx:
            tx.session.get_one(Seller, shop.seller_id).tax_engine = "eu_vat"
            for jurisdiction, scheme in (("FI", "domestic"), ("EU", "oss")):
                tx.session.add(TaxRegistration(seller_id=shop.seller_id, jurisdiction=jurisdiction, scheme=scheme))
        opened.settings()
        try:
            yield opened
        finally:
            close_connections()
