"""Passes: so many films within a time. Each film that is had by one takes a use of it, and gives it back if need be."""

from sqlalchemy import Select, select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.entitlement import State
from billhead.models.catalogue import Plan
from billhead.models.entitlements import Entitlement

__all__ = ["is_had_by_pass", "return_use", "take_use", "usable_passes"]


def is_had_by_pass(plan: Plan) -> bool:
    """A film for some hours; neither an event nor a pass."""
    return plan.kind == "rental" and not plan.details.get("uses")


def usable_passes(subscription_id: int) -> Select[Entitlement]:
    """Those that have a use left now, first the one that ends first."""
    now, one = clock.business_now(), Entitlement
    return (
        select(one)
        .where(one.subscription_id == subscription_id, one.state == State.ACTIVE.value)
        .where(one.uses_left > 0, one.valid_from <= now, one.valid_until > now)
        .order_by(one.valid_until, one.id)
    )


def take_use(tx: Tx, subscription_id: int) -> Entitlement | None:
    """The pass that pays, with one use less; None where none has anything left. Two at once wait for each other."""
    found = tx.session.scalar(usable_passes(subscription_id).limit(1).with_for_update())
    if found is not None and found.uses_left:
        found.uses_left -= 1
        _follow(tx, found)
    return found


def return_use(tx: Tx, pass_id: int) -> None:
    found = tx.session.get_one(Entitlement, pass_id, with_for_update=True, populate_existing=True)
    if found.uses_left is not None:
        found.uses_left += 1
        _follow(tx, found)


def _follow(tx: Tx, one: Entitlement) -> None:
    """Its own bouquets, where it brings some, go with its last use."""
    tx.session.flush()
    enqueue(tx, "entitlements.follow", {"entitlement_id": one.id}, key=f"window:{one.id}:left:{one.uses_left}")
