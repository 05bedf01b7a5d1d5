"""Renew many subscribers at once: one decision on record, done one by one by a job, with a result for each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._tree import is_within, lock_resellers, subtree
from billhead.actions.resellers._wallet import balance
from billhead.actions.resellers.renew_user import preview_renew_user
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, InvalidInput, NotFound
from billhead.models.people import Reseller
from billhead.models.resellers import BulkRenewal, BulkRenewalItem
from billhead.models.subscriptions import Subscription

__all__ = ["ManyPreview", "ManyToRenew", "PayerPreview", "preview_renew_many", "renew_many"]

MOST = 500


@dataclass(frozen=True, slots=True)
class PayerPreview:
    """`left_minor`: what it has to spend afterwards, its credit line too, in hundredths; below zero there is not enough
    for all of them."""

    reseller_id: int
    name: str
    renewable: int
    credits_minor: int
    left_minor: int


@dataclass(frozen=True, slots=True)
class ManyPreview:
    """Each is renewed with the credits of its own payer. `refused`: (subscription, why) of those that can't be."""

    payers: tuple[PayerPreview, ...]
    refused: tuple[tuple[int, str], ...]

    @property
    def renewable(self) -> int:
        return sum(payer.renewable for payer in self.payers)

    @property
    def credits_minor(self) -> int:
        return sum(payer.credits_minor for payer in self.payers)


@dataclass(frozen=True, slots=True)
class ManyToRenew:
    bulk_id: int
    total: int


def preview_renew_many(tx: Tx, reseller_id: int, subscriptions: Sequence[int]) -> ManyPreview:
    """What it would cost, and which can't be renewed. Raises NotFound and NotAllowed for the reseller alone."""
    scope = tx.ctx.scope
    if not (scope.everything or is_within(tx.session, reseller_id, scope.reseller_id)):
        raise NotFound("reseller", reseller_id)
    ids = _checked(tx, reseller_id, subscriptions)
    # subscriptions before resellers, each by rising id, as whoever captures a purchase locks them
    of_ids = select(Subscription.id, Subscription.payer_reseller_id).where(Subscription.id.in_(ids))
    payer_of = dict(tx.session.execute(of_ids.order_by(Subscription.id).with_for_update()).all())
    paying = {one for one in payer_of.values() if one is not None}
    payers = lock_resellers(tx, reseller_id, *sorted(paying - {reseller_id}))
    costs, refused = defaultdict[int | None, list[int]](list), list[tuple[int, str]]()
    for key in ids:
        try:
            costs[payer_of[key]].append(preview_renew_user(tx, key).credits_minor)
        except BillheadError as error:
            refused.append((key, error.message))
    return ManyPreview(tuple(_payer(tx, one, costs[one.id]) for one in payers if one.id in paying), tuple(refused))


def _payer(tx: Tx, reseller: Reseller, costs: list[int]) -> PayerPreview:
    room = balance(tx, reseller).minor + reseller.credit_line_minor
    return PayerPreview(reseller.id, reseller.name, len(costs), sum(costs), room - sum(costs))


@verb("resellers.renew_many")
def renew_many(tx: Tx, reseller_id: int, subscriptions: Sequence[int]) -> ManyToRenew:
    """Each is renewed as `renew_user` does it, in the name of who asks now; one that is refused costs none of the
    others. Raises NotFound (also for a subscription of somebody else's), NotAllowed or InvalidInput."""
    lock_resellers(tx, reseller_id)
    ids = _checked(tx, reseller_id, subscriptions)
    bulk = BulkRenewal(
        reseller_id=reseller_id,
        actor=tx.ctx.actor,
        role=tx.ctx.role.value,
        scope_reseller_id=tx.ctx.scope.reseller_id,
        total=len(ids),
        created_at=clock.now(),
    )
    tx.session.add(bulk)
    tx.session.flush()
    tx.session.add_all([BulkRenewalItem(bulk_id=bulk.id, subscription_id=key) for key in ids])
    enqueue(tx, "resellers.renew_many", {"bulk_id": bulk.id}, key=f"renew_many:{bulk.id}")
    return ManyToRenew(bulk.id, len(ids))


def _checked(tx: Tx, reseller_id: int, subscriptions: Sequence[int]) -> list[int]:
    ids = sorted(set(subscriptions))
    if not 1 <= len(ids) <= MOST:
        raise InvalidInput("subscriptions", f"choose from 1 to {MOST}")
    seen = set(
        tx.session.scalars(
            select(Subscription.id).where(
                Subscription.id.in_(ids), Subscription.payer_reseller_id.in_(subtree(reseller_id))
            )
        )
    )
    for key in ids:
        if key not in seen:
            raise NotFound("subscription", key)
    return ids
