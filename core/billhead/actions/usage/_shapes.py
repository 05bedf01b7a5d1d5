"""What goes between reading, rating and booking usage: plain tuples, since a run makes a million of them."""

from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple, Protocol

from billhead.domain.errors import InvalidInput
from billhead.domain.usage import UsageTerms

__all__ = [
    "NOTHING",
    "BilledRow",
    "Meter",
    "Metered",
    "MeteredPart",
    "MovedMeter",
    "RatedUsage",
    "Tariffs",
    "Timed",
    "Totals",
    "UsageDue",
    "UsageTaken",
    "Window",
]


class Metered(NamedTuple):
    """What a price says of one metric."""

    metric_id: int
    code: str
    name: str
    unit: str
    aggregation: str
    decimals: int
    terms: UsageTerms


class MeteredPart(NamedTuple):
    """A part of a subscription that counts something, at the price at which it was sold. `whole`: a part of a period
    has the whole allowance."""

    component_id: int
    plan_id: int
    price_id: int
    quantity: int
    starts_on: date | None
    ends_on: date | None
    whole: bool


class Tariffs(Protocol):
    def metered_at(self, price_id: int, day: date) -> tuple[int, tuple[Metered, ...]]:
        """The price that holds for a period of usage that starts then, and what it says of each metric."""

    def taxed_as(self, plan_id: int, price_id: int) -> tuple[str, bool]:
        """The tax class of what the plan sells, and whether the price has the tax in it."""


class Timed(Protocol):
    """Of a subscription as the billing run reads it."""

    @property
    def subscription_id(self) -> int: ...
    @property
    def term(self) -> str: ...
    @property
    def anchor(self) -> date: ...
    @property
    def state(self) -> str: ...
    @property
    def phase_ends_on(self) -> date | None: ...
    @property
    def paid_through(self) -> date | None: ...
    @property
    def billing_ends_on(self) -> date | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def target(self) -> date: ...
    @property
    def zone(self) -> str: ...


class Meter(NamedTuple):
    """As it was read; see `models.usage.UsageMeter`."""

    subscription_id: int
    through: date
    billed_to: int
    due_on: date | None
    late_at: int | None
    stamp: int


class Window(NamedTuple):
    """A stretch, one metric of it, and what it is worth. `days` of `cycle_days` are charged: that share of the minimum
    counts. `allowance` is in steps, for all lines or for each, as the terms say. `revision` and `billed_minor` are of
    what was billed for the same stretch before."""

    subscription_id: int
    component_id: int
    plan_id: int
    price_id: int
    metered: Metered
    start: date
    end: date
    from_at: int
    to_at: int
    days: int
    cycle_days: int
    allowance: int
    revision: int = 0
    billed_minor: int = 0

    @property
    def share(self) -> Fraction:
        return Fraction(self.days, self.cycle_days)


class BilledRow(NamedTuple):
    """All revisions of what was billed for a stretch: the last `revision`, and the sum of their amounts."""

    subscription_id: int
    component_id: int
    metric_id: int
    period_start: date
    period_end: date
    from_at: int
    to_at: int
    days: int
    cycle_days: int
    allowance: int
    revision: int
    billed_minor: int


class MovedMeter(NamedTuple):
    through: date
    billed_to: int
    due_on: date | None


class Totals(NamedTuple):
    """`used` is in steps: all of it, or that of each line where the allowance is each line's own. `fees` are those of a
    percentage, as `domain.usage.charge` takes them."""

    events: int
    used: tuple[int, ...]
    fees: int = 0


NOTHING = Totals(0, (0,))


class RatedUsage(NamedTuple):
    """`used` is all of it and `charged` what is over the allowance, in steps; `amount_minor` as the price book has it.

    `difference_minor` is what is still to be billed: the amount less what was billed for the same stretch before.
    """

    window: Window
    events: int
    used: int
    charged: int
    amount_minor: int

    @property
    def difference_minor(self) -> int:
        return self.amount_minor - self.window.billed_minor


class UsageDue(NamedTuple):
    """What of a subscription's usage is due, as it was read; `refused` says why it can't be billed."""

    meter: Meter
    moved: MovedMeter
    found: tuple[tuple[Window, Totals], ...]
    refused: InvalidInput | None = None


class UsageTaken(NamedTuple):
    """What a document bills of a subscription's usage, and how its meter stands then."""

    meter: Meter
    moved: MovedMeter
    rated: tuple[RatedUsage, ...]
