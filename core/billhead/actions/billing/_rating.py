"""What a draft costs: draft → invoice rules → tax → credit → `Rated`. Pure, in batches.

The run, its dry run, one renewal and a quote all come through here; nothing else decides what a document costs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._draft import Draft, DraftedLine
from billhead.actions.billing._joining import together
from billhead.actions.billing._rated import Buyer, LineDetail, Rated, RatedLine, Taken
from billhead.actions.billing._stated import has_tax, taxed_apart
from billhead.actions.billing._taxing import TaxDesk, Taxed, TaxedAmount, TaxQuestion, summed, with_returns
from billhead.domain.credit import Lot, consume
from billhead.domain.errors import BillheadError, InvalidInput, PluginFailed
from billhead.domain.money import Money
from billhead.plugin import DraftLine, DraftView, ExtraLine, InvoiceRule, TaxEngine
from billhead.plugin_host import plugins

__all__ = ["Case", "Contributions", "Rater", "joint", "raised", "rater_now"]


class Contributions(Protocol):
    """What rating asks of plugins; the plugin host is one."""

    def tax_engine(self, code: str) -> TaxEngine: ...

    def invoice_rules(self) -> Sequence[tuple[str, InvoiceRule]]: ...

    def observers(self) -> Sequence[str]: ...

    def extra_lines(self, drafts: Sequence[DraftView]) -> Sequence[list[tuple[str, ExtraLine]] | PluginFailed]: ...


class Case(NamedTuple):
    """A draft and whom it concerns. `today` is the customer's date; `version` as in Rated.

    `of_run`: where the seller wants that, the invoice is a draft first, unless it is over 0.00. `parts` are the cases
    that share one document.
    """

    draft: Draft
    buyer: Buyer
    seller_id: int
    subscription_id: int | None
    version: int | None
    today: date
    of_run: bool = False
    parts: tuple["Case", ...] = ()


def joint(cases: Sequence[Case]) -> Case:
    """The cases as one document; one alone stays as it is."""
    if len(cases) == 1:
        return cases[0]
    draft = together([(case.draft, case.subscription_id, case.version) for case in cases])
    return cases[0]._replace(draft=draft, subscription_id=None, version=None, parts=tuple(cases))


Answer = Rated | BillheadError


class Rater:
    """Rates for one run. `issued_on` gives a seller's date for documents; without `rules` none adds lines again."""

    def __init__(
        self, catalogue: Catalogue, host: Contributions, issued_on: Callable[[int], date], *, rules: bool = True
    ) -> None:
        self.catalogue = catalogue
        self._host = host
        self._issued_on = issued_on
        self._has_rules = rules and bool(host.invoice_rules())
        self._desk = TaxDesk(catalogue, host.tax_engine)

    def rate_cases(
        self,
        cases: Sequence[Case],
        lots: Mapping[int, Sequence[Lot]] | None = None,
        chargeable: frozenset[int] = frozenset(),
    ) -> list[Answer]:
        """One answer per case, in order. Credit is taken from `lots` (by customer) as far as they go."""
        open_lots = {customer: list(found) for customer, found in (lots or {}).items()}
        drafts = self._contributed(cases)
        asked = [
            (case, draft)
            for case, draft in zip(cases, drafts, strict=True)
            if not isinstance(draft, BillheadError) and draft.lines
        ]
        taxed = self._taxed(asked)
        answers: list[Answer] = []
        for case, draft in zip(cases, drafts, strict=True):
            if isinstance(draft, BillheadError):
                answers.append(draft)
            elif not draft.lines:
                answers.append(self._untouched(case, draft))
            else:
                answers.append(self._finished(case, draft, next(taxed), open_lots, chargeable))
        return answers

    def _contributed(self, cases: Sequence[Case]) -> list[Draft | PluginFailed]:
        """The drafts with what invoice rules add to them."""
        if not self._has_rules:
            return [case.draft for case in cases]
        # a document of several subscriptions is contributed to before they are put together
        alone = [part for case in cases for part in (case.parts or (case,))]
        answers = iter(self._host.extra_lines([self._view(case) for case in alone if case.draft.lines]))
        drafts: list[Draft | PluginFailed] = []
        for case in alone:
            extra = next(answers) if case.draft.lines else []
            drafts.append(extra if isinstance(extra, PluginFailed) else _extended(case.draft, extra))
        return drafts if len(alone) == len(cases) else list(_put_together(cases, drafts))

    def _view(self, case: Case) -> DraftView:
        currency, plans, buyer = case.draft.currency, self.catalogue.plans, case.buyer
        lines = tuple(
            [
                _seen(
                    plans[line.plan_id].code if line.plan_id else "",
                    line.kind,
                    line.quantity,
                    line.amount_minor,
                    currency,
                    line.period_start,
                    line.period_end,
                )
                for line in case.draft.lines
            ]
        )
        return DraftView(case.subscription_id or 0, buyer.customer_id, buyer.party.country, case.today, lines)

    def _taxed(self, asked: Sequence[tuple[Case, Draft]]) -> Iterator[Taxed | PluginFailed]:
        answers = self._desk.answers([self._question(case, draft) for case, draft in asked if not draft.mixed])
        plain = iter(answers)
        for case, draft in asked:
            yield self._taxed_apart(case, draft) if draft.mixed else next(plain)

    def _taxed_apart(self, case: Case, draft: Draft) -> Taxed | PluginFailed:
        prices = self.catalogue.prices
        lines = [
            (has_tax(line, prices, draft.tax_inclusive), line.tax_class, line.amount_minor)
            for line in draft.lines
            if line.given is None
        ]
        return taxed_apart(self._desk, lines, lambda inclusive, alike: self._asked(case, draft, inclusive, alike))

    def _question(self, case: Case, draft: Draft) -> TaxQuestion:
        lines = tuple([(line.tax_class, line.amount_minor) for line in draft.lines if line.given is None])
        return self._asked(case, draft, draft.tax_inclusive, lines)

    def _asked(self, case: Case, draft: Draft, inclusive: bool, lines: tuple[tuple[str, int], ...]) -> TaxQuestion:
        on = self._issued_on(case.seller_id)
        return self._desk.question(case.buyer, case.seller_id, on, draft.currency, inclusive, lines)

    def _untouched(self, case: Case, draft: Draft) -> Rated:
        """Nothing to bill; the subscription only moves on."""
        on = self._issued_on(case.seller_id)
        return Rated(
            "",
            case.seller_id,
            case.buyer.customer_id,
            case.subscription_id,
            case.version,
            draft.currency,
            on,
            on,
            (),
            0,
            0,
            0,
            (),
            (),
            case.buyer.party,
            False,
            draft.advance,
            usage=draft.usage,
        )

    def _finished(
        self,
        case: Case,
        draft: Draft,
        taxed: Taxed | PluginFailed,
        lots: dict[int, list[Lot]],
        chargeable: frozenset[int],
    ) -> Answer:
        if isinstance(taxed, PluginFailed):
            return taxed
        if draft.may_return:
            draft, taxed = _with_returns(draft, taxed)
        total = taxed.net_minor + taxed.tax_minor
        if (total < 0 or taxed.net_minor < 0) and not draft.may_return:
            return InvalidInput("total", f"the discounts are larger than the document ({Money(total, draft.currency)})")
        customer_id, seller = case.buyer.customer_id, self.catalogue.sellers[case.seller_id]
        issued_on = self._issued_on(case.seller_id)
        taken: tuple[Taken, ...] = ()
        waits = ""
        if draft.kind == "invoice" and total:  # what is free waits for nobody: it would end, and nobody could pay it
            waits = taxed.hold or (seller.drafts if case.of_run else "")
        if draft.kind == "invoice" and total and not waits and customer_id in lots:
            taken = _take(lots[customer_id], Money(total, draft.currency), case.today)
        return Rated(
            draft.kind,
            case.seller_id,
            customer_id,
            case.subscription_id,
            case.version,
            draft.currency,
            issued_on,
            draft.due_on or issued_on + timedelta(days=seller.terms_days),
            tuple([_rated_line(line, amount) for line, amount in zip(draft.lines, taxed.lines, strict=True)]),
            taxed.net_minor,
            taxed.tax_minor,
            total,
            taxed.taxes,
            taken,
            case.buyer.party,
            customer_id in chargeable and (draft.kind != "proforma" or draft.charged),
            draft.advance,
            sum([part.minor for part in taken]),
            None,
            draft.corrects_id,
            taxed.notes,
            draft.tax_inclusive,
            draft.due_on,
            waits,
            draft.shares,
            taxed.hold if draft.kind == "proforma" else "",
            draft.used,
            draft.usage,
            draft.charges,
        )


