"""Renew, disable, enable or end many users: one decision on record, done one by one by a job, with results."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, or_, select

from billhead import clock
from billhead.actions.resellers._many_kinds import kind_of
from billhead.actions.resellers._tree import is_within, lock_resellers, lock_rows, subtree
from billhead.actions.resellers._users import payers_of
from billhead.actions.resellers._wallet import balance
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, InvalidInput, NotFound
from billhead.models.people import Customer
from billhead.models.resellers import UserBulk, UserBulkItem
from billhead.models.subscriptions import Subscription

__all__ = ["ManyAsked", "ManyPreview", "PayerPreview", "do_many", "preview_do_many"]

MOST = 500


@dataclass(frozen=True, slots=True)
class PayerPreview:
    """`count` are done; `credits_minor`: what that takes of this payer, or what comes back for its users, perhaps to
    who had paid before; `left_minor`: what it has to spend afterwards, its credit line too. `short`: for how many more
    there are too few credits."""

    reseller_id: int
    name: str
    count: int
    credits_minor: int
    left_minor: int
    short: int = 0


@dataclass(frozen=True, slots=True)
class ManyPreview:
    """`done`: subscriptions to which it will be done; `short`: those that the credits do not reach for; `refused`:
    (subscription, why) of those to whom it can't be done. Each in the order of their turns."""

    payers: tuple[PayerPreview, ...]
    done: tuple[int, ...]
    short: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]

    @property
    def count(self) -> int:
        return len(self.done)

    @property
    def credits_minor(self) -> int:
        return sum(payer.credits_minor for payer in self.payers)


@dataclass(frozen=True, slots=True)
class ManyAsked:
    bulk_id: int
    total: int


def preview_do_many(tx: Tx, reseller_id: int, kind: str, subscriptions: Sequence[int], term: str = "") -> ManyPreview:
    """What it would take or bring back, and to whom it can't be done; `term` as `renew_user` has it. Raises
    InvalidInput, NotFound, and NotAllowed for the reseller alone."""
    one_kind = kind_of(kind, term)
    scope = tx.ctx.scope
    if not (scope.everything or is_within(tx.session, reseller_id, scope.reseller_id)):
        raise NotFound("reseller", reseller_id)
    ids = _checked(tx, reseller_id, subscriptions)
    # subscriptions before resellers, each by rising id, as whoever captures a purchase locks them
    of_ids = select(Subscription.id, Subscription.payer_reseller_id).where(Subscription.id.in_(ids))
    payer_of = dict(tx.session.execute(of_ids.order_by(Subscription.id).with_for_update()).all())
    paying = {one for one in payer_of.values() if one is not None}
    # what ends may bring back an earlier payer's: they are locked with the others, none of them alone later
    lock_rows(tx, {reseller_id, *paying, *(tx.session.scalars(payers_of(ids)) if kind == "end" else ())})
    payers = lock_resellers(tx, reseller_id, *sorted(paying - {reseller_id}))
    rooms = {one.id: balance(tx, one).minor + one.credit_line_minor for one in payers}
    costs, lacking = defaultdict[int | None, list[int]](list), Counter[int | None]()
    done, short, refused = list[int](), list[int](), list[tuple[int, str]]()
    seen = one_kind.preview(tx, ids)
    for key in ids:
        payer, cost = payer_of[key], seen[key]
        if isinstance(cost, BillheadError):
            refused.append((key, cost.message))
            continue
        if one_kind.takes and payer is not None:
            if cost > rooms[payer]:  # it is refused when its turn comes, and keeps no cheaper one after it back
                short.append(key)
                lacking[payer] += 1
                continue
            rooms[payer] -= cost
        done.append(key)
        costs[payer].append(cost)
    told = [
        PayerPreview(one.id, one.name, len(costs[one.id]), sum(costs[one.id]), rooms[one.id], lacking[one.id])
        for one in payers
        if one.id in paying
    ]
    return ManyPreview(tuple(told), tuple(done), tuple(short), tuple(refused))


@verb("resellers.do_many")
def do_many(tx: Tx, reseller_id: int, kind: str, subscriptions: Sequence[int], term: str = "") -> ManyAsked:
    """Each is done as the verb for one user does it, in the name of who asks now; one that is refused costs none of the
    others. Raises NotFound (also for a subscription of somebody else's), NotAllowed or InvalidInput."""
    kind_of(kind, term)
    lock_resellers(tx, reseller_id)
    ids = _checked(tx, reseller_id, subscriptions)
    bulk = UserBulk(
        reseller_id=reseller_id,
        kind=kind,
        term=term,
        actor=tx.ctx.actor,
        role=tx.ctx.role.value,
        scope_reseller_id=tx.ctx.scope.reseller_id,
        total=len(ids),
        created_at=clock.now(),
    )
    tx.session.add(bulk)
    tx.session.flush()
    tx.session.add_all([UserBulkItem(bulk_id=bulk.id, subscription_id=key) for key in ids])
    note(tx, f"user_bulk:{bulk.id}", subscriptions=len(ids))  # "bulk" are those of staff, which have the same numbers
    enqueue(tx, "resellers.do_many", {"bulk_id": bulk.id}, key=f"do_many:{bulk.id}")
    return ManyAsked(bulk.id, len(ids))


def _checked(tx: Tx, reseller_id: int, subscriptions: Sequence[int]) -> list[int]:
    """In the order in which they are done: who ends first, as automatic renewal has it, so that few credits go to whom
    they are needed for soonest."""
    ids = set(subscriptions)
    if not 1 <= len(ids) <= MOST:
        raise InvalidInput("subscriptions", f"choose from 1 to {MOST}")
    # customers of a shop stand among its reseller's users: of them each is refused with the reason, and costs no others
    of_shop = and_(Subscription.settlement != "credits", Customer.reseller_id.in_(subtree(reseller_id)))
    mine = or_(Subscription.payer_reseller_id.in_(subtree(reseller_id)), of_shop)
    query = select(Subscription.id, Subscription.paid_through).join(Customer, Customer.id == Subscription.customer_id)
    ends = dict(tx.session.execute(query.where(Subscription.id.in_(ids), mine)).all())
    for key in sorted(ids):
        if key not in ends:
            raise NotFound("subscription", key)
    return sorted(ends, key=lambda key: (ends[key] or date.max, key))
