"""What a reseller, or staff, may see: resellers and subscribers within a subtree. What is outside is "not found"."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._renewing_alone import renews_alone, runs_on
from billhead.actions.resellers._tree import is_within, subtree
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.ledger import AccountCode
from billhead.domain.mac import macs_in
from billhead.domain.money import CREDITS
from billhead.domain.seeking import dialled, sought
from billhead.domain.subscription import RUNNING
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.credits import CreditHold, CreditLot
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.people import Customer, Reseller, User
from billhead.models.resellers import CreditRenewal, ResellerMessage, UserBulk
from billhead.models.sign_in import LinkedIdentity
from billhead.models.subscriptions import Service, Subscription

__all__ = [
    "Figures", "expiring", "figures_of", "has_opened_login", "matches", "seen_many", "seen_message", "seen_reseller",
    "seen_user", "signs_in", "users_of",
]  # fmt: skip

_OVER = ("canceled",)
_OF_A_PHONE = 4
"""Digits from which on a number may be a part of somebody's phone."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one reseller alone, without those below it; credits in hundredths. `users`: subscriptions that it pays for."""

    balance_minor: int = 0
    held_minor: int = 0
    owed_minor: int = 0
    users: int = 0
    running: int = 0
    below: int = 0


def seen_reseller(session: Session, ctx: Context, reseller_id: int) -> Reseller:
    """Raises NotFound also for one outside of what this actor may see, and one that was removed."""
    reseller = session.get(Reseller, reseller_id)
    seen = ctx.scope.everything or is_within(session, reseller_id, ctx.scope.reseller_id)
    if reseller is None or not seen or reseller.removed_on is not None:
        raise NotFound("reseller", reseller_id)
    return reseller


def seen_user(session: Session, ctx: Context, subscription_id: int) -> Subscription:
    """A subscription that somebody in the subtree pays for, or whose customer they look after; else NotFound."""
    subscription = session.get(Subscription, subscription_id)
    if subscription is not None and not ctx.scope.everything:
        owner = session.get_one(Customer, subscription.customer_id)
        if not is_within(session, owner.reseller_id, ctx.scope.reseller_id):
            subscription = None
    if subscription is None:
        raise NotFound("subscription", subscription_id)
    return subscription


def signs_in(session: Session, customer_id: int) -> bool:
    """Whether they have a login of their own."""
    return bool(session.scalar(select(exists().where(User.customer_id == customer_id))))


def has_opened_login(session: Session, customer_id: int) -> bool:
    """Whether somebody has taken their login, so that its address is theirs to change: an invitation alone may be at a
    wrong one."""
    linked = exists().where(LinkedIdentity.user_id == User.id)
    return bool(
        session.scalar(select(exists().where(User.customer_id == customer_id, or_(User.password_hash != "", linked))))
    )


def seen_many(session: Session, ctx: Context, bulk_id: int) -> UserBulk:
    """What is done to many users, asked for somebody in the subtree; else NotFound."""
    bulk = session.get(UserBulk, bulk_id)
    if bulk is None or not (ctx.scope.everything or is_within(session, bulk.reseller_id, ctx.scope.reseller_id)):
        raise NotFound("bulk action", bulk_id)
    return bulk


def seen_message(session: Session, ctx: Context, message_id: int) -> ResellerMessage:
    """What somebody in the subtree wrote to many; else NotFound."""
    message = session.get(ResellerMessage, message_id)
    if message is None or not (ctx.scope.everything or is_within(session, message.reseller_id, ctx.scope.reseller_id)):
        raise NotFound("message", message_id)
    return message


def users_of(reseller_id: int, *, alone: bool = False) -> Select[*tuple[Any, ...]]:
    """The subscribers of a subtree (`alone`: of this reseller only), one row a subscription, to be paged by its id:
    id, customer_id, name, email, plan, plan_code, term, state, suspended_for, phase, paid_through, reseller_id,
    reseller, login, mac, kind, sync (of its first line), alone (will be renewed by itself), and why it could not be."""
    first = (
        select(func.min(Service.id))
        .where(Service.subscription_id == Subscription.id, Service.lifecycle == "wanted")
        .correlate(Subscription)
        .scalar_subquery()
    )
    whose = Customer.reseller_id == reseller_id if alone else Customer.reseller_id.in_(subtree(reseller_id))
    return (
        select(
            Subscription.id,
            Subscription.customer_id,
            Customer.name,
            Customer.email,
            Plan.name.label("plan"),
            Plan.code.label("plan_code"),
            Subscription.term,
            Subscription.state,
            Subscription.suspended_for,
            Subscription.phase,
            Subscription.paid_through,
            Customer.reseller_id,
            Reseller.name.label("reseller"),
            Service.login,
            Service.mac,
            Service.kind,
            Service.sync,
            and_(CreditRenewal.subscription_id.is_not(None), runs_on()).label("alone"),
            CreditRenewal.why,
        )
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .join(Reseller, Reseller.id == Customer.reseller_id)
        .outerjoin(Service, Service.id == first)
        .outerjoin(CreditRenewal, renews_alone())
        .where(whose)
    )


