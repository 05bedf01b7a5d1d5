"""What goes between due, rate and write: plain tuples, because a run makes a million of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from billhead.actions.usage._shapes import UsageDue, UsageTaken
from billhead.domain.credit import Lot
from billhead.domain.discounts import Coupon
from billhead.domain.periods import Period

__all__ = [
    "Advance",
    "Buyer",
    "Charge",
    "Chunk",
    "CouponUsed",
    "DueItem",
    "Failure",
    "LineDetail",
    "Part",
    "PartyFacts",
    "Rated",
    "RatedLine",
    "Redeemed",
    "Share",
    "Taken",
    "visitor",
]


class Part(NamedTuple):
    """One billed component; `component_id` is None in a quote, before anything is ordered. `kind` as it has it."""

    component_id: int | None
    plan_id: int
    price_id: int
    quantity: int
    starts_on: date | None = None
    ends_on: date | None = None
    kind: str = "plan"


class Redeemed(NamedTuple):
    """A coupon as a subscription has it, and what it gave so far, in minor units."""

    redemption_id: int
    given_minor: int
    coupon: Coupon


class CouponUsed(NamedTuple):
    """What a document got of a redemption, in how many cycles, and how that stands then."""

    redemption_id: int
    minor: int
    cycles: int
    after: Redeemed


class DueItem(NamedTuple):
    """A subscription that the run looks at, as it was read (`version`), with its components.

    `target` is the customer's local date up to which is billed. `free`: days that are not charged; the run has
    them of what is billed afterwards, in advance they are skipped as they come.
    """

    subscription_id: int
    seller_id: int
    customer_id: int
    plan_id: int
    collection: str
    timing: str
    currency: str
    state: str
    phase: str
    term: str
    anchor: date
    started_on: date
    phase_ends_on: date | None
    billed_through: date | None
    paid_through: date | None
    billing_ends_on: date | None
    ended_at: datetime | None
    version: int
    zone: str
    target: date
    parts: tuple[Part, ...]
    redeemed: tuple[Redeemed, ...] = ()
    free: tuple[Period, ...] = ()


class PartyFacts(NamedTuple):
    """What a document freezes about its buyer or issuer; `address` and `invoicing` are JSON text."""

    name: str
    company: str
    email: str
    address: str
    country: str
    region: str
    vat_id: str
    language: str = ""
    invoicing: str = "{}"  # of a buyer: reference, endpoint; of an issuer: bank account, register, endpoint


class Buyer(NamedTuple):
    """A customer as rating needs it. `evidence` is JSON text."""

    customer_id: int
    party: PartyFacts
    vat_id_state: str
    exempt_reason: str
    evidence: str
    zone: str
    consolidate: bool = False
    exempt_certificate: str = ""
    exempt_until: date | None = None
    billing_day: int | None = None


class Charge(NamedTuple):
    """What was bought once and waits for the next invoice."""

    entitlement_id: int
    plan_id: int
    price_id: int
    bought_on: date


class Chunk(NamedTuple):
    """What is due, and all that rating needs to know about it. Lots are by customer.

    `chargeable`: customers with a saved method. `offered`: subscriptions whose open proforma waits to be paid.
    `last`: where the next chunk goes on. `usage` that is due and `charges` that wait are by subscription. `arrears`:
    nothing else is due.
    """

    items: Sequence[DueItem]
    buyers: Mapping[int, Buyer]
    lots: Mapping[int, Sequence[Lot]]
    chargeable: frozenset[int] = frozenset()
    offered: frozenset[int] = frozenset()
    last: tuple[date, int] | None = None
    usage: Mapping[int, UsageDue] = MappingProxyType({})
    charges: Mapping[int, Sequence[Charge]] = MappingProxyType({})
    arrears: bool = False


class LineDetail(NamedTuple):
    """What most lines don't have. Amounts are as the price book has them (perhaps tax included).

    `discount_minor` is taken off already, by the coupons of `discount_code`. `cycle` is the whole cycle of a part
    period, `cycle_minor` what all of it would cost after discount. `corrects_line_id`: the line that this one gives
    back. `taxes`: (code, ppm, minor units) of a line with more than one tax.
    """

    revision: int = 0
    discount_minor: int = 0
    cycle: tuple[date, date] | None = None
    cycle_minor: int | None = None
    corrects_line_id: int | None = None
    taxes: tuple[tuple[str, int, int], ...] = ()
    discount_code: str = ""


class RatedLine(NamedTuple):
    """A line with its tax. Amounts are minor units; `unit_minor` is as in the price book (perhaps tax included)."""

    component_id: int | None
    price_id: int | None
    plan_id: int | None
    kind: str
    description: str
    term: str
    period_start: date | None
    period_end: date | None
    quantity: int
    unit_minor: int
    net_minor: int
    tax_minor: int
    tax_code: str
    tax_rate_ppm: int
    detail: LineDetail | None = None
    tax_class: str = ""

    @property
    def discount_minor(self) -> int:
        return self.detail.discount_minor if self.detail else 0

    @property
    def discount_code(self) -> str:
        return self.detail.discount_code if self.detail else ""


class Taken(NamedTuple):
    """Credit used on a document: from which lot, and what the lot held before. Another amount there makes it stale."""

    lot_id: int
    kind: str
    minor: int
    before_minor: int


class Advance(NamedTuple):
    """How the subscription stands after its document.

    `paid_through` is as it was read; once the document is paid, it becomes `billed_through`, and the panel's lines
    run to the start of `expires_on` plus grace (None: the document extends nothing).
    """

    anchor: date
    state: str
    phase: str
    phase_ends_on: date | None
    billed_through: date | None
    paid_through: date | None
    next_bill_on: date | None
    zone: str
    expires_on: date | None


class Share(NamedTuple):
    """One subscription's part of a document that bills several: so many of its lines, in their order.

    `subscription_id` is None for lines that belong to none. `version` and `advance` as in Rated.
    """

    subscription_id: int | None
    version: int | None
    advance: Advance | None
    lines: int


class Rated(NamedTuple):
    """A document ready to be written.

    `kind` is invoice, credit_note (its amounts are above zero) or proforma, or "" where nothing is billed and only
    `advance` is to be stored. `version` is the subscription's as it was read (None: the caller holds it locked).
    `has_method`: the rest can be charged. `taxes` are (tax code, minor units), as they go to the ledger.
    `credit_minor` is the sum of what is `taken`.
    `notes`: what tax law wants printed, in English.

    With `shares` it bills several subscriptions: their ids, versions and advances stand there, and not here.
    `draft` says why an invoice is written as a draft (grace, review, or a sentence): no number, posting or credit yet.
    The saved method is charged on `collect_on`, or at once.
    `hold` says why a proforma can't be paid yet.
    """

    kind: str
    seller_id: int
    customer_id: int
    subscription_id: int | None
    version: int | None
    currency: str
    issued_on: date
    due_on: date
    lines: tuple[RatedLine, ...]
    net_minor: int
    tax_minor: int
    total_minor: int
    taxes: tuple[tuple[str, int], ...]
    taken: tuple[Taken, ...]
    buyer: PartyFacts
    has_method: bool
    advance: Advance | None
    credit_minor: int = 0
    proforma_id: int | None = None
    corrects_id: int | None = None
    notes: tuple[str, ...] = ()
    tax_inclusive: bool = False
    collect_on: date | None = None
    draft: str = ""
    shares: tuple[Share, ...] = ()
    hold: str = ""
    used: tuple[CouponUsed, ...] = ()
    usage: tuple[UsageTaken, ...] = ()
    charges: tuple[int, ...] = ()

    def subscriptions(self) -> tuple[int, ...]:
        if not self.shares:
            return () if self.subscription_id is None else (self.subscription_id,)
        return tuple(share.subscription_id for share in self.shares if share.subscription_id is not None)

    def apart(self) -> "Sequence[Rated]":
        """The same document as seen by each of its subscriptions."""
        if not self.shares:
            return (self,)
        return [
            self._replace(subscription_id=one.subscription_id, version=one.version, advance=one.advance, shares=())
            for one in self.shares
            if one.subscription_id is not None
        ]

    @property
    def owed_minor(self) -> int:
        return self.total_minor - self.credit_minor


class Failure(NamedTuple):
    """A subscription that could not be billed, and why; `plugin` names the one that is to blame, if any."""

    subscription_id: int
    plugin: str
    error: str


def visitor(country: str, *, region: str = "", company: str = "", vat_id: str = "", zone: str = "UTC") -> Buyer:
    """Somebody who has no account yet, by what a cart knows; a customer's is read from the database."""
    return Buyer(0, PartyFacts("", company, "", "{}", country, region, vat_id), "unchecked", "", "{}", zone)
