"""Which stages, retries and promises count for a debt: the most specific policy, or the defaults of the house."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.domain.dunning import (
    DEFAULT_STAGES,
    PromiseTerms,
    RetrySchedule,
    Stage,
    ordered_stages,
    stage_of_row,
)
from billhead.models.dunning import DunningPolicy
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["DunningTerms", "Policies", "terms_of_policy", "terms_of_subscription"]


@dataclass(frozen=True, slots=True)
class DunningTerms:
    """A policy as the rules read it. `policy_id` is None for the defaults of the house."""

    policy_id: int | None = None
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    retries: RetrySchedule = field(default_factory=RetrySchedule)
    promises: PromiseTerms = field(default_factory=PromiseTerms)
    credits_suspended_days: bool = False


Scope = tuple[int, int | None, str]
"""(seller, plan, price group) of a policy."""


class Policies:
    """All policies, read once for a batch. `instead` puts terms in place of what a scope has: for a preview."""

    def __init__(self, session: Session, instead: Mapping[Scope, DunningTerms] | None = None) -> None:
        rows: Iterable[DunningPolicy] = session.scalars(select(DunningPolicy))
        self._terms = {(row.seller_id, row.plan_id, row.price_group): terms_of_policy(row) for row in rows}
        self._terms.update(instead or {})

    def of(self, seller_id: int, plan_id: int | None = None, price_group: str = "") -> DunningTerms:
        scopes = ((plan_id, price_group), (plan_id, ""), (None, price_group), (None, ""))
        found = (self._terms.get((seller_id, *scope)) for scope in scopes)
        return next((terms for terms in found if terms is not None), DunningTerms())

    house = DunningTerms().stages

    def scopes(self) -> Collection[tuple[Scope, DunningTerms]]:
        """Each table, and whose it is."""
        return self._terms.items()

    def sellers_with_general(self) -> list[int]:
        """Those to whom the house's own stages come in no case."""
        return [seller_id for seller_id, plan_id, group in self._terms if plan_id is None and not group]

    def groups_of(self, seller_id: int) -> list[str]:
        """The price groups for which the general table of the seller counts in no case."""
        return [group for seller, plan_id, group in self._terms if seller == seller_id and plan_id is None and group]

    @property
    def longest_lead(self) -> int:
        """How many days before the due date the first reminder of any policy goes out."""
        every = [DunningTerms(), *self._terms.values()]
        return max(0, *(-stage.after_days for terms in every for stage in terms.stages))


def terms_of_policy(row: DunningPolicy) -> DunningTerms:
    return DunningTerms(
        row.id,
        ordered_stages(stage_of_row(stage) for stage in row.stages),
        RetrySchedule(tuple(row.retry_days)),
        PromiseTerms(row.promise_days, row.promise_most, row.promise_every_days, row.promise_restores),
        row.credits_suspended_days,
    )


def terms_of_subscription(session: Session, subscription: Subscription) -> DunningTerms:
    customer = session.get_one(Customer, subscription.customer_id)
    return Policies(session).of(subscription.seller_id, subscription.plan_id, customer.price_group)
