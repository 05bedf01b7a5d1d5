"""Whose time, paid with credits, ends soon with nobody to renew it unless they are told."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, select

from billhead.actions.resellers._renewing_alone import renews_alone, runs_on
from billhead.domain.subscription import RUNNING
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription

__all__ = ["WITHIN_DAYS", "ends", "is_renewed_alone", "not_renewed"]

WITHIN_DAYS = 7
"""So early resellers are told of their users."""


def ends() -> ColumnElement[bool]:
    """What runs on credits and was not canceled: who has canceled it was told of that end."""
    return and_(
        Subscription.settlement == "credits",
        Subscription.state.in_([state.value for state in RUNNING]),
        Subscription.service_ends_on.is_(None),
    )


def is_renewed_alone() -> ColumnElement[bool]:
    """For a query that is joined to `CreditRenewal` by `renews_alone`, from outside: automatic renewal will renew it.
    Where it has tried and could not, somebody has to be told."""
    return and_(CreditRenewal.subscription_id.is_not(None), CreditRenewal.why == "", runs_on())


def not_renewed() -> Select[*tuple[Any, ...]]:
    """The ids of what ends, to be narrowed."""
    return select(Subscription.id).outerjoin(CreditRenewal, renews_alone()).where(ends(), not_(is_renewed_alone()))
