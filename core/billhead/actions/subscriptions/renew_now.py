"""Renew before the offer comes: the proforma that the billing run would write later, at once."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.billing._offered_anew import offer_anew
from billhead.actions.documents._changeable import is_being_paid, is_change, lines_of
from billhead.actions.documents._subscriptions import about, open_offers
from billhead.actions.documents._withdrawing import withdraw
from billhead.actions.fraud._case import held_by_review
from billhead.actions.subscriptions._by_hand import renewed_by_hand
from billhead.actions.subscriptions._offers import subscription_to_end
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.subscription import State
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

__all__ = ["Renewal", "renew_now"]


@dataclass(frozen=True, slots=True)
class Renewal:
    """`document_id`: the proforma to pay. `offered`: it stood open already."""

    subscription_id: int
    document_id: int
    offered: bool


@verb("subscriptions.renew_now")
def renew_now(tx: Tx, subscription_id: int) -> Renewal:
    """Offer the next term of what is renewed by hand; it goes on from its end, or as its plan says, once that is paid.

    There is one offer at a time: where one is open already, that is it, and one that has expired is withdrawn. Raises
    NotFound, NotAllowed, or Conflict with the reason why nothing can be renewed now.
    """
    if tx.ctx.scope.everything and not tx.ctx.may("subscriptions.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not renew subscriptions: it needs subscriptions.write")
    subscription = subscription_to_end(tx, subscription_id)
    _refuse(tx, subscription)
    waits = open_offers(tx.session, [subscription_id], ProformaState.OPEN.value).get(subscription_id)
    if waits is not None:
        if not _renews(tx, waits, subscription_id):
            raise Conflict("something else of this subscription waits to be paid", hint="pay that first")
        return Renewal(subscription_id, waits, offered=True)
    billed, paid = subscription.billed_through, subscription.paid_through
    if billed is not None and paid is not None and billed > paid:
        raise Conflict("an invoice of this subscription waits to be paid", hint="pay that first")
    _withdraw_expired(tx, subscription_id)
    document_id = offer_anew(tx, subscription)
    if tx.session.get_one(Document, document_id).kind != Kind.PROFORMA:
        raise Conflict("it costs nothing, and goes on by itself")
    return Renewal(subscription_id, document_id, offered=False)


def _refuse(tx: Tx, subscription: Subscription) -> None:
    if subscription.settlement != "invoice":
        raise Conflict("it is paid by credits of a reseller", hint="ask them to renew it")
    if subscription.state == State.SUSPENDED and subscription.suspended_for == "customer":
        raise Conflict("this subscription is on hold", hint="end the hold first")
    if subscription.state in (State.PENDING, State.SUSPENDED, State.CANCELED):
        raise Conflict(f"this subscription is {subscription.state}: it can't be renewed now")
    if not renewed_by_hand(subscription):
        raise Conflict("this subscription is billed by itself: there is nothing to renew by hand")
    ends_on, paid = subscription.billing_ends_on, subscription.paid_through
    if ends_on is not None and paid is not None and ends_on <= paid:
        raise Conflict(f"this subscription ends on {ends_on}", hint="take its end back first, or order it anew")
    checked = select(Subscription.id).where(Subscription.id == subscription.id, held_by_review())
    if tx.session.scalar(checked) is not None:
        raise Conflict("its order is being checked")


def _renews(tx: Tx, document_id: int, subscription_id: int) -> bool:
    """Is it an offer of the next term, and not of a change, or of a film?"""
    kinds = {line.kind for line in lines_of(tx, document_id) if line.subscription_id == subscription_id}
    return "recurring" in kinds and not is_change(tx, document_id)


def _withdraw_expired(tx: Tx, subscription_id: int) -> None:
    """Money that comes late for an expired offer would renew it as well: never can both be paid."""
    expired = select(Document).where(
        about(subscription_id), Document.kind == Kind.PROFORMA.value, Document.state == ProformaState.EXPIRED.value
    )
    for old in tx.session.scalars(expired.order_by(Document.id)).all():
        if not _renews(tx, old.id, subscription_id):
            continue
        if is_being_paid(tx, old.id):
            raise Conflict(
                "a payment of this document is on its way", code="payment_undecided", hint="wait until it is decided"
            )
        withdraw(tx, old, subscription_id)
