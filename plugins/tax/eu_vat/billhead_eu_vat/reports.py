"""What VAT returns ask for: sales in the one-stop shop by quarter, country and rate; and all others in the EU."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billhead.plugin import Money, Report, ReportAsked, ReportColumn, ReportParameter, ReportSource, marked

__all__ = ["DOMESTIC", "OSS"]

_SUMS = (
    "SELECT day, corrects_day, currency, tax_code, rate_ppm, count(DISTINCT document_id), sum(net_minor), "
    "sum(tax_minor) "
    "FROM taxes WHERE day >= :first AND day < :until AND (seller_id = :seller OR :seller = 0) "
    "GROUP BY day, corrects_day, currency, tax_code, rate_ppm"
)
_PARAMETERS = (
    ReportParameter("from", "From", "date", default="year_start"),
    ReportParameter("to", "To", "date", default="today"),
    ReportParameter("seller", "Seller", "seller"),
)
_DOMESTIC = ("standard", "below_threshold", "unregistered", "reverse_charge", "intra_community", "exempt")
Key = tuple[Any, ...]


def _quarter(day: date | str) -> str:
    on = date.fromisoformat(day[:10]) if isinstance(day, str) else day
    return f"{on.year}-Q{(on.month + 2) // 3}"


def _folded(
    source: ReportSource,
    asked: ReportAsked,
    wanted: Callable[[str], bool],
    key: Callable[[str, str, str, str, int], Key],
) -> Iterator[tuple[Key, list[int]]]:
    """Sums by key, in its order. `key` is made of quarter, corrected quarter (or ""), place, reason and rate."""
    sums: dict[Key, list[int]] = {}
    found = source.select(_SUMS, first=asked["from"], until=asked.until, seller=asked["seller"] or 0)
    for day, corrects_day, currency, code, ppm, documents, net, tax in found:
        place, _, reason = code.partition(":")
        reason = reason.removesuffix("_conflicting_evidence")
        if wanted(reason):
            corrected = _quarter(corrects_day) if corrects_day else ""
            quarter = _quarter(day)
            found_key = (*key(quarter, "" if corrected == quarter else corrected, place, reason, ppm), currency)
            sum_of = sums.setdefault(found_key, [0, 0, 0])
            for at, value in enumerate((documents, net, tax)):
                sum_of[at] += value
    yield from sorted(sums.items())


def _percent(ppm: int) -> str:
    return f"{Decimal(ppm).scaleb(-4).normalize():f} %"


def _oss(source: ReportSource, asked: ReportAsked) -> Iterator[Sequence[Any]]:
    """A credit note for a sale of an earlier quarter is a correction of that quarter, in a row of its own."""
    kept = _folded(
        source, asked, lambda reason: reason == "oss", lambda quarter, of, place, _, ppm: (quarter, place, ppm, of)
    )
    for (quarter, place, ppm, of, currency), (documents, net, tax) in kept:
        yield quarter, place, _percent(ppm), of, documents, Money(net, currency), Money(tax, currency)


def _domestic(source: ReportSource, asked: ReportAsked) -> Iterator[Sequence[Any]]:
    kept = _folded(
        source,
        asked,
        lambda reason: reason in _DOMESTIC,
        lambda quarter, _, place, reason, ppm: (quarter, place, reason, ppm),
    )
    for (quarter, place, reason, ppm, currency), (documents, net, tax) in kept:
        what = reason.replace("_", " ")
        yield quarter, place, what, _percent(ppm), documents, Money(net, currency), Money(tax, currency)


_AMOUNTS = (
    ReportColumn("documents", marked("Documents"), "count", total=True),
    ReportColumn("net", marked("Net"), "money", total=True),
    ReportColumn("tax", marked("VAT"), "money", total=True),
)

OSS = Report(
    code="eu-vat-oss",
    title=marked("EU VAT: one-stop shop"),
    description=marked(
        "Sales to consumers in other member states that are declared in the one-stop shop: by quarter, country "
        "and rate. Credit notes are subtracted; those for a sale of an earlier quarter stand as its correction."
    ),
    group="Tax",
    parameters=_PARAMETERS,
    columns=(
        ReportColumn("quarter", marked("Quarter")),
        ReportColumn("country", marked("Country")),
        ReportColumn("rate", marked("Rate")),
        ReportColumn("corrects", marked("Corrects")),
        *_AMOUNTS,
    ),
    rows=_oss,
)

DOMESTIC = Report(
    code="eu-vat-domestic",
    title=marked("EU VAT: own and local returns"),
    description=marked(
        "Sales that belong in the seller's own VAT return and those of its local registrations, with those to "
        "businesses that owe the tax themselves: by quarter, place, reason and rate. Credit notes are subtracted."
    ),
    group="Tax",
    parameters=_PARAMETERS,
    columns=(
        ReportColumn("quarter", marked("Quarter")),
        ReportColumn("place", marked("Place")),
        ReportColumn("what", marked("What")),
        ReportColumn("rate", marked("Rate")),
        *_AMOUNTS,
    ),
    rows=_domestic,
)
