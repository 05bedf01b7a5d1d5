"""What was billed of subscriptions so far, by component and cycle, as documents have it that still stand."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.bulk import among
from billhead.domain.document import Kind, State
from billhead.domain.owed import BilledLine, GivenBack
from billhead.domain.periods import Period
from billhead.models.catalogue import Price, PriceBook
from billhead.models.documents import Document, DocumentLine

__all__ = ["RETURNED", "Standing", "StandingLine", "read_standing"]

RETURNED = "returned"
"""The kind of a line by which the calendar gives back; other corrections are staff's."""

_CLOSED = frozenset({State.VOID.value, State.WRITTEN_OFF.value})


class StandingLine(NamedTuple):
    """A billed line with what a document says about it. `whole` is what its whole cycle costs."""

    billed: BilledLine
    cycle: Period
    whole: int
    document_id: int
    customer_id: int
    closed: bool
    draft: bool
    paid: bool
    quantity: int
    price_id: int | None
    plan_id: int | None
    description: str
    tax_code: str
    tax_rate_ppm: int
    taxes: tuple[tuple[str, int, int], ...]
    inclusive: bool
    term: str


Standing = Mapping[int, list[StandingLine]]
"""Component → its recurring lines, oldest first."""


def read_standing(session: Session, subscriptions: Collection[int]) -> dict[int, Standing]:
    """By subscription; two queries, however many there are."""
    line, document = DocumentLine, Document
    query = (
        select(line, document.kind, document.state, document.customer_id, PriceBook.tax_inclusive)
        .join(document, document.id == line.document_id)
        .outerjoin(Price, Price.id == line.price_id)
        .outerjoin(PriceBook, PriceBook.id == Price.book_id)
        .where(among(line.subscription_id, subscriptions, session), line.kind == "recurring")
        .where(document.kind.in_([Kind.INVOICE.value, Kind.CREDIT_NOTE.value]), line.period_start.is_not(None))
        .where(line.revision >= 0)  # below it: a void draft has given its period back
        .order_by(line.id)
    )
    rows = session.execute(query).all()
    back = _given_back(session, {row[0].id: (row[0], bool(row[-1])) for row in rows})
    found: dict[int, defaultdict[int, list[StandingLine]]] = {}
    for row, kind, state, customer_id, inclusive in rows:
        assert row.subscription_id is not None, "asked for by its subscription"
        assert row.component_id is not None, "what recurs has a component"
        by_component = found.setdefault(row.subscription_id, defaultdict(list))
        by_component[row.component_id].append(
            _standing(row, _sign(kind), state, customer_id, bool(inclusive), back.get(row.id, ()))
        )
    return {subscription_id: dict(lines) for subscription_id, lines in found.items()}


def _standing(
    row: DocumentLine, sign: int, state: str, customer_id: int, inclusive: bool, back: Sequence[GivenBack]
) -> StandingLine:
    period = _period(row)
    cycle = Period(row.cycle_start, row.cycle_end) if row.cycle_start and row.cycle_end else period
    amount = sign * (row.net_minor + (row.tax_minor if inclusive else 0))
    taxes = tuple((code, ppm, sign * minor) for code, ppm, minor in row.taxes or ())
    parts = tuple(minor for _, _, minor in taxes) or (sign * row.tax_minor,)
    whole = amount if row.cycle_minor is None else row.cycle_minor
    return StandingLine(
        BilledLine(row.id, period, amount, parts, tuple(back), whole),
        cycle,
        whole,
        row.document_id,
        customer_id,
        state in _CLOSED,
        state == State.DRAFT,
        state == State.PAID,
        row.quantity,
        row.price_id,
        row.plan_id,
        row.description,
        row.tax_code,
        row.tax_rate_ppm,
        taxes,
        inclusive,
        row.term,
    )


def _sign(kind: str) -> int:
    """A credit note has the opposite amounts: what it gives back stands above zero, what it charges below."""
    return -1 if kind == Kind.CREDIT_NOTE else 1


def _period(row: DocumentLine) -> Period:
    assert row.period_start is not None, "recurring lines have a period"
    assert row.period_end is not None, "a period has two ends"
    return Period(row.period_start, row.period_end)


def _given_back(session: Session, lines: Mapping[int, tuple[DocumentLine, bool]]) -> dict[int, list[GivenBack]]:
    """By corrected line. `lines`: each line, and whether its amount has the tax included."""
    line, document = DocumentLine, Document
    query = (
        select(line, document.kind)
        .join(document, document.id == line.document_id)
        .where(among(line.corrects_line_id, lines, session), document.state != State.VOID.value)
        .order_by(line.id)
    )
    found: dict[int, list[GivenBack]] = defaultdict(list)
    for row, kind in session.execute(query):
        corrected, inclusive = lines[row.corrects_line_id or 0]
        sign = -_sign(kind)
        taxes = tuple(sign * minor for _, _, minor in row.taxes or ()) or (sign * row.tax_minor,)
        amount = sign * row.net_minor + (sum(taxes) if inclusive else 0)
        period = _period(row if row.period_start else corrected)
        found[corrected.id].append(GivenBack(period, amount, taxes, by_staff=row.kind != RETURNED))
    return found
