"""The plugin `voucher` in a test's application: its tables, its key, and cards of a batch."""

from datetime import date

from billhead import clock
from billhead.db import db, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.operations import PluginState
from billhead.plugin import current_host
from billhead.plugin_host import plugins, store_settings, upgrade_plugin
from billhead_voucher.making import Batch, drawn, make

UNTIL = date(2099, 12, 31)


def opened():
    """The plugin's tables and key in this application."""
    upgrade_plugin(db.engine, plugins().get("voucher"))
    with writing(Context.system("test")) as tx:
        row = PluginState(name="voucher", settings={}, secrets="", changed_at=clock.now())
        store_settings(plugins().get("voucher").settings_type, row, {"key": "k" * 32})
        tx.session.add(row)
    return current_host("voucher")


def cards(host, minor=1000, code="A1", count=2, currency="EUR", note=""):
    batch = Batch(code, "account", Money(minor, currency), count, UNTIL, note)
    made = drawn(batch, host.now().date())
    make(host, batch, made)
    return [card.pin for card in made.cards]
