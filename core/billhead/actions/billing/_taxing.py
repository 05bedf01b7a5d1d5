"""Tax for a batch of drafts: the engine is asked once per chunk, and only for what it has not answered in this run."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Buyer
from billhead.domain.errors import BillheadError, PluginFailed
from billhead.domain.money import Money
from billhead.domain.tax import TaxableLine, TaxRate, TaxRounding, included_tax_minor, tax_lines, tax_minor
from billhead.plugin.tax import LineTax, TaxedBuyer, TaxEngine, TaxLine, TaxRequest

__all__ = ["TaxDesk", "TaxQuestion", "Taxed", "TaxedAmount", "summed"]

_REMEMBERED = 100_000


class TaxQuestion(NamedTuple):
    """What the tax of a document depends on; equal questions have equal answers. `evidence` is JSON text."""

    seller_id: int
    on: date
    currency: str
    tax_inclusive: bool
    country: str
    region: str
    company: bool
    vat_id: str
    vat_id_state: str
    exempt_reason: str
    evidence: str
    lines: tuple[tuple[str, int], ...]  # (tax class, minor units)

    @classmethod
    def about(
        cls,
        buyer: Buyer,
        seller_id: int,
        on: date,
        currency: str,
        inclusive: bool,
        lines: tuple[tuple[str, int], ...],
    ) -> "TaxQuestion":
        who = buyer.party
        return cls(
            seller_id,
            on,
            currency,
            inclusive,
            who.country,
            who.region,
            bool(who.company),
            who.vat_id,
            buyer.vat_id_state,
            buyer.exempt_reason,
            buyer.evidence,
            lines,
        )


class TaxedAmount(NamedTuple):
    net_minor: int
    tax_minor: int
    tax_code: str
    tax_rate_ppm: int


class Taxed(NamedTuple):
    """The answer: an amount per line, and the sums; `taxes` are (tax code, minor units) without those of zero, `notes`
    what has to be printed."""

    lines: tuple[TaxedAmount, ...]
    net_minor: int
    tax_minor: int
    taxes: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()


class TaxDesk:
    """Answers tax questions for one run. `engine` finds a tax engine by its code."""

    def __init__(self, catalogue: Catalogue, engine: Callable[[str], TaxEngine]) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._known: dict[TaxQuestion, Taxed | PluginFailed] = {}

    def answers(self, questions: Sequence[TaxQuestion]) -> list[Taxed | PluginFailed]:
        """One answer per question, in order; a failure names the engine and costs only the questions that cause it."""
        known = self._known
        if len(known) > _REMEMBERED:
            known.clear()
        new: dict[str, list[TaxQuestion]] = {}
        for question in dict.fromkeys(questions):
            if question not in known:
                new.setdefault(self._catalogue.sellers[question.seller_id].tax_engine, []).append(question)
        for code, asked in new.items():
            known.update(zip(asked, self._ask(code, asked), strict=True))
        return [known[question] for question in questions]

    def _ask(self, code: str, questions: Sequence[TaxQuestion]) -> list[Taxed | PluginFailed]:
        if not code:
            return [_untaxed(question) for question in questions]
        try:
            found = self._engine(code).assess([self._request(question) for question in questions])
            if [len(taxes) for taxes in found] != [len(question.lines) for question in questions]:
                raise ValueError("it did not return one tax for each line of each request")
            return [self._taxed(question, taxes) for question, taxes in zip(questions, found, strict=True)]
        except Exception as error:  # noqa: BLE001 a stranger's engine: whatever it raises costs only its documents
            if len(questions) == 1:
                why = error.message if isinstance(error, BillheadError) else f"{type(error).__name__}: {error}"
                return [PluginFailed(code, f"tax engine: {why}")]
        middle = len(questions) // 2
        return self._ask(code, questions[:middle]) + self._ask(code, questions[middle:])

    def _request(self, question: TaxQuestion) -> TaxRequest:
        evidence = {"billing": question.country, **json.loads(question.evidence or "{}")}
        buyer = TaxedBuyer(
            question.country,
            question.region,
            question.company,
            question.vat_id,
            question.vat_id_state,
            question.exempt_reason,
            tuple(sorted(evidence.items())),
        )
        seller = self._catalogue.sellers[question.seller_id].taxed
        return TaxRequest(seller, buyer, question.on, tuple(TaxLine(*line) for line in question.lines))

    def _taxed(self, question: TaxQuestion, taxes: Sequence[LineTax]) -> Taxed:
        mode = TaxRounding(self._catalogue.sellers[question.seller_id].tax_rounding)
        codes = [f"{tax.jurisdiction}:{tax.reason}" for tax in taxes]
        if mode == TaxRounding.PER_LINE:
            pairs = [
                _split(amount, tax.rate_ppm, question.tax_inclusive)
                for (_, amount), tax in zip(question.lines, taxes, strict=True)
            ]
        else:
            pairs = _rounded_per_rate(question, taxes, codes, mode)
        lines = [
            TaxedAmount(net, amount, code, tax.rate_ppm)
            for (net, amount), code, tax in zip(pairs, codes, taxes, strict=True)
        ]
        return summed(lines)._replace(notes=tuple(dict.fromkeys(tax.note for tax in taxes if tax.note)))


def _split(amount: int, ppm: int, inclusive: bool) -> tuple[int, int]:
    """(net, tax) in minor units."""
    if inclusive:
        tax = included_tax_minor(amount, ppm)
        return amount - tax, tax
    return amount, tax_minor(amount, ppm)


def _rounded_per_rate(
    question: TaxQuestion, taxes: Sequence[LineTax], codes: Sequence[str], mode: TaxRounding
) -> list[tuple[int, int]]:
    lines = [
        TaxableLine(Money(amount, question.currency), (TaxRate(f"{code}@{tax.rate_ppm}", tax.rate_ppm),))
        for (_, amount), code, tax in zip(question.lines, codes, taxes, strict=True)
    ]
    done = tax_lines(lines, inclusive=question.tax_inclusive, mode=mode)
    return [(line.net.minor, line.taxes[0].minor) for line in done]


def _untaxed(question: TaxQuestion) -> Taxed:
    return summed([TaxedAmount(amount, 0, "", 0) for _, amount in question.lines])


def summed(lines: Sequence[TaxedAmount]) -> Taxed:
    """Lines of one document with their sums."""
    taxes: dict[str, int] = {}
    for line in lines:
        taxes[line.tax_code] = taxes.get(line.tax_code, 0) + line.tax_minor
    return Taxed(
        tuple(lines),
        sum(line.net_minor for line in lines),
        sum(line.tax_minor for line in lines),
        tuple((code, minor) for code, minor in taxes.items() if minor),
    )
