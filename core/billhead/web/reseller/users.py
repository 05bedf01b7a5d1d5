"""The reseller's users: found, filtered, sorted, picked to be renewed, and as CSV. One query a page, however many."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.resellers._seen import expiring, matches, seen_reseller, users_of
from billhead.actions.resellers._tree import subtree
from billhead.db import reading
from billhead.domain.context import Role
from billhead.domain.mac import macs_in
from billhead.domain.whole_number import whole_number
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.formatting import last_day
from billhead.web.pages import page
from billhead.web.paging import Rows, page_by, page_of
from billhead.web.request_context import current_ctx, signed_in
from billhead.web.reseller.area import my_zone, own_id, own_rights, reseller
from billhead.web.speaking import marked, say

__all__ = ["SHOWN", "filtered", "narrowed"]

_SIZE = 50
_CSV_BATCH = 500
_NEVER = date(9999, 12, 31)
_LONGEST = 10_000  # a pasted list of addresses
_CSV = ("id", "name", "email", "plan", "term", "state", "paid_until", "line", "mac", "reseller")

SHOWN: Mapping[str, tuple[str, ...]] = {
    "active": ("active", "past_due"),
    "trial": ("trial",),
    "expired": ("expired",),
    "disabled": ("suspended",),
    "waiting": ("pending",),
    "ended": ("canceled",),
}
"""What the list can be narrowed to, and the states that it stands for; "ending" is a matter of dates."""

_SORTS = {"new": marked("newest first"), "ends": marked("what ends first"), "name": marked("by name")}


def filtered(session: Session, told: Mapping[str, str]) -> Select[*tuple[Any, ...]]:
    """The users that an address or a form names: q, show, reseller. Raises NotFound for somebody else's reseller."""
    return narrowed(_whose(session, told), told, my_zone())


def narrowed(query: Select[*tuple[Any, ...]], told: Mapping[str, str], zone: str) -> Select[*tuple[Any, ...]]:
    """Of `users_of`, those that `q` and `show` name; `zone`: whose day it is."""
    show = told.get("show", "")
    if show == "ending":
        query = query.where(expiring(clock.today_in(zone)))
    elif show in SHOWN:
        query = query.where(Subscription.state.in_(SHOWN[show]))
    typed = told.get("q", "").strip()[:_LONGEST]
    if not show and not typed:  # who looks for somebody also wants to find who has ended
        query = query.where(Subscription.state != "canceled")
    return query.where(matches(typed)) if typed else query


@reseller.get("/users")
@allow("reseller", "super_reseller")
def users() -> ResponseReturnValue:
    with reading() as session:
        query = filtered(session, request.args)
        if request.args.get("format") == "csv":
            return csv_response("users", [say(head) for head in _CSV], _csv(query))
        rows = _page(session, query)
        total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        below = _below(session)
        pasted = macs_in(request.args.get("q", "")[:_LONGEST])
        nobodys = _nobodys(session, pasted) if len(pasted) > 1 else []
        may_end = own_rights(session).terminate
    kept: dict[str, Any] = {
        name: request.args[name] for name in ("q", "show", "reseller", "sort") if request.args.get(name)
    }
    shown = {
        "rows": rows,
        "total": total,
        "below": below,
        "kept": kept,
        "sorts": _SORTS,
        "pasted": pasted,
        "nobodys": nobodys,
        "may_end": may_end,
    }
    as_csv = url_for("reseller.users", **{**kept, "format": "csv"})
    return page("reseller/users.html", **shown, words=("ending", *SHOWN), as_csv=as_csv)


def _nobodys(session: Session, pasted: list[str]) -> list[str]:
    """Of the pasted addresses those that none of these users has."""
    mine = users_of(own_id()).with_only_columns(Subscription.id, maintain_column_froms=True)
    query = select(Service.mac).where(Service.mac.in_(pasted), Service.subscription_id.in_(mine))
    known = set(session.scalars(query))
    return [mac for mac in pasted if mac not in known]


def _page(session: Session, query: Select[*tuple[Any, ...]]) -> Rows:
    sort = request.args.get("sort", "")
    by: dict[str, ColumnElement[Any]] = {
        "ends": func.coalesce(Subscription.paid_through, literal(_NEVER)),
        "name": func.lower(Customer.name),
    }
    if sort in by:
        everything = users_of(own_id())
        return page_by(session, query, by[sort], Subscription.id, everything=everything, size=_SIZE)
    return page_of(session, query, Subscription.id, whole_rows=True, size=_SIZE)


def _whose(session: Session, told: Mapping[str, str]) -> Select[*tuple[Any, ...]]:
    asked = whole_number(told.get("reseller", ""))
    if asked is None:
        return users_of(own_id())
    return users_of(seen_reseller(session, current_ctx(), asked).id, alone=True)


def _below(session: Session) -> list[tuple[int, str]]:
    """(id, name) of oneself and those below, for the filter; nobody stands below a plain reseller."""
    login = signed_in()
    if login is None or login.role is not Role.SUPER_RESELLER:
        return []
    rows = session.execute(
        select(Reseller.id, Reseller.name)
        .where(Reseller.id.in_(subtree(own_id())), Reseller.removed_on.is_(None))
        .order_by(Reseller.id != own_id(), Reseller.name)
        .limit(500)
    )
    return [(row.id, row.name) for row in rows]


def _csv(query: Select[*tuple[Any, ...]]) -> Iterator[list[Any]]:
    ordered = query.order_by(Subscription.id.desc()).execution_options(yield_per=_CSV_BATCH)
    with reading() as session:
        for row in session.execute(ordered):
            yield [
                row.id, row.name, row.email, row.plan_code, row.term, row.state,
                last.isoformat() if (last := last_day(row.paid_through)) else "", row.login, row.mac, row.reseller,
            ]  # fmt: skip
