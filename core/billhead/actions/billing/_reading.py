"""Reading what is due: the columns, and all that rating needs about them, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, not_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._coupons import read_redeemed
from billhead.actions.billing._free_days import not_charged, read_free_days
from billhead.actions.billing._rated import Buyer, Charge, Chunk, DueItem, Part, PartyFacts
from billhead.actions.billing._waiting import read_charges
from billhead.actions.documents._subscriptions import open_offers
from billhead.actions.fraud._case import held_by_review
from billhead.actions.usage._metering import read_usage
from billhead.bulk import among
from billhead.domain.credit import Lot, LotKind
from billhead.domain.document import ProformaState
from billhead.domain.money import Money
from billhead.domain.periods import local_date
from billhead.domain.subscription import RUNNING
from billhead.models.credits import CustomerCredit
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = [
    "ITEM",
    "AsOf",
    "DueScope",
    "chunk_of",
    "in_company",
    "is_due",
    "read_again",
    "read_buyers",
    "read_chargeable",
    "read_lots",
    "read_parts",
    "shared_credit",
]


ITEM = (
    Subscription.id,
    Subscription.seller_id,
    Subscription.customer_id,
    Subscription.plan_id,
    Subscription.collection,
    Subscription.timing,
    Subscription.currency,
    Subscription.state,
    Subscription.phase,
    Subscription.term,
    Subscription.anchor,
    Subscription.started_on,
    Subscription.phase_ends_on,
    Subscription.billed_through,
    Subscription.paid_through,
    Subscription.billing_ends_on,
    Subscription.ended_at,
    Subscription.version,
    Subscription.zone,
    Subscription.next_bill_on,
)
_KINDS = {kind.value: kind for kind in LotKind}
_BUYER = (
    Customer.id,
    Customer.name,
    Customer.company,
    Customer.email,
    cast(Customer.address, Text),
    Customer.country,
    Customer.region,
    Customer.vat_id,
    Customer.language,
    cast(Customer.invoicing, Text),
    Customer.vat_id_state,
    Customer.tax_exempt_reason,
    cast(Customer.location_evidence, Text),
    Customer.zone,
    Customer.consolidate,
    Customer.tax_exempt_certificate,
    Customer.tax_exempt_until,
    Customer.billing_day,
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """Up to when is billed: an instant, with each customer's own date at it, or a date that counts for all."""

    at: date | datetime

    def local(self, zone: str) -> date:
        return local_date(self.at, zone) if isinstance(self.at, datetime) else self.at

    @property
    def day(self) -> date:
        return self.at.astimezone(UTC).date() if isinstance(self.at, datetime) else self.at

    @property
    def latest(self) -> date:
        """The latest date that any customer can have then."""
        return (self.at.astimezone(UTC) + clock.WIDEST_OFFSET).date() if isinstance(self.at, datetime) else self.at


@dataclass(frozen=True, slots=True)
class DueScope:
    """Which part of all that is due: one seller's, some subscriptions, or (part, of) of the customers.

    By customers, so that several processes can share a run and yet write one document for who wants one.
    """

    seller_id: int | None = None
    partition: tuple[int, int] = (0, 1)
    only: tuple[int, ...] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        part, of = self.partition
        found: list[ColumnElement[bool]] = []
        if self.seller_id is not None:
            found.append(Subscription.seller_id == self.seller_id)
        if of > 1:
            found.append(Subscription.customer_id % of == part)
        if self.only is not None:
            found.append(Subscription.id.in_(self.only))
        return found


def read_again(session: Session, catalogue: Catalogue, as_of: AsOf, ids: Collection[int]) -> Chunk:
    """Those of the subscriptions that are still due, as they are now."""
    rows = session.connection().execute(select(*ITEM).where(*is_due(as_of), among(Subscription.id, ids, session))).all()
    return chunk_of(session, catalogue, as_of, rows)


def is_due(as_of: AsOf) -> tuple[ColumnElement[bool], ...]:
    return (
        Subscription.next_bill_on <= as_of.latest,
        Subscription.settlement == "invoice",
        Subscription.state.in_([state.value for state in RUNNING]),
        not_(held_by_review()),
    )


def chunk_of(
    session: Session, catalogue: Catalogue, as_of: AsOf, rows: Sequence[Any], *, arrears: bool = False
) -> Chunk:
    """The last column of a row is the day on which it is due. `arrears`: only its usage is."""
    today = {zone: as_of.local(zone) for zone in {row.zone for row in rows}}
    due = [(row[:-1], today[row.zone]) for row in rows if row[-1] <= today[row.zone]]
    parts = read_parts(session, [item[0] for item, _ in due])
    redeemed = read_redeemed(session, catalogue.coupons, [item[0] for item, _ in due], as_of.day)
    items = [
        DueItem._make((*item, target, tuple(parts[item[0]]), redeemed.get(item[0], ()) if redeemed else (), ()))
        for item, target in due
    ]
    if afterwards := {item.subscription_id for item in items if item.timing == "arrears"}:
        free = read_free_days(session, afterwards)
        items = [item._replace(free=not_charged(free.get(item.subscription_id, ()))) for item in items]
    customers = {item.customer_id for item in items}
    charges = read_charges(session, [item.subscription_id for item in items]) if catalogue.charges_wait(session) else {}
    sold: list[Part | Charge] = [part for found in parts.values() for part in found]
    sold += [charge for found in charges.values() for charge in found]
    catalogue.need(
        session,
        sellers={item.seller_id for item in items},
        plans={one.plan_id for one in sold} | {item.plan_id for item in items},
        prices={one.price_id for one in sold},
    )
    return Chunk(
        items,
        read_buyers(session, customers),
        read_lots(session, customers),
        read_chargeable(session, customers),
        frozenset() if arrears else _offered(session, _renewed_by_offer(items, catalogue)),
        usage=read_usage(session, catalogue, items, arrears=arrears) if catalogue.metered else {},
        charges=charges,
        arrears=arrears,
    )


