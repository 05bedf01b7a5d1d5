"""What the customer's pages show, read in a few queries and narrowed to one customer."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from billhead.actions.provisioning.label_of import label_of
from billhead.actions.provisioning.show_access import show_access
from billhead.actions.resellers._kept import kept_by_credits
from billhead.actions.resellers._renewing_alone import renews_alone, runs_on
from billhead.actions.subscriptions._by_hand import renewed_by_hand
from billhead.domain.document import Kind, ProformaState
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.payment import RefundState
from billhead.domain.service import Label
from billhead.models.catalogue import Plan
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.moves import PanelMoveLine
from billhead.models.payments import Payment, Refund
from billhead.models.people import Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.sellers import Seller
from billhead.models.shops import Shop
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Access
from billhead.web.own_words import said_plan

__all__ = [
    "Claim",
    "Keeper",
    "Line",
    "Overview",
    "access_of",
    "claims",
    "keeper_of",
    "open_documents",
    "own_document",
    "own_subscription",
    "overviews",
]

log = logging.getLogger("billhead.web")
_DONE = ("canceled",)


@dataclass(frozen=True, slots=True)
class Line:
    """One service with its derived word; `access` only where it was asked for and can be used."""

    service: Service
    label: Label
    access: Access | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A refund that waits for the customer to say where it goes: on the page at `url`, which is theirs alone."""

    amount_minor: int
    currency: str
    url: str


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whose credits pay for a subscription: as its customers know it, how it wants to be reached, and whether it
    renews by itself."""

    name: str
    contact: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """A subscription with its plan as it is said here, its lines, the document that waits to be paid, if there is one,
    and the reseller whose credits pay for it, if no invoice does."""

    subscription: Subscription
    plan: Plan
    lines: Sequence[Line]
    unpaid: Document | None
    keeper: Keeper | None = None

    @property
    def renewable(self) -> bool:
        """May it be renewed before its offer comes? Once that is there, it is paid."""
        return self.unpaid is None and self.subscription.service_ends_on is None and renewed_by_hand(self.subscription)


def _is_payable() -> ColumnElement[bool]:
    offered = (Document.kind == Kind.PROFORMA) & (Document.state == ProformaState.OPEN)
    return (Document.owed() | offered) & (Document.total_minor > Document.settled_minor)


def _is_their_place() -> ColumnElement[bool]:
    """Of a line that was moved, or nearly was, only the place that is watched is shown."""
    line = PanelMoveLine
    old = (line.service_id == Service.id) & line.state.in_(("moved", "returning", "left"))
    new = (line.new_service_id == Service.id) & line.state.in_(("placing", "kept", "back"))
    return ~exists().where(old) & ~exists().where(new)


def open_documents(session: Session, customer_id: int) -> list[Document]:
    """What can be paid now, the oldest first."""
    query = select(Document).where(Document.customer_id == customer_id, _is_payable()).order_by(Document.id).limit(50)
    return list(session.scalars(query))


def claims(session: Session, customer_id: int, document: Document | None = None) -> list[Claim]:
    """The customer's refunds that they can claim now: all, or those of what has paid one document, or of its credit."""
    query = (
        select(Refund, Payment.currency)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Payment.customer_id == customer_id,
            Refund.state == RefundState.PROCESSING.value,
            Refund.claim_url != "",
        )
    )
    if document is not None:
        paid = select(Allocation.payment_id).where(Allocation.document_id == document.id)
        query = query.where(Payment.id.in_(paid) | (Refund.credit_note_id == document.id))
    rows = session.execute(query.order_by(Refund.id).limit(50))
    return [Claim(refund.amount_minor, currency, refund.claim_url) for refund, currency in rows]


def overviews(session: Session, customer_id: int, *, only: int | None = None) -> list[Overview]:
    """The customer's subscriptions, the newest first; ended ones come last."""
    query = select(Subscription, Plan).join(Plan, Plan.id == Subscription.plan_id)
    query = query.where(Subscription.customer_id == customer_id)
    if only is not None:
        query = query.where(Subscription.id == only)
    rows = session.execute(query.order_by(Subscription.state.in_(_DONE), Subscription.id.desc()).limit(100)).all()
    ids = [subscription.id for subscription, _ in rows]
    lines: dict[int, list[Line]] = {}
    theirs = select(Service).where(Service.subscription_id.in_(ids), _is_their_place())
    for service in session.scalars(theirs.order_by(Service.id)):
        lines.setdefault(service.subscription_id, []).append(Line(service, label_of(service)))
    payable = (
        select(DocumentLine.subscription_id, Document)
        .join(Document, Document.id == DocumentLine.document_id)
        .where(DocumentLine.subscription_id.in_(ids), Document.customer_id == customer_id, _is_payable())
    )
    unpaid: dict[int | None, Document] = dict(session.execute(payable.order_by(Document.id.desc())).all())
    keepers = _keepers(session, [one.id for one, _ in rows if one.settlement == "credits"])
    return [
        Overview(one, said_plan(plan), lines.get(one.id, []), unpaid.get(one.id), keepers.get(one.id))
        for one, plan in rows
    ]


def _keepers(session: Session, ids: Sequence[int]) -> dict[int, Keeper]:
    """By subscription; one with a shop is known by its name."""
    if not ids:
        return {}
    rows = session.execute(
        select(
            Subscription.id,
            func.coalesce(Seller.name, Reseller.name),
            Reseller.contact,
            and_(CreditRenewal.subscription_id.is_not(None), runs_on()),
        )
        .join(Reseller, Reseller.id == Subscription.payer_reseller_id)
        .outerjoin(Shop, Shop.reseller_id == Reseller.id)
        .outerjoin(Seller, Seller.id == Shop.seller_id)
        .outerjoin(CreditRenewal, renews_alone())
        .where(Subscription.id.in_(ids))
    )
    return {key: Keeper(name, contact, bool(alone)) for key, name, contact, alone in rows}


def keeper_of(session: Session, customer_id: int) -> Keeper | None:
    """Who keeps all that this customer has; None for whoever buys from the operator, or from a shop."""
    kept = kept_by_credits(session, customer_id)
    return _keepers(session, [kept]).get(kept) if kept is not None else None


def own_subscription(session: Session, customer_id: int, subscription_id: int) -> Overview:
    """One subscription; NotFound also when it is somebody else's."""
    found = overviews(session, customer_id, only=subscription_id)
    if not found:
        raise NotFound("subscription", subscription_id)
    return found[0]


def access_of(session: Session, lines: Sequence[Line]) -> list[Line]:
    """The lines with what is needed to watch, where they are on a panel. A module that fails leaves its line bare."""
    return [
        Line(line.service, line.label, _access(session, line.service))
        if line.service.observed_at is not None and line.service.lifecycle == "wanted"
        else line
        for line in lines
    ]


def _access(session: Session, service: Service) -> Access | None:
    try:
        return show_access(session, service)
    except BillheadError as error:
        log.warning("no access details for service %s: %s", service.id, error)
        return None


def own_document(session: Session, customer_id: int, document_id: int) -> Document:
    """One document; NotFound also when it is somebody else's."""
    document = session.get(Document, document_id)
    if document is None or document.customer_id != customer_id or document.state == "draft":
        raise NotFound("document", document_id)
    return document
