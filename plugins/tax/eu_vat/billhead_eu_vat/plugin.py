"""What this plugin offers to Billhead: the tax engine `eu_vat` with a page and commands for its rates, VIES as a
checker of VAT ids, and two reports."""

from collections.abc import Sequence

import click
from flask import Blueprint

from billhead.plugin import Report, TaxEngine, TaxIdChecker, hookimpl
from billhead_eu_vat.commands import COMMANDS
from billhead_eu_vat.engine import EuVat
from billhead_eu_vat.reports import DOMESTIC, OSS, OSS_RETURN
from billhead_eu_vat.settings import Settings
from billhead_eu_vat.vies import Vies
from billhead_eu_vat.views import eu_vat

__all__ = ["Settings"]

API = 1


@hookimpl
def tax_engines() -> Sequence[TaxEngine]:
    return [EuVat()]


@hookimpl
def tax_id_checkers() -> Sequence[TaxIdChecker]:
    return [Vies()]


@hookimpl
def reports() -> Sequence[Report]:
    return [OSS, OSS_RETURN, DOMESTIC]


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [eu_vat]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    return COMMANDS
