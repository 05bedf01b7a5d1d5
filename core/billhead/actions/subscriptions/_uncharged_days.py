"""Days that are not charged leave a draft that waits: it stays as held as it was, and costs less."""

from collections.abc import Sequence
from datetime import date

from billhead.actions.billing._difference import too_much
from billhead.actions.billing._standing import StandingLine
from billhead.actions.billing.rebill import Desk
from billhead.actions.documents._changeable import lines_of
from billhead.actions.documents._moving import set_apart
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.money import Rounding, round_ratio
from billhead.domain.owed import Return
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription

__all__ = ["on_its_own", "take_off_days"]


def on_its_own(tx: Tx, draft: Document, lines: Sequence[DocumentLine]) -> Document:
    """A draft with these lines of the draft alone: itself, where there are no others."""
    if len(lines) == len(lines_of(tx, draft.id)):
        return draft
    off = set_apart(tx, lines, draft, draft.held_because, None)
    for one in (draft, off):
        _sum_up(tx, one)
    audit(tx, "documents.split", f"document:{draft.id}", {"to": off.id, "lines": sorted(line.id for line in lines)})
    return off


def take_off_days(tx: Tx, draft: Document, subscription: Subscription, charged_to: date) -> None:
    """Its lines cost what their days up to `charged_to` do, by the rule of whatever changes a subscription.

    Taxed by their share for now: a draft is taxed anew when it becomes final.
    """
    tx.session.flush()
    desk = Desk()
    history = desk.history(tx.session, subscription.id)
    ends = history._replace(item=history.item._replace(billing_ends_on=charged_to))
    cut = [(line, step) for line, step in too_much(ends, desk.catalogue) if line.document_id == draft.id]
    for line, step in cut:
        _shorten(tx.session.get_one(DocumentLine, line.billed.id), line, step)
    before = draft.total_minor
    _sum_up(tx, draft)
    if cut:
        lines = sorted({line.billed.id for line, _ in cut})
        told = {"charged_to": charged_to.isoformat(), "lines": lines, "before": before, "after": draft.total_minor}
        audit(tx, "documents.shorten", f"document:{draft.id}", told)


def _shorten(row: DocumentLine, line: StandingLine, step: Return) -> None:
    if row.cycle_start is None:  # a whole one until now
        row.cycle_start, row.cycle_end, row.cycle_minor = line.cycle.start, line.cycle.end, line.whole
    if step.period.end == row.period_end:
        row.period_end = step.period.start
    tax = sum(step.taxes)
    before, left = line.billed.amount, line.billed.amount - step.amount
    row.discount_minor = round_ratio(row.discount_minor * left, before, Rounding.HALF_UP)
    row.net_minor -= step.amount - tax if line.inclusive else step.amount
    row.tax_minor -= tax
    if row.taxes:
        row.taxes = [[code, ppm, was - back] for (code, ppm, was), back in zip(row.taxes, step.taxes, strict=True)]


def _sum_up(tx: Tx, draft: Document) -> None:
    lines = lines_of(tx, draft.id)
    draft.net_minor, draft.tax_minor = sum(one.net_minor for one in lines), sum(one.tax_minor for one in lines)
    draft.total_minor = draft.net_minor + draft.tax_minor
    tx.session.flush()