@lru_cache(maxsize=4096)
def _seen(
    plan: str, kind: str, quantity: int, minor: int, currency: str, start: date | None, end: date | None
) -> DraftLine:
    """A line as rules see it. Thousands are alike."""
    return DraftLine(plan, kind, quantity, Money(minor, currency), start, end)


def _put_together(cases: Sequence[Case], drafts: Sequence[Draft | PluginFailed]) -> Iterator[Draft | PluginFailed]:
    """One draft per case, from one per part. A rule that failed on a part has failed on the document."""
    found = iter(drafts)
    for case in cases:
        own = [next(found) for _ in case.parts or (case,)]
        failed = next((one for one in own if isinstance(one, PluginFailed)), None)
        if failed is not None or not case.parts:
            yield failed or own[0]
            continue
        members = zip(own, case.parts, strict=True)
        yield together([(one, part.subscription_id, part.version) for one, part in members if isinstance(one, Draft)])


def _rated_line(line: DraftedLine, amount: TaxedAmount) -> RatedLine:
    # the first ten fields of both are the same; then come the drafted amount and its class, now the taxed amount
    detail = line.detail
    if amount.taxes:
        detail = (detail or LineDetail())._replace(taxes=amount.taxes)
    return RatedLine(*line[:10], *amount[:4], detail, line.tax_class)


