"""How much credit customers may buy ahead, and the bonus that comes with it: so much more, or so many percent."""

from dataclasses import dataclass
from fractions import Fraction

from billhead.domain.errors import InvalidInput
from billhead.domain.money import LARGEST_MINOR, Money, Rounding

__all__ = ["Bonus", "TopUpTerms"]

_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Bonus:
    """With `since` minor units or more comes a gift: `minor`, or `points` hundredths of a percent of the amount."""

    since: int
    minor: int = 0
    points: int = 0

    def __post_init__(self) -> None:
        if (self.minor == 0) == (self.points == 0) or not (
            0 <= self.points <= _WHOLE and 0 <= self.minor <= self.since
        ):
            raise InvalidInput("top_ups", "a bonus is more than nothing, and not more than the amount")

    def of(self, amount: Money) -> Money:
        """Parts of a minor unit are not given."""
        share = amount.times(Fraction(self.points, _WHOLE), Rounding.DOWN)
        return share if self.points else Money(self.minor, amount.currency)


@dataclass(frozen=True, slots=True)
class TopUpTerms:
    """How much credit a customer may buy at once, in minor units; `offered` are the amounts to choose from. Of the
    `bonuses` the one with the highest `since` that is reached counts."""

    least: int
    most: int
    offered: tuple[int, ...] = ()
    bonuses: tuple[Bonus, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.most <= LARGEST_MINOR:
            raise InvalidInput("top_ups", "the least must be above zero, and the most not below it")
        for minor in (*self.offered, *(bonus.since for bonus in self.bonuses)):
            if not self.least <= minor <= self.most:
                raise InvalidInput("top_ups", "the amounts to choose from must lie between the least and the most")
        if len({bonus.since for bonus in self.bonuses}) < len(self.bonuses):
            raise InvalidInput("top_ups", "there is one bonus at most from an amount on")

    def check(self, amount: Money) -> None:
        """Raises InvalidInput naming what is allowed."""
        if not self.least <= amount.minor <= self.most:
            least, most = Money(self.least, amount.currency), Money(self.most, amount.currency)
            raise InvalidInput("amount", f"must be from {least} to {most}")

    def bonus(self, amount: Money) -> Money:
        reached = [bonus for bonus in self.bonuses if bonus.since <= amount.minor]
        best = max(reached, key=lambda bonus: bonus.since, default=None)
        return best.of(amount) if best else Money(0, amount.currency)
