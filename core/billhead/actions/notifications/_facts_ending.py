"""What is told before time that credits paid for ends: to who watches, and to the reseller that renews it.

kind                                         ids in `data`
line_ending                                  subscription_id, ends_on
users_ending                                 reseller_id
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts, found_row, must_be_theirs, named
from billhead.actions.notifications._values import Address, Own, Rows, Said
from billhead.actions.resellers._ending import WITHIN_DAYS, ends, is_renewed_alone, not_renewed
from billhead.actions.resellers._renewal_costs import renewal_costs
from billhead.actions.resellers._renewing_alone import renews_alone
from billhead.actions.resellers._seen import figures_of
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import CreditRenewal
from billhead.models.sellers import Seller
from billhead.models.shops import Shop
from billhead.models.subscriptions import Subscription

__all__ = ["PARTS"]

_NAMED = 25
_AT_ONCE = 1000


def _line(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: nobody is told of an end that was put off, or is over."""
    one = found_row(session, Subscription, int(named(notice, "subscription_id")), "subscription")
    must_be_theirs(notice, one.customer_id, "subscription")
    until = date.fromisoformat(named(notice, "ends_on"))
    still = session.scalar(not_renewed().where(Subscription.id == one.id, Subscription.paid_through == until))
    zone = session.get_one(Customer, one.customer_id).zone
    if still is None or one.payer_reseller_id is None or until <= clock.today_in(zone):
        raise NoticeRejected("that end was put off or is over, so nobody is told of it")
    keeper = session.get_one(Reseller, one.payer_reseller_id)
    if not keeper.told_before:
        raise NoticeRejected(f"{keeper.name} does not want its users told that their time ends")
    shop = session.scalar(
        select(Seller.name).join(Shop, Shop.seller_id == Seller.id).where(Shop.reseller_id == keeper.id)
    )
    told = {
        "plan": Own(session.get_one(Plan, one.plan_id).name),
        "ends_on": until - timedelta(days=1),
        "keeper": shop or keeper.name,
        "contact": keeper.contact,
    }
    return {"line": told}


def _users(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: nobody is told of users who were renewed meanwhile."""
    reseller_id = int(named(notice, "reseller_id"))
    own = session.scalar(select(Customer).where(Customer.buys_for_reseller_id == reseller_id))
    if own is None or own.id != notice.customer_id:
        raise NoticeRejected("that reseller buys for somebody else now")
    today = clock.today_in(own.zone)
    soon = (
        Subscription.payer_reseller_id == reseller_id,
        Subscription.paid_through > today,
        Subscription.paid_through <= today + timedelta(days=WITHIN_DAYS),
    )
    theirs = session.execute(not_renewed().add_columns(Subscription.paid_through).where(*soon)).all()
    if not theirs:
        raise NoticeRejected("no user of this reseller ends within these days any more")
    alone = session.execute(
        select(Subscription.id, Subscription.paid_through)
        .join(CreditRenewal, renews_alone())
        .where(ends(), is_renewed_alone(), *soon)
    ).all()
    told = {
        "days": WITHIN_DAYS,
        "count": len(theirs),
        "users": _named(session, soon),
        "more": max(len(theirs) - _NAMED, 0),
        "takes": _cost(session, theirs),
        "alone": _cost(session, alone),
        "left": Money(figures_of(session, [reseller_id])[reseller_id].balance_minor, CREDITS),
        "url": Address(f"{home_of(session, notice)}/reseller/users?show=ending"),
        "buy_url": Address(f"{home_of(session, notice)}/reseller/credits/buy"),
    }
    return {"ending": told}


def _named(session: Session, soon: Sequence[ColumnElement[bool]]) -> Rows:
    """Who ends first, with what they watch and their last day."""
    told = Customer.name, Plan.name.label("plan"), Subscription.paid_through
    rows = session.execute(
        not_renewed()
        .with_only_columns(*told, maintain_column_froms=True)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(*soon)
        .order_by(Subscription.paid_through, Subscription.id)
        .limit(_NAMED)
    )
    return Rows([(_as_it_is(row.name), [row.plan, row.paid_through - timedelta(days=1)]) for row in rows])


def _as_it_is(text: str) -> Said:
    return lambda _words: text


def _cost(session: Session, rows: Sequence[Any]) -> Money:
    """What one more term of each takes; a part without a price in credits can't be renewed, and takes nothing."""
    minor = 0
    for at in range(0, len(rows), _AT_ONCE):
        costs = renewal_costs(session, {row.id: row.paid_through for row in rows[at : at + _AT_ONCE]})
        minor += sum(cost.minor for cost in costs.values() if not cost.missing)
    return Money(minor, CREDITS)


PARTS: Parts = {
    "line_ending": (_line,),
    "users_ending": (_users,),
}
