"""Write down what happens when nobody pays: for a seller, a plan or a price group of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.dunning import (
    DEFAULT_STAGES,
    PromiseTerms,
    RetrySchedule,
    Stage,
    ordered_stages,
    stage_row,
)
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.catalogue import Bouquet, Plan
from billhead.models.dunning import DunningPolicy
from billhead.models.sellers import Seller

__all__ = ["PolicyEntry", "save_policy"]


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A policy as it is entered. Without `plan_id` and `price_group` it is the seller's own."""

    seller_id: int
    plan_id: int | None = None
    price_group: str = ""
    name: str = ""
    stages: Sequence[Stage] = DEFAULT_STAGES
    retries: RetrySchedule = field(default_factory=RetrySchedule)
    promises: PromiseTerms = field(default_factory=PromiseTerms)
    credits_suspended_days: bool = False


def save_policy(tx: Tx, entry: PolicyEntry) -> int:
    """Add the policy of this seller, plan and group, or change the one that there is; returns its id.

    Raises InvalidInput naming the field: stages that make no sense, a plan or bouquet of another seller.
    """
    if not tx.ctx.may("dunning.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change dunning: it needs dunning.write")
    if tx.session.get(Seller, entry.seller_id) is None:
        raise NotFound("seller", entry.seller_id)
    group = entry.price_group.strip()
    plan = tx.session.get(Plan, entry.plan_id) if entry.plan_id is not None else None
    if entry.plan_id is not None and (plan is None or plan.seller_id != entry.seller_id):
        raise InvalidInput("plan", "this seller has no such plan")
    stages = ordered_stages(entry.stages)
    _check_bouquets(tx, entry.seller_id, stages)
    same = select(DunningPolicy).where(
        DunningPolicy.seller_id == entry.seller_id,
        DunningPolicy.plan_id.is_(None) if plan is None else DunningPolicy.plan_id == plan.id,
        DunningPolicy.price_group == group,
    )
    row = tx.session.scalar(same.with_for_update())
    is_new = row is None
    if row is None:
        row = DunningPolicy(seller_id=entry.seller_id, plan_id=entry.plan_id, price_group=group)
    row.name = entry.name.strip() or _named(plan, group)
    row.stages = [stage_row(stage) for stage in stages]
    row.retry_days = list(entry.retries.days)
    row.credits_suspended_days = entry.credits_suspended_days
    row.promise_days, row.promise_every_days = entry.promises.max_days, entry.promises.every_days
    row.promise_most, row.promise_restores = dict(entry.promises.most), entry.promises.restores
    tx.session.add(row)
    tx.session.flush()
    shown = {"stages": row.stages, "retry_days": row.retry_days, "promise_days": row.promise_days}
    audit(tx, "dunning.add_policy" if is_new else "dunning.change_policy", f"dunning_policy:{row.id}", shown)
    return row.id


def _named(plan: Plan | None, group: str) -> str:
    parts = [*([plan.name] if plan is not None else []), *([f"group {group}"] if group else [])]
    return ", ".join(parts) or "Everybody"


def _check_bouquets(tx: Tx, seller_id: int, stages: Sequence[Stage]) -> None:
    named = {bouquet for stage in stages for bouquet in stage.bouquets or ()}
    known = set(
        tx.session.scalars(select(Bouquet.id).where(Bouquet.seller_id == seller_id, Bouquet.id.in_(sorted(named))))
    )
    if named - known:
        raise InvalidInput("stages", f"this seller has no bouquet {min(named - known)}")
