"""What went into a reseller's credits and out of them, row by row, with what it had to spend after each."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select

from billhead.actions.resellers._wallet import credit_line, wallet
from billhead.domain.ledger import AccountCode, Side
from billhead.domain.money import CREDITS
from billhead.models.catalogue import Plan
from billhead.models.credits import CreditHold, CreditMovement
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.wording import marked

__all__ = ["HELD_FOR", "HOLD_STATES", "KINDS", "bought_with", "holds_of", "statement_of"]

KINDS = {
    "credits_granted": marked("Granted by the operator"),
    "credits_taken": marked("Taken by the operator"),
    "credits_bought": "Bought",
    "credits_taken_back": marked("Taken back: the money for them went back"),
    "credits_transferred": "Passed on",
    "reseller_added": marked("A reseller was added"),
    "reseller_removed": marked("A reseller was removed"),
    "credits_held": marked("Held for a subscriber"),
    "credits_released": marked("Released: it did not come to be"),
    "credits_returned": marked("Returned: not used"),
}
"""The kinds of rows, in plain words."""

HELD_FOR = {
    "order": marked("New user"),
    "trial": marked("Trial"),
    "renewal": marked("Renewal"),
    "change": marked("Change of plan"),
    "supply": marked("Order of your shop"),
}
HOLD_STATES = {"held": marked("still held"), "captured": marked("spent"), "released": marked("came back")}


def plan_bought() -> ColumnElement[Any]:
    """The id of the plan that a hold is the price of (of its parts the first), else of the one there is by now."""
    return func.coalesce(CreditHold.details["sold", 0, 0].as_integer(), Subscription.plan_id)


def statement_of(reseller: Reseller) -> Select[*tuple[Any, ...]]:
    """id (the entry's, to page by), at, kind, change_minor, before_minor, after_minor, actor, reason, other,
    subscription_id, user, document_id, request_id; the plan and term that were bought, and of what was held its
    hold_state and held_for. Drawing on a credit line and paying it back moves nothing."""
    signed = LedgerPosting.signed(Side.C)
    account = LedgerAccount
    mine = or_(
        and_(account.code == AccountCode.CREDITS_AVAILABLE.value, account.subject == wallet(reseller)),
        and_(account.code == AccountCode.CREDITS_ISSUED.value, account.subject == credit_line(reseller)),
    )
    legs = (
        select(LedgerPosting.entry_id, cast(func.sum(signed), BigInteger).label("minor"))
        .join(account, account.id == LedgerPosting.account_id)
        .where(account.seller_id == reseller.seller_id, account.currency == CREDITS, mine)
        .group_by(LedgerPosting.entry_id)
        .having(func.sum(signed) != 0)
        .subquery()
    )
    running = select(
        legs.c.entry_id,
        legs.c.minor,
        # PostgreSQL sums whole numbers to a decimal
        cast(func.sum(legs.c.minor).over(order_by=legs.c.entry_id), BigInteger).label("after"),
    ).subquery()
    side = case((CreditMovement.reseller_id == reseller.id, CreditMovement.other_id), else_=CreditMovement.reseller_id)
    return (
        select(
            LedgerEntry.id,
            LedgerEntry.recorded_at.label("at"),
            LedgerEntry.kind,
            running.c.minor.label("change_minor"),
            (running.c.after - running.c.minor).label("before_minor"),
            running.c.after.label("after_minor"),
            CreditMovement.actor,
            CreditMovement.reason,
            CreditMovement.request_id,
            CreditMovement.document_id,
            CreditMovement.subscription_id,
            Reseller.name.label("other"),
            Customer.name.label("user"),
            Plan.name.label("plan"),
            # what was bought then, whatever it is renewed for by now
            func.coalesce(CreditHold.details["term"].as_string(), Subscription.term).label("term"),
            CreditHold.state.label("hold_state"),
            CreditHold.details["kind"].as_string().label("held_for"),
        )
        .join(running, running.c.entry_id == LedgerEntry.id)
        .outerjoin(CreditMovement, CreditMovement.entry_id == LedgerEntry.id)
        .outerjoin(Reseller, Reseller.id == side)
        .outerjoin(Subscription, Subscription.id == CreditMovement.subscription_id)
        .outerjoin(Customer, Customer.id == Subscription.customer_id)
        .outerjoin(CreditHold, and_(CreditHold.entry_id == LedgerEntry.id, CreditHold.reseller_id == reseller.id))
        .outerjoin(Plan, Plan.id == plan_bought())
    )


def holds_of(reseller_id: int) -> Select[*tuple[Any, ...]]:
    """What is set aside until a panel has answered: id, at, minor, subscription_id, user, and the line's sync."""
    return (
        select(
            CreditHold.id,
            CreditHold.created_at.label("at"),
            CreditHold.amount_minor.label("minor"),
            Service.subscription_id,
            Service.sync,
            Service.sync_error,
            Customer.name.label("user"),
        )
        .join(Service, Service.id == CreditHold.service_id)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(CreditHold.reseller_id == reseller_id, CreditHold.state == "held")
    )


def bought_with(holds: Collection[int]) -> Select[*tuple[Any, ...]]:
    """What credits that were held have bought: id, reseller_id, minor, held_for, plan, term."""
    return (
        select(
            CreditHold.id,
            CreditHold.reseller_id,
            CreditHold.amount_minor.label("minor"),
            CreditHold.details["kind"].as_string().label("held_for"),
            Plan.name.label("plan"),
            func.coalesce(CreditHold.details["term"].as_string(), Subscription.term).label("term"),
        )
        .join(Service, Service.id == CreditHold.service_id)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .join(Plan, Plan.id == plan_bought())
        .where(CreditHold.id.in_(holds))
    )
