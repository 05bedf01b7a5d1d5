"""Correct a final invoice, wholly or in part: a credit note with the original's tax, and where its amount goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing._rated import LineDetail, PartyFacts, Rated, RatedLine, Share
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.documents._corrected import CORRECTED, Line, left_of_invoice, lines_of, party_of
from billhead.actions.documents._days_bought import let_days_follow
from billhead.actions.documents._place_credit import WAYS, place_credit_note
from billhead.actions.payments._allocating import lock_payers, locked_documents
from billhead.actions.resellers._given import follow_money
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.correction import Parts, give_back, share_of_days, share_of_quantity
from billhead.domain.document import Kind, State
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.periods import Period
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller

__all__ = ["Correction", "Credited", "issue_credit_note"]

_CORRECTABLE = frozenset({State.FINAL, State.PARTLY_PAID, State.PAID, State.WRITTEN_OFF})


@dataclass(frozen=True, slots=True)
class Correction:
    """How much of a line is given back: an amount with tax, some of its pieces, or its days from `since` on that were
    not given back before. With none of them, all that is left of it."""

    line_id: int
    amount_minor: int | None = None
    quantity: int | None = None
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Credited:
    """Minor units; see `Placed` for where the total went."""

    credit_note_id: int
    number_text: str
    net_minor: int
    tax_minor: int
    total_minor: int
    on_documents: int
    credited: int
    refunded: int
    kept: int
    refund_ids: list[int] = field(default_factory=list)


class _Given(NamedTuple):
    line: Line
    parts: Parts
    quantity: int
    period: tuple[date, date] | None


@verb("documents.issue_credit_note", permission="money.correct")
def issue_credit_note(
    tx: Tx, document_id: int, corrections: Sequence[Correction] = (), *, reason: str, way: str = "credit"
) -> Credited:
    """Issue a credit note over these corrections (none: all that is left of the invoice) and place it by `way`.

    Each line returns its own net and tax by share, cumulative, so that all credit notes of an invoice sum exactly to
    it. Raises InvalidInput naming what is wrong (a line of another document, more than is left, no reason), NotFound,
    or Conflict when the document is no final invoice or nothing is left of it.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput("reason", "is needed: it stands on the credit note")
    if way not in WAYS:
        raise InvalidInput("way", f"{way!r} is not one of {', '.join(WAYS)}")
    if way == "refund":
        lock_payers(tx, [document_id])
    invoice = locked_documents(tx, [document_id]).get(document_id)
    scope = tx.ctx.scope
    if invoice is None or not (scope.everything or scope.customer_id == invoice.customer_id):
        raise NotFound("document", document_id)
    if invoice.kind != Kind.INVOICE or invoice.state not in _CORRECTABLE:
        raise Conflict(
            f"{invoice.number_text or f'document {document_id}'} is a {invoice.kind} ({invoice.state}): only a final "
            "invoice is corrected by a credit note"
        )
    given = _given(tx, invoice, corrections)
    rated = _rated(tx, invoice, given, reason)
    written = issue_invoice(tx, rated)
    placed = place_credit_note(tx, written.document_id, way)
    follow_money(tx, [document_id], reason)
    let_days_follow(tx, document_id)
    return Credited(
        written.document_id,
        written.number_text,
        rated.net_minor,
        rated.tax_minor,
        rated.total_minor,
        placed.on_documents,
        placed.credited,
        placed.refunded,
        placed.kept,
        placed.refund_ids,
    )


def _given(tx: Tx, invoice: Document, corrections: Sequence[Correction]) -> list[_Given]:
    lines = lines_of(tx.session, invoice)
    wanted = corrections or [Correction(line.row.id) for line in lines.values() if line.left]
    if len({one.line_id for one in wanted}) != len(wanted):
        raise InvalidInput("lines", "each line is corrected once on a credit note")
    given: list[_Given] = []
    for wish in wanted:
        line = lines.get(wish.line_id)
        if line is None:
            raise InvalidInput("lines", f"{wish.line_id} is no line of {invoice.number_text}")
        one = _of_line(line, wish, invoice.currency)
        if one.parts.gross:
            given.append(one)
    total = sum(one.parts.gross for one in given)
    left = Money(left_of_invoice(lines), invoice.currency)
    if not given or total <= 0:
        raise Conflict(f"nothing is given back: {left} are left of {invoice.number_text}", code="nothing_left")
    if total > left.minor:
        # the lines alone would allow it: what a discount took off can't be given back
        raise InvalidInput(
            "amount", f"{Money(total, invoice.currency)} is more than the {left} that are left of the invoice"
        )
    return given


