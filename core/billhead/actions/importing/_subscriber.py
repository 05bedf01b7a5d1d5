"""What one row of a subscriber file says, as values: a `GoodRow` when all of it can be used, else its `Refusal`s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billhead.actions.importing._catalog import AddOn, Offer
from billhead.domain.money import Money


@dataclass(frozen=True, slots=True)
class Person:
    external_ref: str
    name: str
    email: str
    phone: str
    country: str
    region: str
    zone: str
    currency: str
    language: str
    vat_id: str
    notes: str


@dataclass(frozen=True, slots=True)
class AddOnUnits:
    addon: AddOn
    units: int


@dataclass(frozen=True, slots=True)
class Sale:
    """What was sold; more connections than the plan includes are units of the add-on that sells them."""

    offer: Offer
    addons: tuple[AddOnUnits, ...]
    connections: int


@dataclass(frozen=True, slots=True)
class Access:
    login: str
    password: str
    mac: str | None


@dataclass(frozen=True, slots=True)
class Dates:
    """`paid_through` is the first day that is not paid for; `anchor` is what all later terms are counted from."""

    started_on: date
    paid_through: date
    anchor: date
    in_trial: bool


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """How the next term is paid: `card` is charged by token, `bank_transfer` is invoiced, `manual` is offered as a
    proforma, `credits` is taken from the reseller."""

    way: str
    token: str = ""
    timing: str = "advance"  # | arrears: each term is billed when it is over


@dataclass(frozen=True, slots=True)
class GoodRow:
    line: int
    person: Person
    sale: Sale
    access: Access
    dates: Dates
    payment: PaymentChoice
    reseller: str
    balance: Money


@dataclass(frozen=True, slots=True)
class Refusal:
    """One mistake. `column` and `value` are empty where the whole line cannot be read; no
    password and no card number is ever shown."""

    line: int
    column: str
    value: str
    code: str
    reason: str
    hint: str
