"""Tax for a batch of drafts: the engine is asked once per chunk, and only for what it has not answered in this run."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Buyer
from billhead.domain.errors import BillheadError, PluginFailed
from billhead.domain.money import Money
from billhead.domain.tax import (
    TaxableLine,
    TaxRate,
    TaxRounding,
    combined_ppm,
    included_tax_minor,
    tax_lines,
    tax_minor,
)
from billhead.plugin.tax import LineTax, TaxedBuyer, TaxEngine, TaxLine, TaxRequest

__all__ = ["TaxDesk", "TaxQuestion", "Taxed", "TaxedAmount", "postcode_of", "summed", "with_returns"]

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
    postcode: str  # where the engine asks for it, otherwise ""
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
        postcode: str = "",
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
            _exemption(buyer, on) if buyer.exempt_reason else "",
            buyer.evidence,
            postcode,
            lines,
        )


def _exemption(buyer: Buyer, on: date) -> str:
    """The reason with the certificate that proves it, as long as that holds."""
    if buyer.exempt_until is not None and on > buyer.exempt_until:
        return ""
    proof = f" (certificate {buyer.exempt_certificate})" if buyer.exempt_certificate else ""
    return f"{buyer.exempt_reason}{proof}"


class TaxedAmount(NamedTuple):
    """`taxes`, as (code, ppm, minor units), only of a line with several: then `tax_code` joins their codes with "+",
    and `tax_rate_ppm` is what they come to together."""

    net_minor: int
    tax_minor: int
    tax_code: str
    tax_rate_ppm: int
    taxes: tuple[tuple[str, int, int], ...] = ()

    def turned(self) -> "TaxedAmount":
        """The opposite amount, as it stands on a credit note."""
        taxes = tuple((code, ppm, -minor) for code, ppm, minor in self.taxes)
        return TaxedAmount(-self.net_minor, -self.tax_minor, self.tax_code, self.tax_rate_ppm, taxes)


class Taxed(NamedTuple):
    """The answer: an amount per line, and the sums; `taxes` are (tax code, minor units) without those of zero.

    `notes` must be printed. `hold`: why the document can't be issued yet, "" if it can.
    """

    lines: tuple[TaxedAmount, ...]
    net_minor: int
    tax_minor: int
    taxes: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()
    hold: str = ""


class TaxDesk:
    """Answers tax questions for one run. `engine` finds a tax engine by its code."""

    def __init__(self, catalogue: Catalogue, engine: Callable[[str], TaxEngine]) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._opened: dict[str, TaxEngine] = {}
        self._postcodes: dict[int, bool] = {}
        self._known: dict[TaxQuestion, Taxed | PluginFailed] = {}

    def question(
        self,
        buyer: Buyer,
        seller_id: int,
        on: date,
        currency: str,
        inclusive: bool,
        lines: tuple[tuple[str, int], ...],
    ) -> TaxQuestion:
        """What to ask about one document."""
        if seller_id not in self._postcodes:
            self._postcodes[seller_id] = self._uses_postcode(seller_id)
        postcode = postcode_of(buyer.party.address) if self._postcodes[seller_id] else ""
        return TaxQuestion.about(buyer, seller_id, on, currency, inclusive, lines, postcode)

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

    def _uses_postcode(self, seller_id: int) -> bool:
        code = self._catalogue.sellers[seller_id].tax_engine
        try:
            return bool(code and getattr(self._opened_engine(code), "uses_postcode", False))
        except Exception:  # noqa: BLE001 it fails again when it is asked, and is named then
            return False

    def _opened_engine(self, code: str) -> TaxEngine:
        """The engine as it stays for this run: with its settings and tables, if it has any."""
        if code not in self._opened:
            engine = self._engine(code)
            opened = getattr(engine, "opened", None)
            self._opened[code] = opened() if opened is not None else engine
        return self._opened[code]

    def _ask(self, code: str, questions: Sequence[TaxQuestion]) -> list[Taxed | PluginFailed]:
        if not code:
            return [_untaxed(question) for question in questions]
        try:
            found = self._opened_engine(code).assess([self._request(question) for question in questions])
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
            question.postcode,
        )
        seller = self._catalogue.sellers[question.seller_id].taxed
        return TaxRequest(seller, buyer, question.on, tuple(TaxLine(*line) for line in question.lines))

    def _taxed(self, question: TaxQuestion, taxes: Sequence[LineTax]) -> Taxed:
        mode = TaxRounding(self._catalogue.sellers[question.seller_id].tax_rounding)
        if mode == TaxRounding.PER_LINE and not any(tax.also for tax in taxes):
            lines = [
                TaxedAmount(*_split(amount, tax.rate_ppm, question.tax_inclusive), _code(tax), tax.rate_ppm)
                for (_, amount), tax in zip(question.lines, taxes, strict=True)
            ]
        else:
            lines = _rounded(question, taxes, mode)
        every = [one for tax in taxes for one in (tax, *tax.also)]
        notes = tuple(dict.fromkeys(one.note for one in every if one.note))
        return summed(lines)._replace(notes=notes, hold=next((one.hold for one in every if one.hold), ""))


def postcode_of(address: str) -> str:
    """The postcode in a party's address, as letters and digits only."""
    told = json.loads(address or "{}").get("postcode") or ""
    return "".join(sign for sign in str(told).upper() if sign.isalnum())