def _with_returns(draft: Draft, taxed: Taxed) -> tuple[Draft, Taxed]:
    """What is given back joins what was taxed now. A sum below zero is a credit note over the opposite amounts."""
    joined = with_returns(taxed, [line.given for line in draft.lines])
    if joined.net_minor + joined.tax_minor >= 0:
        return draft, joined
    turned = summed([amount.turned() for amount in joined.lines])._replace(notes=joined.notes)
    return draft._replace(kind="credit_note", lines=tuple(_turned(line) for line in draft.lines)), turned


def _turned(line: DraftedLine) -> DraftedLine:
    return line._replace(unit_minor=-line.unit_minor, amount_minor=-line.amount_minor)


def _take(lots: list[Lot], amount: Money, today: date) -> tuple[Taken, ...]:
    """Use credit of the document's currency, and leave the lots as they are then for the customer's next document."""
    if len(lots) == 1:
        return _take_one(lots, amount, today)
    usable = {lot.id: lot for lot in lots if lot.remaining.currency == amount.currency}
    used, _ = consume(usable.values(), amount, today)
    taken = []
    for lot_id, part in used:
        lot = usable[lot_id]
        taken.append(Taken(lot_id, lot.kind.value, part.minor, lot.remaining.minor))
        lots.remove(lot)
        lots.append(Lot(lot.id, lot.kind, lot.remaining - part, lot.granted_on, lot.expires_on))
    return tuple(taken)


def _take_one(lots: list[Lot], amount: Money, today: date) -> tuple[Taken, ...]:
    """The same where a customer has one lot, as nearly all who have any: there is no order to find."""
    lot = lots[0]
    held = lot.remaining.minor
    if held <= 0 or lot.remaining.currency != amount.currency or (lot.expires_on and lot.expires_on <= today):
        return ()
    part = min(held, amount.minor)
    lots[0] = Lot(lot.id, lot.kind, Money(held - part, amount.currency), lot.granted_on, lot.expires_on)
    return (Taken(lot.id, lot.kind.value, part, held),)


def _extended(draft: Draft, extra: Sequence[tuple[str, ExtraLine]]) -> Draft:
    """With the lines that rules add. Rule and code are part of the line's kind, and so of the billed-once key; where
    the days are billed again, as by a second change of a day, the line has the next revision."""
    if not extra:
        return draft
    first, last = draft.lines[0], draft.lines[-1]
    added = tuple(
        DraftedLine(
            first.component_id,
            None,
            first.plan_id,
            f"{'discount' if line.net.minor < 0 else 'one_off'}:{rule}.{line.code}",
            line.description,
            "",
            first.period_start,
            last.period_end,
            1,
            line.net.minor,
            line.net.minor,
            line.tax_class,
        )
        for rule, line in extra
    )
    return draft._replace(lines=draft.lines + tuple(_next_revision(line, draft) for line in added))


def _next_revision(line: DraftedLine, draft: Draft) -> DraftedLine:
    if not draft.used_keys or line.period_start is None:
        return line
    used = draft.used_keys.get((line.component_id, line.kind, line.period_start), 0)
    return line._replace(detail=LineDetail(revision=used)) if used else line


def rater_now(known: Catalogue | None = None, *, rules: bool = True) -> tuple[Rater, Catalogue]:
    """A rater for documents that are dated today in their seller's zone, and the catalogue that it reads from: a new
    one, unless something is `known` already."""
    catalogue = known or Catalogue()
    rater = Rater(
        catalogue, plugins(), lambda seller_id: clock.today_in(catalogue.sellers[seller_id].zone), rules=rules
    )
    return rater, catalogue


def raised(answer: Rated | BillheadError) -> Rated:
    """The rated document, or its error raised: a single one has nobody else to go on for."""
    if isinstance(answer, BillheadError):
        raise answer
    return answer