def matches(typed: str) -> ColumnElement[bool]:
    """What a caller says: name, e-mail, phone, the number of the subscription, MAC in any spelling or a part of it, or
    how a line's login begins; several MACs: all of them. For `users_of`."""
    many = macs_in(typed)
    if len(many) > 1:
        return Subscription.id.in_(select(Service.subscription_id).where(Service.mac.in_(many)))
    of_line = [Service.login.startswith(typed, autoescape=True)]
    if part := _part_of_mac(typed):
        of_line.append(Service.mac.contains(part))
    found = [
        Customer.email.icontains(typed, autoescape=True),
        Subscription.id.in_(select(Service.subscription_id).where(or_(*of_line))),
    ]
    if words := sought(typed):
        found.append(Customer.sought_name.contains(words, autoescape=True))
    if len(digits := dialled(typed)) >= _OF_A_PHONE and not set(typed) - set("+0123456789 ()-/."):
        found.append(Customer.sought_phone.contains(digits))
    if (number := whole_number(typed)) is not None:
        found.append(Subscription.id == number)
    return or_(*found)


def _part_of_mac(typed: str) -> str:
    """ "1a79" or "1A-79" → "1A:79"; "" for what is no part of one, or too little to tell."""
    digits = re.sub("[:.-]", "", typed).upper()
    if len(digits) < 4 or len(digits) % 2 or len(digits) > 12 or set(digits) - set("0123456789ABCDEF"):
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def expiring(today: date, days: int = 7) -> ColumnElement[bool]:
    """Runs still, and its paid time ends within so many days; for `users_of`."""
    return and_(
        Subscription.state.in_([state.value for state in RUNNING]),
        Subscription.paid_through >= today,
        Subscription.paid_through <= today + timedelta(days=days),
        Subscription.service_ends_on.is_(None),
    )


def figures_of(session: Session, resellers: Collection[int]) -> dict[int, Figures]:
    """For all of them together in five queries, however many there are."""
    ids = list(resellers)
    lots = _sums(session, CreditLot.reseller_id, func.sum(CreditLot.remaining_minor), CreditLot.reseller_id.in_(ids))
    held = _sums(
        session,
        CreditHold.reseller_id,
        func.sum(CreditHold.amount_minor),
        CreditHold.reseller_id.in_(ids),
        CreditHold.state == "held",
    )
    payer, running = Subscription.payer_reseller_id, [state.value for state in RUNNING]
    counted = session.execute(
        select(payer, func.count(), func.sum(case((Subscription.state.in_(running), 1), else_=0)))
        .where(payer.in_(ids), Subscription.state.not_in(_OVER))
        .group_by(payer)
    ).all()
    users = {key: (int(count), int(run or 0)) for key, count, run in counted}
    below = _sums(session, Reseller.parent_id, func.count(), Reseller.parent_id.in_(ids), Reseller.removed_on.is_(None))
    owed = _owed(session, ids)
    return {
        key: Figures(
            lots.get(key, 0) - owed.get(key, 0),
            held.get(key, 0),
            owed.get(key, 0),
            *users.get(key, (0, 0)),
            below.get(key, 0),
        )
        for key in ids
    }


def _sums(session: Session, key: Any, amount: Any, *conditions: ColumnElement[bool]) -> dict[int, int]:
    rows = session.execute(select(key, amount).where(*conditions).group_by(key))
    return {one: int(minor or 0) for one, minor in rows if one is not None}


def _owed(session: Session, ids: Collection[int]) -> dict[int, int]:
    subjects = {f"credit_line:{key}": key for key in ids}
    drawn = LedgerPosting.signed()
    rows = session.execute(
        select(LedgerAccount.subject, func.sum(drawn))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(
            LedgerAccount.code == AccountCode.CREDITS_ISSUED.value,
            LedgerAccount.currency == CREDITS,
            LedgerAccount.subject.in_(subjects),
        )
        .group_by(LedgerAccount.subject)
    )
    return {subjects[subject]: int(minor or 0) for subject, minor in rows}