def _code(tax: LineTax) -> str:
    return f"{tax.jurisdiction}:{tax.reason}"


def _split(amount: int, ppm: int, inclusive: bool) -> tuple[int, int]:
    """(net, tax) in minor units."""
    if inclusive:
        tax = included_tax_minor(amount, ppm)
        return amount - tax, tax
    return amount, tax_minor(amount, ppm)


def _rounded(question: TaxQuestion, taxes: Sequence[LineTax], mode: TaxRounding) -> list[TaxedAmount]:
    """By the general arithmetic: several taxes on a line, or a rate that is rounded on the document's sum."""
    every = [(tax, *tax.also) for tax in taxes]
    lines = [
        TaxableLine(Money(amount, question.currency), tuple(_rate(one) for one in on_line))
        for (_, amount), on_line in zip(question.lines, every, strict=True)
    ]
    done = tax_lines(lines, inclusive=question.tax_inclusive, mode=mode)
    return [
        _amount(line.net.minor, rated.rates, on_line, [tax.minor for tax in line.taxes])
        for line, rated, on_line in zip(done, lines, every, strict=True)
    ]


def _rate(tax: LineTax) -> TaxRate:
    nested = [further for further in tax.also if further.also]
    if nested:
        raise ValueError(f"{_code(nested[0])}: a further tax of a line has no further ones itself")
    return TaxRate(f"{_code(tax)}@{tax.rate_ppm}", tax.rate_ppm, tax.compound)


def _amount(net: int, rates: Sequence[TaxRate], taxes: Sequence[LineTax], minors: Sequence[int]) -> TaxedAmount:
    if len(taxes) == 1:
        return TaxedAmount(net, minors[0], _code(taxes[0]), taxes[0].rate_ppm)
    parts = tuple((_code(tax), tax.rate_ppm, minor) for tax, minor in zip(taxes, minors, strict=True))
    if len({code for code, _, _ in parts}) != len(parts):
        raise ValueError(f"one line has the tax {parts[0][0]} twice")
    return TaxedAmount(net, sum(minors), "+".join(code for code, _, _ in parts), combined_ppm(rates), parts)


def _untaxed(question: TaxQuestion) -> Taxed:
    return summed([TaxedAmount(amount, 0, "", 0) for _, amount in question.lines])


def with_returns(taxed: Taxed, given: Sequence[TaxedAmount | None]) -> Taxed:
    """What was taxed now, joined by what is given back: that has the tax that it had. One of `given` per line, None
    for the next of `taxed`."""
    fresh = iter(taxed.lines)
    amounts = [one if one is not None else next(fresh) for one in given]
    return summed(amounts)._replace(notes=taxed.notes, hold=taxed.hold)


def summed(lines: Sequence[TaxedAmount]) -> Taxed:
    """Lines of one document with their sums."""
    taxes: dict[str, int] = {}
    for line in lines:
        if line.taxes:
            for code, _, minor in line.taxes:
                taxes[code] = taxes.get(code, 0) + minor
        else:
            taxes[line.tax_code] = taxes.get(line.tax_code, 0) + line.tax_minor
    return Taxed(
        tuple(lines),
        sum(line.net_minor for line in lines),
        sum(line.tax_minor for line in lines),
        tuple((code, minor) for code, minor in taxes.items() if minor),
    )
