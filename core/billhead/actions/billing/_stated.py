"""How a document states its prices: with tax, without, or some so and some so.

A change may lead from a price book with tax to one without. What is billed of both at once stands on one document: each
line is taxed as its own price book has it, and the document says its amounts without tax.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from billhead.actions.billing._catalogue import PriceTerms
from billhead.actions.billing._taxing import TaxDesk, Taxed, TaxQuestion, summed
from billhead.domain.errors import PluginFailed

__all__ = ["has_tax", "stated", "taxed_apart"]


class _Priced(Protocol):
    @property
    def price_id(self) -> int | None: ...


def has_tax(line: _Priced, prices: Mapping[int, PriceTerms], otherwise: bool) -> bool:
    """Whether the line's amount is meant with tax. `otherwise`: for what has no price, the document's own way."""
    return otherwise if line.price_id is None else prices[line.price_id].tax_inclusive


def stated(lines: Iterable[_Priced], prices: Mapping[int, PriceTerms]) -> tuple[bool, bool]:
    """(its prices are with tax, there are both)."""
    found = {prices[line.price_id].tax_inclusive for line in lines if line.price_id is not None}
    return found == {True}, len(found) > 1


def taxed_apart(
    desk: TaxDesk,
    lines: Sequence[tuple[bool, str, int]],
    question: Callable[[bool, tuple[tuple[str, int], ...]], TaxQuestion],
) -> Taxed | PluginFailed:
    """The tax of lines of which some have it in their amounts: (has it, tax class, minor units). Each way of stating
    prices is asked for by itself, so that a total stays what it was and a net amount, too."""
    found: dict[bool, Taxed] = {}
    for inclusive in sorted({has for has, _, _ in lines}):
        alike = tuple((tax_class, minor) for has, tax_class, minor in lines if has == inclusive)
        (answer,) = desk.answers([question(inclusive, alike)])
        if isinstance(answer, PluginFailed):
            return answer
        found[inclusive] = answer
    amounts = {inclusive: iter(answer.lines) for inclusive, answer in found.items()}
    notes = dict.fromkeys(note for answer in found.values() for note in answer.notes)
    hold = next((answer.hold for answer in found.values() if answer.hold), "")
    return summed([next(amounts[has]) for has, _, _ in lines])._replace(notes=tuple(notes), hold=hold)