def in_company(
    session: Session, catalogue: Catalogue, as_of: AsOf, scope: DueScope, chunk: Chunk, after: tuple[date, int] | None
) -> Chunk:
    """The chunk with all that is due of those of its customers who want one document for it, wherever the order of due
    dates has put that. Who came up in an earlier chunk was done there, and is left out."""
    wanting = [customer for customer, buyer in chunk.buyers.items() if buyer.consolidate]
    if not wanting:
        return chunk
    query = select(*ITEM).where(*is_due(as_of), *scope.conditions(), among(Subscription.customer_id, wanting, session))
    rows = session.connection().execute(query.order_by(Subscription.next_bill_on, Subscription.id)).all()
    first: dict[int, tuple[date, int]] = {}
    for row in rows:
        if row.next_bill_on <= as_of.local(row.zone):
            first.setdefault(row.customer_id, (row.next_bill_on, row.id))
    now = {customer for customer, key in first.items() if after is None or key > after}
    here = {item.subscription_id for item in chunk.items}
    added = chunk_of(session, catalogue, as_of, [row for row in rows if row.customer_id in now and row.id not in here])
    mine = [item for item in chunk.items if item.customer_id in now or item.customer_id not in first]
    return chunk._replace(
        items=[*mine, *added.items],
        offered=chunk.offered | added.offered,
        usage={**chunk.usage, **added.usage},
        charges={**chunk.charges, **added.charges},
    )


def read_parts(session: Session, ids: Collection[int]) -> defaultdict[int, list[Part]]:
    component = SubscriptionComponent
    query = select(
        component.subscription_id,
        component.id,
        component.plan_id,
        component.price_id,
        component.quantity,
        component.starts_on,
        component.ends_on,
        component.kind,
    ).where(among(component.subscription_id, ids, session))
    parts: defaultdict[int, list[Part]] = defaultdict(list)
    for row in session.connection().execute(query.order_by(component.subscription_id, component.id)).all():
        parts[row[0]].append(Part._make(row[1:]))
    return parts


def read_buyers(session: Session, ids: Collection[int]) -> dict[int, Buyer]:
    query = select(*_BUYER).where(among(Customer.id, ids, session))
    return {
        row[0]: Buyer._make((row[0], PartyFacts._make(row[1:10]), *row[10:]))  # the columns stand in that order above
        for row in session.connection().execute(query).all()
    }


def read_lots(session: Session, customers: Collection[int]) -> dict[int, list[Lot]]:
    """Open credit by customer, in no order: `domain.credit.consume` knows which goes first."""
    credit = CustomerCredit
    query = select(
        credit.customer_id,
        credit.id,
        credit.kind,
        credit.remaining_minor,
        credit.currency,
        credit.created_at,
        credit.expires_on,
    ).where(among(credit.customer_id, customers, session), credit.remaining_minor > 0)
    lots: defaultdict[int, list[Lot]] = defaultdict(list)
    for customer_id, lot_id, kind, minor, currency, granted, expires_on in session.connection().execute(query).all():
        lot = Lot(lot_id, _KINDS[kind], Money(minor, currency), granted.date(), expires_on)
        lots[customer_id].append(lot)
    return lots


def read_chargeable(session: Session, customers: Collection[int]) -> frozenset[int]:
    method = PaymentMethod
    query = select(method.customer_id).where(among(method.customer_id, customers, session), method.usable)
    return frozenset(session.scalars(query))


def _renewed_by_offer(items: Sequence[DueItem], catalogue: Catalogue) -> list[int]:
    return [one.subscription_id for one in items if catalogue.sellers[one.seller_id].offers(one.collection, one.timing)]


def _offered(session: Session, subscriptions: Collection[int]) -> frozenset[int]:
    if not subscriptions:
        return frozenset()
    return frozenset(open_offers(session, subscriptions, ProformaState.OPEN.value))


def shared_credit(session: Session, chunk: Chunk, as_of: AsOf) -> set[int]:
    """The customers of the chunk with credit for which more than one subscription is due: a dry run must remember."""
    customers = [customer for customer, lots in chunk.lots.items() if lots]
    if not customers:
        return set()
    query = select(Subscription.customer_id).where(*is_due(as_of), among(Subscription.customer_id, customers, session))
    counted = query.group_by(Subscription.customer_id).having(func.count() > 1)
    return set(session.scalars(counted))
