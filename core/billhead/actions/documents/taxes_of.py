"""The taxes of a document by code and rate: what its total, its page, its PDF and the cart say below the lines."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from billhead.actions.documents._line_taxes import line_taxes

__all__ = ["TaxSum", "taxes_of"]

_SPELLED = frozenset({"gst", "hst", "pst", "qst", "rst", "vat", "iva", "jct"})
# the place's ordinary tax, whatever made it due: no word beside it
_PLAIN = frozenset({"", "standard", "oss", "unregistered", "below_threshold"})


class TaxSum(NamedTuple):
    """`code` is the ledger's ("CA-QC:qst"), `place` its first half; `name` is what people call it ("QST"), often ""."""

    code: str
    place: str
    name: str
    rate_ppm: int
    net_minor: int
    tax_minor: int


def taxes_of(lines: Iterable[Any]) -> list[TaxSum]:
    """One sum per code and rate, in the order in which they first appear. Lines of documents and of quotes alike."""
    sums: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        for code, ppm, minor in line_taxes(line):
            held = sums.setdefault((code, ppm), [0, 0])
            held[0] += line.net_minor
            held[1] += minor
    return [_named(code, ppm, net, tax) for (code, ppm), (net, tax) in sums.items()]


def _named(code: str, ppm: int, net: int, tax: int) -> TaxSum:
    place, _, reason = code.removesuffix("_conflicting_evidence").partition(":")
    name = "" if reason in _PLAIN else reason.upper() if reason in _SPELLED else reason.replace("_", " ")
    return TaxSum(code, place, name, ppm, net, tax)
