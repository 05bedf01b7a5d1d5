"""What credits pay changes the parts of a subscription: as they become, and as they are put back if it fails.

A change that a panel has done moves what was left of earlier purchases along (`carry`), so that each credit is the
price of one stretch of time only. One that can't be done leaves everything as it was (`undo`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select

from billhead.actions.resellers._coming_back import give_back
from billhead.actions.resellers._uses import note_use
from billhead.actions.resellers._wallet import Taken, share_of, without
from billhead.actions.subscriptions._sale import Sold
from billhead.db import Tx
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditHold
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["carry", "put_parts", "running_parts", "stored", "taken_by", "undo_parts"]


def running_parts(tx: Tx, subscription: Subscription, today: date) -> list[SubscriptionComponent]:
    part = SubscriptionComponent
    return list(
        tx.session.scalars(
            select(part)
            .where(part.subscription_id == subscription.id, part.starts_on <= today)
            .where(or_(part.ends_on.is_(None), part.ends_on > today))
            .order_by(part.id)
        )
    )


def put_parts(tx: Tx, subscription: Subscription, parts: Sequence[Sold], term: str, on: date) -> dict[str, Any]:
    """The subscription has these parts from that day on, and no others; returns what undoes it."""
    before: dict[str, Any] = {"plan_id": subscription.plan_id, "term": subscription.term, "ended": [], "added": []}
    part = SubscriptionComponent
    runs_then = or_(part.ends_on.is_(None), and_(part.ends_on > on, part.ends_on > part.starts_on))
    mine = select(part).where(part.subscription_id == subscription.id, runs_then).order_by(part.id)
    for old in tx.session.scalars(mine).all():
        before["ended"].append([old.id, old.ends_on and old.ends_on.isoformat()])
        old.ends_on = max(on, old.starts_on)  # one of a later term, renewed ahead, never begins
    for number, sold in enumerate(parts):
        kind = "connection" if sold.plan.kind == "connection" else "addon" if number else "plan"
        row = SubscriptionComponent(
            subscription_id=subscription.id,
            plan_id=sold.plan.id,
            price_id=sold.price.id,
            kind=kind,
            quantity=sold.quantity,
            starts_on=on,
        )
        tx.session.add(row)
        tx.session.flush()
        before["added"].append(row.id)
    subscription.plan_id, subscription.term = parts[0].plan.id, term
    return before


def undo_parts(tx: Tx, held: CreditHold, subscription: Subscription) -> None:
    """What stood before it."""
    before = held.details["parts"]
    subscription.plan_id, subscription.term = before["plan_id"], before["term"]
    for key in before["added"]:
        row = tx.session.get_one(SubscriptionComponent, key)
        row.ends_on = row.starts_on
    for key, ends_on in before["ended"]:
        tx.session.get_one(SubscriptionComponent, key).ends_on = ends_on and date.fromisoformat(ends_on)


def carry(tx: Tx, held: CreditHold, subscription: Subscription, payers: Mapping[int, Reseller]) -> None:
    """The change is done: what was left of earlier purchases pays for it, and what it did not need comes back.

    `payers` are `lock_payers`'.
    """
    back, shares = int(held.details["back_minor"]), list[Taken]()
    for key, minor in held.details["carried"]:
        old = tx.session.get_one(CreditHold, key, with_for_update=True)
        part = share_of(taken_by(old), Money(minor, CREDITS))
        old.details = {**old.details, "carried_minor": minor, "taken": stored(without(taken_by(old), part))}
        note_use(tx, old, "carried", part, back=True)
        shares += part
    if shares:
        note_use(tx, held, "carried", shares)
    if back:
        returned = share_of(shares, Money(back, CREDITS))
        give_back(tx, payers, held, subscription, returned, f"credits_changed:{held.id}")
        shares = without(shares, returned)
    held.details = {**held.details, "taken": stored([*taken_by(held), *shares])}


def taken_by(held: CreditHold) -> list[Taken]:
    return [Taken(**part) for part in held.details.get("taken", ())]


def stored(taken: Iterable[Taken]) -> list[dict[str, Any]]:
    return [asdict(part) for part in taken]
