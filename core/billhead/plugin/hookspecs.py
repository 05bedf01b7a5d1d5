# mypy: disable-error-code="empty-body"
"""The hooks: the contract between core and plugins. Four shapes only.

*offer* returns objects with a `code`, of which core picks one · *observe* gets an event after commit, isolated and
retried · *contribute* is pure and batched; its failure aborts that draft and names the plugin · *guard* allows or
denies a step.

Offer and contribute hooks are called once, when the application starts: they return objects that keep no state and
touch neither the database nor the network.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    from flask import Blueprint

    from billhead.plugin.contributions import Denied, InvoiceRule, OrderView
    from billhead.plugin.events import Event
    from billhead.plugin.fraud import FraudCheck
    from billhead.plugin.gateways import PaymentGateway
    from billhead.plugin.host import PeriodicJob, Theme
    from billhead.plugin.notifications import NotificationChannel
    from billhead.plugin.provisioning import ProvisioningModule
    from billhead.plugin.reports import Report
    from billhead.plugin.tax import TaxEngine, TaxIdChecker

__all__ = ["PROJECT", "SHAPES", "hookimpl", "hookspec"]

PROJECT = "billhead"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

SHAPES = {
    "provisioning_modules": "offer",
    "payment_gateways": "offer",
    "tax_engines": "offer",
    "tax_id_checkers": "offer",
    "notification_channels": "offer",
    "fraud_checks": "offer",
    "reports": "offer",
    "themes": "offer",
    "blueprints": "offer",
    "cli_commands": "offer",
    "periodic_jobs": "offer",
    "on_event": "observe",
    "invoice_rules": "contribute",
    "before_order": "guard",
    "before_cancel": "guard",
    "before_transfer": "guard",
}


@hookspec
def provisioning_modules() -> Sequence["ProvisioningModule"]:
    """Offer middleware modules. A panel row names one by its `code`; two active plugins with one code are refused."""


@hookspec
def payment_gateways() -> Sequence["PaymentGateway"]:
    """Offer payment gateways. A gateway account row names one by its `code`."""


@hookspec
def tax_engines() -> Sequence["TaxEngine"]:
    """Offer tax engines. A seller names one by its `code`; a seller without one charges no tax."""


@hookspec
def tax_id_checkers() -> Sequence["TaxIdChecker"]:
    """Offer ways to ask whether a tax id exists. The first, by code, that knows an id's kind is asked about it."""


@hookspec
def notification_channels() -> Sequence["NotificationChannel"]:
    """Offer ways to reach a customer. Notices go out by the channel whose `code` the notice names."""


@hookspec
def fraud_checks() -> Sequence["FraudCheck"]:
    """Offer checks of orders. Each is asked about every order of the shop that its seller has not switched it off for,
    before the order is written, with no session open; see FraudCheck.check. A failure stops no order."""


@hookspec
def reports() -> Sequence["Report"]:
    """Offer reports. Each is shown in the admin area, as CSV and by `billhead report CODE` like core's own."""


@hookspec
def themes() -> Sequence["Theme"]:
    """Offer themes. A seller (storefront, customer area) and the staff area name one by its `code`."""


@hookspec
def blueprints() -> Sequence["Blueprint"]:
    """Offer Flask blueprints, mounted under /x/<plugin>/. Every view must state who may call it with `allow`."""


@hookspec
def cli_commands() -> Sequence["click.Command"]:
    """Offer commands, mounted as `billhead x <plugin> …`."""


@hookspec
def periodic_jobs() -> Sequence["PeriodicJob"]:
    """Offer work to be done every so often; each run is a job row, so it is leased, retried and visible."""


@hookspec
def on_event(event: "Event") -> None:
    """Observe an event after its transaction has committed.

    Called once per (event, plugin) by a job, in order within `event.aggregate`, with no session open. An exception
    delays and repeats this delivery only; after 8 tries it is parked and shown to staff. Return value: none.
    """


@hookspec
def invoice_rules() -> Sequence["InvoiceRule"]:
    """Contribute lines to invoices. Rules run in the order of their `code`; see InvoiceRule.apply."""


@hookspec
def before_order(order: "OrderView") -> "Denied | None":
    """Guard an order. The first Denied refuses it with its reason; an exception refuses it and names the plugin."""


@hookspec
def before_cancel(subscription_id: int, facts: dict[str, Any]) -> "Denied | None":
    """Guard a cancellation asked for by a customer. Staff may override with a reason."""


@hookspec
def before_transfer(subscription_id: int, facts: dict[str, Any]) -> "Denied | None":
    """Guard handing a subscription over to another customer; `facts`: the ids of the customers, `from` and `to`."""