def _of_line(line: Line, wish: Correction, currency: str) -> _Given:
    row, whole = line.row, line.parts.gross
    asked = [one for one in (wish.amount_minor, wish.quantity, wish.since) if one is not None]
    if len(asked) > 1:
        raise InvalidInput("lines", "give an amount, a quantity or days, not several of them")
    period = (row.period_start, row.period_end) if row.period_start and row.period_end else None
    quantity, gross = 1, line.left
    if wish.amount_minor is not None:
        gross = wish.amount_minor
    elif wish.quantity is not None:
        quantity = wish.quantity
        gross = share_of_quantity(whole, row.quantity, quantity, line.earlier.gross)
    elif wish.since is not None:
        if period is None:
            raise InvalidInput("since", f"{row.description} has no days")
        gross = share_of_days(whole, Period(*period), wish.since, line.gone)
        gross = min(gross, line.left) if whole > 0 else max(gross, line.left)  # staff may have given some of it before
        period = wish.since, period[1]
    elif not line.earlier.gross:
        quantity = row.quantity
    return _Given(line, give_back(line.parts, line.earlier, gross, currency), quantity, period)


def _rated(tx: Tx, invoice: Document, given: Sequence[_Given], reason: str) -> Rated:
    today = clock.today_in(tx.session.get_one(Seller, invoice.seller_id).zone)
    lines = tuple([_rated_line(tx, one) for one in given])
    shares = _shares(invoice, given)
    taxes: dict[str, int] = {}
    for line in lines:
        of_line = line.detail.taxes if line.detail else ()
        for code, _, minor in of_line or [(line.tax_code, line.tax_rate_ppm, line.tax_minor)]:
            taxes[code] = taxes.get(code, 0) + minor
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    return Rated(
        Kind.CREDIT_NOTE.value,
        invoice.seller_id,
        invoice.customer_id,
        None if shares else invoice.subscription_id,
        None,
        invoice.currency,
        today,
        today,
        lines,
        net,
        tax,
        net + tax,
        tuple((code, minor) for code, minor in taxes.items() if minor),
        (),
        _buyer(tx, invoice),
        False,
        None,
        corrects_id=invoice.id,
        notes=(*invoice.notes, f"Reason: {reason}"),
        tax_inclusive=any(one.line.inclusive for one in given),
        shares=shares,
    )


def _shares(invoice: Document, given: Sequence[_Given]) -> tuple[Share, ...]:
    """Whose line is whose, where an invoice bills several subscriptions."""
    whose = [one.line.row.subscription_id for one in given]
    if set(whose) == {invoice.subscription_id}:
        return ()
    return tuple(Share(subscription_id, None, None, 1) for subscription_id in whose)


def _buyer(tx: Tx, invoice: Document) -> PartyFacts:
    """The party that the invoice names: who has moved since is still the one who was billed."""
    return party_of(tx.session, invoice)


def _rated_line(tx: Tx, one: _Given) -> RatedLine:
    row, parts = one.line.row, one.parts
    start, end = one.period or (None, None)
    taxes = tuple((code, ppm, minor) for (code, ppm, _), minor in zip(row.taxes or (), parts.taxes, strict=False))
    unit = parts.gross if one.line.inclusive else parts.net
    if one.quantity == row.quantity and not one.line.earlier.gross:
        unit = row.unit_minor
    elif one.quantity > 1:
        unit = row.unit_minor if row.quantity > 1 else unit
    return RatedLine(
        row.component_id,
        row.price_id,
        row.plan_id,
        CORRECTED,
        row.description,
        row.term,
        start,
        end,
        one.quantity,
        unit,
        parts.net,
        sum(parts.taxes),
        row.tax_code,
        row.tax_rate_ppm,
        LineDetail(_revision(tx, row, start), corrects_line_id=row.id, taxes=taxes),
    )


def _revision(tx: Tx, row: DocumentLine, start: date | None) -> int:
    """Which correction of its component and day this is: the key of billed lines holds for these as well."""
    latest = tx.session.scalar(
        select(func.max(DocumentLine.revision)).where(
            DocumentLine.subscription_id == row.subscription_id,
            DocumentLine.component_id == row.component_id,
            DocumentLine.kind == CORRECTED,
            DocumentLine.period_start == start,
        )
    )
    return 0 if latest is None else int(latest) + 1
