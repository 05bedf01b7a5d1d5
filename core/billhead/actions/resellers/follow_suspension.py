"""One batch of a subtree's lines: stopped where somebody above is suspended with its lines, else running again."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.resellers._tree import STOPPED, subtree
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions._stopping import start_again, stop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import RUNNING, STANDING, State, SuspendedBy
from billhead.models.people import Reseller, ResellerClosure
from billhead.models.subscriptions import Subscription

__all__ = ["SuspensionFollowed", "follow_suspension"]

_BATCH = 100


@dataclass(frozen=True, slots=True)
class SuspensionFollowed:
    """`last_id`: go on after this subscription; None: all were looked at."""

    reseller_id: int
    changed: int
    last_id: int | None


@verb("resellers.follow_suspension", permission="resellers.write")
def follow_suspension(tx: Tx, reseller_id: int, after: int = 0) -> SuspensionFollowed:
    """What stands when it is asked counts, so it may run again, and after a change of mind."""
    ids = tx.session.scalars(
        select(Subscription.id)
        .where(
            Subscription.payer_reseller_id.in_(subtree(reseller_id)),
            Subscription.settlement == "credits",
            Subscription.state.in_([state.value for state in STANDING]),
            Subscription.id > after,
        )
        .order_by(Subscription.id)
        .limit(_BATCH)
    ).all()
    stopped = _stopped_payers(tx, reseller_id)
    changed = sum(_follow(tx, subscription_id, stopped) for subscription_id in ids)
    return SuspensionFollowed(reseller_id, changed, ids[-1] if len(ids) == _BATCH else None)


def _stopped_payers(tx: Tx, reseller_id: int) -> set[int]:
    """Who of the subtree is stopped, by itself or by somebody above it."""
    return set(
        tx.session.scalars(
            select(ResellerClosure.descendant_id)
            .join(Reseller, Reseller.id == ResellerClosure.ancestor_id)
            .where(
                ResellerClosure.descendant_id.in_(subtree(reseller_id)),
                Reseller.suspended,
                Reseller.suspended_lines == STOPPED,
            )
        )
    )


def _follow(tx: Tx, subscription_id: int, stopped: set[int]) -> bool:
    subscription = visible_subscription(tx, subscription_id)
    state, payer = State(subscription.state), subscription.payer_reseller_id
    if payer in stopped and state in RUNNING:
        stop(tx, subscription, SuspendedBy.PAYER)
        return True
    if payer not in stopped and state is State.SUSPENDED and subscription.suspended_for == SuspendedBy.PAYER:
        start_again(tx, subscription)
        return True
    return False
