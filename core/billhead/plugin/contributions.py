"""What contribute and guard hooks are given and return: pure values, in batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

from billhead.domain.money import Money

__all__ = ["Denied", "DraftLine", "DraftView", "ExtraLine", "InvoiceRule", "OrderView"]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as it will stand on the invoice, before tax; the period is half-open."""

    plan: str
    kind: str
    quantity: int
    net: Money
    period_start: date | None
    period_end: date | None


@dataclass(frozen=True, slots=True)
class DraftView:
    """An invoice about to be written, before tax."""

    subscription_id: int
    customer_id: int
    country: str
    on: date
    lines: tuple[DraftLine, ...]


@dataclass(frozen=True, slots=True)
class ExtraLine:
    """A line that a rule adds (negative = a discount). `code` is unique in the rule: part of the billed-once key."""

    code: str
    description: str
    net: Money
    tax_class: str = "tv"


@runtime_checkable
class InvoiceRule(Protocol):
    """Adds lines to drafts (a discount, a fee). Rules run in the order of plugin name and `code`."""

    code: str

    def apply(self, drafts: Sequence[DraftView]) -> Sequence[Sequence[ExtraLine]]:
        """One (possibly empty) sequence per draft, in order. Pure. An exception aborts only the drafts causing it."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order before it is placed: what a guard decides about."""

    customer_id: int | None
    email: str
    country: str
    ip: str
    plan: str
    addons: tuple[str, ...] = ()
    trial: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Denied:
    """A guard's no. `reason` is shown to the person who asked."""

    reason: str
