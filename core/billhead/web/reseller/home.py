"""The first page: what is there to spend, what ends soon, how many run, how it went, and what moved last."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.resellers._seen import expiring, users_of
from billhead.actions.resellers._statement import statement_of
from billhead.actions.resellers._tree import subtree
from billhead.db import reading
from billhead.models.catalogue import Price
from billhead.models.ledger import LedgerEntry
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.plugin import allow
from billhead.web.movements import what_moved
from billhead.web.pages import page
from billhead.web.reseller.area import my_zone, own_id, own_reseller, reseller
from billhead.web.reseller.home_charts import charts_of

__all__: list[str] = []

_ENDING = 8
_MOVED = 8


@reseller.get("/")
@allow("reseller", "super_reseller")
def home() -> ResponseReturnValue:
    today = clock.today_in(my_zone())
    with reading() as session:
        me = own_reseller(session)
        states = _states(session)
        soon = users_of(me.id).where(expiring(today))
        ending = session.execute(soon.order_by(Subscription.paid_through, Subscription.id).limit(_ENDING)).all()
        how_many = session.scalar(select(func.count()).select_from(soon.subquery())) or 0
        needed = _needed(session, soon.where(Subscription.payer_reseller_id == me.id))
        moved = session.execute(statement_of(me).order_by(LedgerEntry.id.desc()).limit(_MOVED)).all()
        charts = charts_of(session, today)
    shown = {"me": me, "today": today, "states": states, "ending": ending, "how_many": how_many}
    shown["needed"] = needed
    return page("reseller/home.html", **shown, moved=moved, what=what_moved, charts=charts)


def _needed(session: Session, soon: Select[*tuple[Any, ...]]) -> int:
    """What renewing them takes of its own credits, by the prices at which they were sold, in hundredths."""
    part = SubscriptionComponent
    ids = soon.with_only_columns(Subscription.id, maintain_column_froms=True)
    found = session.scalar(
        select(func.sum(Price.credit_minor * part.quantity))
        .select_from(part)
        .join(Price, Price.id == part.price_id)
        .where(part.subscription_id.in_(ids), part.ends_on.is_(None), Price.term != "")
    )
    return int(found or 0)


def _states(session: Session) -> dict[str, int]:
    """How many subscribers of the whole subtree are in which state, as the list's filters name them."""
    rows = session.execute(
        select(Subscription.state, func.count())
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(Customer.reseller_id.in_(subtree(own_id())))
        .group_by(Subscription.state)
    )
    found = {state: int(count) for state, count in rows}
    shown = {
        "active": found.get("active", 0) + found.get("past_due", 0),
        "trial": found.get("trial", 0),
        "expired": found.get("expired", 0),
        "disabled": found.get("suspended", 0),
        "waiting": found.get("pending", 0),
    }
    return {word: count for word, count in shown.items() if count or word in ("active", "expired")}
