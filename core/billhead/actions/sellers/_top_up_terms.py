"""The amounts of credit that a seller offers, as staff write and read them."""

from collections.abc import Mapping
from typing import Any

from billhead.actions.credits._top_up import TopUpTerms, stored_terms
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money

__all__ = ["terms_from", "terms_text"]


def terms_from(text: str) -> dict[str, TopUpTerms]:
    """One line a currency: the code, the least, the most, then amounts to choose from. Raises InvalidInput."""
    found: dict[str, TopUpTerms] = {}
    for line in filter(None, map(str.split, text.upper().splitlines())):
        currency, amounts = line[0], line[1:]
        if len(amounts) < 2 or currency in found:
            raise InvalidInput("top_ups", "write for each currency once: EUR, the least, the most, amounts to choose")
        try:
            least, most, *offered = [Money.parse(amount, currency).minor for amount in amounts]
        except InvalidInput as refused:
            raise InvalidInput("top_ups", f"{' '.join(line)}: {refused.why}") from refused
        found[currency] = TopUpTerms(least, most, tuple(offered))
    return found


def terms_text(stored: Mapping[str, Mapping[str, Any]]) -> str:
    """As `terms_from` reads it."""
    lines = []
    for currency, one in sorted(stored.items()):
        terms = stored_terms(one)
        amounts = (terms.least, terms.most, *terms.offered)
        lines.append(" ".join([currency, *(str(Money(minor, currency).decimal()) for minor in amounts)]))
    return "\n".join(lines)
