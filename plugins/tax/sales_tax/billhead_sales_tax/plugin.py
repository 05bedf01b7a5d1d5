"""What this plugin offers to Billhead: the tax engine `sales_tax`, and commands to look after its table of rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from billhead.plugin import TaxEngine, hookimpl, option
from billhead_sales_tax import store
from billhead_sales_tax.commands import COMMANDS
from billhead_sales_tax.engine import UNKNOWN_REGION, SalesTax

API = 1
MIGRATIONS = "billhead_sales_tax:migrations"
METADATA = store.METADATA


@dataclass(frozen=True)
class Settings:
    unknown_region: str = option(
        "Buyer's state or province is not known",
        default="hold",
        choices=UNKNOWN_REGION,
        hint="Where the tax depends on it: hold the document until it is, or charge what the country alone charges.",
    )


@hookimpl
def tax_engines() -> Sequence[TaxEngine]:
    return [SalesTax()]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    return COMMANDS
