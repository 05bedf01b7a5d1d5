"""Metered use on documents, held against what was written down when it was rated: each line has its amount and its
units, and what was rated stands on lines.

Nothing here is shared with what bills. What staff have made of a line while it was a draft is theirs: the audit trail
tells, as long as it is kept.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import String, cast, func, literal, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._bills_proven import Named
from billhead.bulk import among
from billhead.domain.money import Money
from billhead.domain.privacy import rules_from
from billhead.domain.tax import TaxRounding, moves_amounts
from billhead.domain.usage import shown_quantity
from billhead.models.catalogue import Price, PriceBook
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageBilled, UsageMetric

__all__ = ["line_faults"]

_KIND = "usage:"


class _Stretch(NamedTuple):
    """Of one metric and component; what comes late makes further revisions of it."""

    subscription_id: int
    component_id: int
    code: str
    start: date


class _Rated(NamedTuple):
    """What was written down of a revision; `used` is in steps of the metric."""

    end: date
    amount: int
    events: int
    used: int
    unit: str
    decimals: int
    currency: str

    @property
    def told(self) -> str:
        return f"{shown_quantity(self.used, self.decimals)} {self.unit}".rstrip()

    def is_told_by(self, words: str) -> bool:
        """A share of each event's amount tells how many there were."""
        numbers = [shown_quantity(self.used, self.decimals), *([] if self.used else [str(self.events)])]
        return any(re.search(rf", {re.escape(number)}(?=[ ,]|$)", words) for number in numbers)


class _Line(NamedTuple):
    line: DocumentLine
    kind: str
    customer_id: int
    written_at: datetime
    inclusive: bool
    rounding: str

    @property
    def stretch(self) -> _Stretch:
        line = self.line
        assert line.subscription_id is not None, "asked for by it"
        assert line.period_start is not None, "use has its days"
        return _Stretch(line.subscription_id, line.component_id or 0, line.kind.removeprefix(_KIND), line.period_start)

    @property
    def sign(self) -> int:
        """A credit note has the opposite amounts."""
        return -1 if self.kind == "credit_note" else 1

    @property
    def charges(self) -> int:
        """As the price book has it."""
        return self.sign * (self.line.net_minor + (self.line.tax_minor if self.inclusive else 0))

    @property
    def says(self) -> int:
        return self.sign * (self.line.quantity * self.line.unit_minor - self.line.discount_minor)

    @property
    def slack(self) -> int:
        """By so much its amount may be off: its tax is rounded on the sum of the document."""
        return int(moves_amounts(TaxRounding(self.rounding), self.inclusive))


def line_faults(session: Session, subscriptions: Sequence[int]) -> Iterator[Named]:
    """In two queries, and two more where something differs, however many there are."""
    lines, rated = _lines(session, subscriptions), _rated(session, subscriptions)
    found = [(one, what) for one in lines for what in _differs(one, rated.get(one.stretch, {}).get(one.line.revision))]
    theirs = _of_staff(session, [one for one, _ in found]) if found else set[int]()
    for one, what in found:
        if one.line.id not in theirs:
            yield Named(one.stretch.subscription_id, one.line.document_id, f"{_called(one.stretch)}: {what}")
    on_lines: defaultdict[_Stretch, set[int]] = defaultdict(set)
    for one in lines:
        on_lines[one.stretch].add(one.line.revision)
    for stretch, revisions in rated.items():
        # a draft that was void has none, and what it had billed was taken off
        left = [row for revision, row in revisions.items() if revision not in on_lines[stretch]]
        if amount := sum(row.amount for row in left):
            what = f"{Money(amount, left[0].currency)} was rated, and stands on no line"
            yield Named(stretch.subscription_id, None, f"{_called(stretch)}: {what}")


def _called(stretch: _Stretch) -> str:
    return f"{stretch.code} used from {stretch.start}"


def _differs(one: _Line, rated: _Rated | None) -> Iterator[str]:
    if rated is None:
        yield "it stands on a line, and was never rated"
        return
    if abs(one.charges - rated.amount) > one.slack:
        told, right = Money(one.charges, rated.currency), Money(rated.amount, rated.currency)
        yield f"the line charges {told}, and it was rated at {right}"
    elif one.says != rated.amount:
        unit, right = Money(one.sign * one.line.unit_minor, rated.currency), Money(rated.amount, rated.currency)
        less = Money(one.sign * one.line.discount_minor, rated.currency)
        says = f"{one.line.quantity} × {unit} less {less}" if less else f"{one.line.quantity} × {unit}"
        yield f"the line says {says}, and it was rated at {right}"
    if one.line.period_end != rated.end:
        yield f"the line goes to {one.line.period_end}, and it was rated to {rated.end}"
    if not rated.is_told_by(one.line.description):
        yield f"the line says {one.line.description!r}, and {rated.told} were rated"


def _of_staff(session: Session, lines: Sequence[_Line]) -> set[int]:
    """Those that cost what staff have last made of them, or that are older than what the audit trail remembers."""
    kept = max(rules_from(rules).audit_days for rules in session.scalars(select(Seller.privacy)))
    remembered = clock.now() - timedelta(days=kept)
    named = select(literal("document:") + cast(Document.id, String)).where(
        among(Document.customer_id, {one.customer_id for one in lines}, session)
    )
    changed = select(AuditEntry.details).where(
        AuditEntry.action == "documents.change_line", AuditEntry.subject.in_(named)
    )
    made: dict[int, tuple[int, int]] = {}
    for told in session.scalars(changed.order_by(AuditEntry.id)):
        made[told["line_id"]] = told["after"]["quantity"], told["after"]["unit_minor"]
    found = set[int]()
    for one in lines:
        theirs = made.get(one.line.id) == (one.line.quantity, one.line.unit_minor)
        if one.written_at < remembered or (theirs and abs(one.charges - one.says) <= one.slack):
            found.add(one.line.id)
    return found


def _lines(session: Session, subscriptions: Sequence[int]) -> list[_Line]:
    line, document = DocumentLine, Document
    inclusive = func.coalesce(PriceBook.tax_inclusive, document.tax_inclusive)
    query = (
        select(line, document.kind, document.customer_id, document.created_at, inclusive, Seller.tax_rounding)
        .join(document, document.id == line.document_id)
        .join(Seller, Seller.id == document.seller_id)
        .outerjoin(Price, Price.id == line.price_id)
        .outerjoin(PriceBook, PriceBook.id == Price.book_id)
        .where(among(line.subscription_id, subscriptions, session), line.kind.startswith(_KIND))
        .where(line.revision >= 0)  # below it: a void draft has given its use back
        .order_by(line.id)
    )
    return [_Line(*row) for row in session.execute(query)]


def _rated(session: Session, subscriptions: Sequence[int]) -> Mapping[_Stretch, dict[int, _Rated]]:
    """By stretch and revision."""
    row, metric = UsageBilled, UsageMetric
    key = row.subscription_id, row.component_id, metric.code, row.period_start
    about = row.period_end, row.amount_minor, row.events, row.used, metric.unit, metric.decimals, Subscription.currency
    query = (
        select(row.revision, *key, *about)
        .join(metric, metric.id == row.metric_id)
        .join(Subscription, Subscription.id == row.subscription_id)
        .where(among(row.subscription_id, subscriptions, session))
        .order_by(row.id)
    )
    found: defaultdict[_Stretch, dict[int, _Rated]] = defaultdict(dict)
    for revision, *rest in session.execute(query):
        found[_Stretch(*rest[: len(key)])][revision] = _Rated(*rest[len(key) :])
    return found
