"""What bundles were billed for, shared out over their parts by weight: to the cent, line by line."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import case, select

from billhead.domain.money import Money, spread
from billhead.models.catalogue import BundlePart, Plan
from billhead.models.documents import Document, DocumentLine
from billhead.plugin import Report, ReportAsked, ReportColumn
from billhead.reports._parameters import CURRENCY, FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]

_FINAL = ("final", "partly_paid", "paid", "written_off")


def _parts(source: Source) -> dict[int, list[tuple[str, int]]]:
    """Bundle → (part, weight), in the order of the parts' ids."""
    rows = source.session.execute(
        select(BundlePart.bundle_id, Plan.name, BundlePart.weight)
        .join(Plan, Plan.id == BundlePart.plan_id)
        .order_by(BundlePart.bundle_id, Plan.id)
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for bundle_id, name, weight in rows:
        found.setdefault(bundle_id, []).append((name, weight))
    return found


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    parts = _parts(source)
    sign = case((Document.kind == "credit_note", -1), else_=1)
    query = (
        select(Plan.id, Plan.name, Document.currency, sign * DocumentLine.net_minor)
        .join(Document, Document.id == DocumentLine.document_id)
        .join(Plan, Plan.id == DocumentLine.plan_id)
        .where(
            Plan.kind == "bundle",
            Document.kind.in_(["invoice", "credit_note"]),
            Document.state.in_(_FINAL),
            Document.issued_on < asked.until,
        )
        .execution_options(yield_per=BATCH)
    )
    if asked["from"] is not None:
        query = query.where(Document.issued_on >= asked["from"])
    if asked["seller"] is not None:
        query = query.where(Document.seller_id == asked["seller"])
    if asked["currency"] is not None:
        query = query.where(Document.currency == asked["currency"])
    sums: Counter[tuple[str, str, str]] = Counter()
    for bundle_id, bundle, currency, minor in source.session.execute(query):
        found = parts.get(bundle_id, [])
        shares = spread(minor, [weight for _, weight in found]) if found else []
        for (part, _), share in zip(found, shares, strict=True):
            sums[bundle, part, currency] += share
    for (bundle, part, currency), minor in sorted(sums.items()):
        yield bundle, part, Money(minor, currency)


REPORT = Report(
    code="bundle-revenue",
    title=marked("Revenue of bundles by part"),
    description=marked(
        "What bundles were billed for, net, shared out over their parts by the weights that they have now."
    ),
    group=marked("Sales"),
    parameters=(FROM_MONTH, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("bundle", marked("Bundle")),
        ReportColumn("part", marked("Part")),
        ReportColumn("net", marked("Net"), "money", total=True),
    ),
    rows=_rows,
)
