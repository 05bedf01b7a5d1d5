"""What this plugin offers to Billhead: the tax engine `eu_vat`."""

from collections.abc import Sequence

from billhead.plugin import TaxEngine, hookimpl
from billhead_eu_vat.engine import EuVat

API = 1


@hookimpl
def tax_engines() -> Sequence[TaxEngine]:
    return [EuVat()]
