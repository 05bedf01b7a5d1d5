"""What this plugin offers to Billhead: the tax engine `sales_tax`, with pages and commands for its rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import click
from flask import Blueprint

from billhead.plugin import TaxEngine, hookimpl, option
from billhead_sales_tax import store
from billhead_sales_tax.commands import COMMANDS
from billhead_sales_tax.engine import UNKNOWN_REGION, SalesTax
from billhead_sales_tax.views import sales_tax

API = 1
MIGRATIONS = "billhead_sales_tax:migrations"
METADATA = store.METADATA


@dataclass(frozen=True)
class Settings:
    unknown_region: str = option(
        "Buyer's state, province or postcode is not known",
        default="hold",
        choices=UNKNOWN_REGION,
        hint="Where the tax depends on it: hold the document until it is, or charge what is due without it.",
    )


@hookimpl
def tax_engines() -> Sequence[TaxEngine]:
    return [SalesTax()]


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [sales_tax]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    return COMMANDS
