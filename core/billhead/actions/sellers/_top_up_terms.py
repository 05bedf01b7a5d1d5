"""The amounts of credit that a seller offers, as staff write and read them."""

from collections.abc import Mapping
from typing import Any

from billhead.actions.credits._top_up import stored_terms
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.top_ups import Bonus, TopUpTerms

__all__ = ["terms_from", "terms_text"]


def terms_from(text: str) -> dict[str, TopUpTerms]:
    """One line a currency: the code, the least, the most, then amounts to choose from, and bonuses: 50+5 gives 5 more
    from 50 on, 50+10% a tenth more. Raises InvalidInput."""
    found: dict[str, TopUpTerms] = {}
    for line in filter(None, map(str.split, text.upper().splitlines())):
        currency, amounts = line[0], line[1:]
        if sum("+" not in amount for amount in amounts) < 2 or currency in found:
            raise InvalidInput("top_ups", "write for each currency once: EUR, the least, the most, amounts to choose")
        try:
            least, most, *offered = [Money.parse(amount, currency).minor for amount in amounts if "+" not in amount]
            bonuses = tuple(_bonus(amount, currency) for amount in amounts if "+" in amount)
            found[currency] = TopUpTerms(least, most, tuple(offered), bonuses)
        except InvalidInput as refused:
            raise InvalidInput("top_ups", f"{' '.join(line)}: {refused.why}") from refused
    return found


def _bonus(text: str, currency: str) -> Bonus:
    since, _, more = text.partition("+")
    reached = Money.parse(since, currency).minor
    if not more.endswith("%"):
        return Bonus(reached, minor=Money.parse(more, currency).minor)
    return Bonus(reached, points=Money.parse(more[:-1], "EUR").minor)  # two decimals at most, as cents have


def terms_text(stored: Mapping[str, Mapping[str, Any]]) -> str:
    """As `terms_from` reads it."""
    lines = []
    for currency, one in sorted(stored.items()):
        terms = stored_terms(one)
        amounts = [str(Money(minor, currency).decimal()) for minor in (terms.least, terms.most, *terms.offered)]
        lines.append(" ".join([currency, *amounts, *(_bonus_text(bonus, currency) for bonus in terms.bonuses)]))
    return "\n".join(lines)


def _bonus_text(bonus: Bonus, currency: str) -> str:
    more = f"{Money(bonus.points, 'EUR').decimal()}%" if bonus.points else Money(bonus.minor, currency).decimal()
    return f"{Money(bonus.since, currency).decimal()}+{more}"
