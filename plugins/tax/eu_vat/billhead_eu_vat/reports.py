"""What VAT returns ask for: sales in the one-stop shop by quarter, country and rate; and all others in the EU."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from billhead.plugin import Money, Report, ReportAsked, ReportColumn, ReportParameter, ReportSource, marked
from billhead_eu_vat.filing import Rates, converted, last_day

__all__ = ["DOMESTIC", "OSS", "OSS_RETURN"]

_SUMS = (
    "SELECT t.day, t.corrects_day, t.currency, t.tax_code, t.rate_ppm, s.currency, count(DISTINCT t.document_id), "
    "sum(t.net_minor), sum(t.tax_minor) "
    "FROM taxes AS t JOIN sellers AS s ON s.id = t.seller_id "
    "WHERE t.day >= :first AND t.day < :until AND (t.seller_id = :seller OR :seller = 0) "
    "GROUP BY t.day, t.corrects_day, t.currency, t.tax_code, t.rate_ppm, s.currency"
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
    key: Callable[[str, str, str, str, int, str], Key],
) -> Iterator[tuple[Key, list[int]]]:
    """Sums by key, in its order. `key` is made of quarter, corrected quarter (or ""), place, reason, rate and the
    seller's currency; that of the documents is its end."""
    sums: dict[Key, list[int]] = {}
    found = source.select(_SUMS, first=asked["from"], until=asked.until, seller=asked["seller"] or 0)
    for day, corrects_day, currency, code, ppm, home, documents, net, tax in found:
        place, _, reason = code.partition(":")
        reason = reason.removesuffix("_conflicting_evidence")
        if wanted(reason):
            corrected = _quarter(corrects_day) if corrects_day else ""
            quarter = _quarter(day)
            corrects = "" if corrected == quarter else corrected
            found_key = (*key(quarter, corrects, place, reason, ppm, home), currency)
            sum_of = sums.setdefault(found_key, [0, 0, 0])
            for at, value in enumerate((documents, net, tax)):
                sum_of[at] += value
    yield from sorted(sums.items())


def _percent(ppm: int) -> str:
    return f"{Decimal(ppm).scaleb(-4).normalize():f} %"


def _oss(source: ReportSource, asked: ReportAsked) -> Iterator[Sequence[Any]]:
    """A credit note for a sale of an earlier quarter is a correction of that quarter, in a row of its own."""
    kept = _folded(
        source,
        asked,
        lambda reason: reason == "oss",
        lambda quarter, of, place, _, ppm, home: (quarter, place, ppm, of),
    )
    for (quarter, place, ppm, of, currency), (documents, net, tax) in kept:
        yield quarter, place, _percent(ppm), of, documents, Money(net, currency), Money(tax, currency)


def _oss_return(source: ReportSource, asked: ReportAsked) -> Iterator[Sequence[Any]]:
    """The same in the seller's own currency, with the rates that were used. What has none stays as it is, in a row of
    its own: no sum in another currency takes it in unseen."""
    rates = Rates(source)
    kept = _folded(
        source,
        asked,
        lambda reason: reason == "oss",
        lambda quarter, of, place, _, ppm, home: (home, quarter, place, ppm, of),
    )
    for (home, quarter, place, ppm, of), group in groupby(kept, key=lambda one: one[0][:5]):
        day = last_day(of or quarter)
        sums: dict[str, tuple[int, Money, Money]] = {}
        used: dict[str, list[str]] = {}
        for (*_, currency), (documents, net, tax) in group:
            rate = rates.on(day, currency, home)
            amounts = Money(net, currency), Money(tax, currency)
            if rate.value is not None:
                amounts = converted(amounts[0], rate), converted(amounts[1], rate)
            into = amounts[0].currency
            count, *before = sums.get(into, (0, Money.zero(into), Money.zero(into)))
            sums[into] = count + documents, before[0] + amounts[0], before[1] + amounts[1]
            used.setdefault(into, []).extend([str(rate)] if currency != home else [])
        for into, found in sums.items():
            yield quarter, place, _percent(ppm), of, *found, "; ".join(used[into])


def _domestic(source: ReportSource, asked: ReportAsked) -> Iterator[Sequence[Any]]:
    kept = _folded(
        source,
        asked,
        lambda reason: reason in _DOMESTIC,
        lambda quarter, _, place, reason, ppm, home: (quarter, place, reason, ppm),
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

OSS_RETURN = Report(
    code="eu-vat-oss-return",
    title=marked("EU VAT: one-stop shop, as it is filed"),
    description=marked(
        "The one-stop shop's return in the seller's own currency: other currencies at the rate of the last day of the "
        "quarter, or of the next day on which there is one; corrections at that of the quarter that they correct. A "
        "row that names no rate, but a question mark, has not been converted: import the rates of that day first."
    ),
    group="Tax",
    parameters=_PARAMETERS,
    columns=(
        ReportColumn("quarter", marked("Quarter")),
        ReportColumn("country", marked("Country")),
        ReportColumn("rate", marked("Rate")),
        ReportColumn("corrects", marked("Corrects")),
        *_AMOUNTS,
        ReportColumn("exchange", marked("Exchange rates")),
    ),
    rows=_oss_return,
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
