"""A reseller ends a subscriber's subscription at once; unused credits go back where its rights say so."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._holds import return_unused
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditHold
from billhead.models.subscriptions import Service, Subscription

__all__ = ["UserTerminated", "preview_terminate_user", "terminate_user"]


@dataclass(frozen=True, slots=True)
class UserTerminated:
    """`returned_minor` credits, in hundredths, went back. What is still held goes back when the line is proven gone."""

    subscription_id: int
    returned_minor: int


def preview_terminate_user(tx: Tx, subscription_id: int) -> UserTerminated:
    """What `terminate_user` would do, without doing it."""
    subscription = _payable(tx, subscription_id)
    (reseller,) = lock_resellers(tx, subscription.payer_reseller_id or 0)
    if not (tx.ctx.scope.everything or reseller.rights.get("terminate")):
        raise NotAllowed(f"{reseller.name} may not terminate: it can let the subscription run out")
    unused = _unused(tx, subscription) if reseller.rights.get("refund_unused") else []
    return UserTerminated(subscription_id, sum(part.minor for _, part in unused))


@verb("resellers.terminate_user")
def terminate_user(tx: Tx, subscription_id: int) -> UserTerminated:
    """Needs the right `terminate`. With the right `refund_unused`, each term gives back credits × unused days ÷ days,
    rounded down; a day that has begun is used, and trials give nothing back.

    Raises NotFound, NotAllowed or Conflict (it has ended already, or is not paid with credits).
    """
    planned = preview_terminate_user(tx, subscription_id)
    subscription = _payable(tx, subscription_id)
    unused = _unused(tx, subscription) if planned.returned_minor else []
    cancel(tx, subscription_id, "immediate")
    for held, part in unused:
        return_unused(tx, held, part)
    return planned


def _payable(tx: Tx, subscription_id: int) -> Subscription:
    subscription = visible_subscription(tx, subscription_id)
    if subscription.settlement != "credits":
        raise Conflict("this subscription is paid by invoice, not with a reseller's credits", hint="cancel it instead")
    if tx.ctx.scope.customer_id is not None:
        raise NotAllowed("your reseller looks after this subscription: ask there")
    return subscription


def _unused(tx: Tx, subscription: Subscription) -> list[tuple[CreditHold, Money]]:
    tomorrow = clock.today_in(subscription.zone) + timedelta(days=1)
    captured = tx.session.scalars(
        select(CreditHold)
        .join(Service, Service.id == CreditHold.service_id)
        .where(Service.subscription_id == subscription.id, CreditHold.state == "captured")
        .order_by(CreditHold.id)
    )
    unused = []
    for held in captured:
        start, end = (date.fromisoformat(held.details[name]) for name in ("start", "end"))
        days = (end - max(start, tomorrow)).days
        minor = held.amount_minor * days // (end - start).days if days > 0 else 0
        if minor and held.details["kind"] != "trial":
            unused.append((held, Money(minor, CREDITS)))
    return unused
