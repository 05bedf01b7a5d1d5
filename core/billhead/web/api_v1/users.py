"""The reseller's users and those below it: found, added, renewed, blocked; by the actions of the reseller's area."""

from dataclasses import replace
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billhead.actions.access.hand_out_access import hand_out_access
from billhead.actions.resellers._address_tries import count_address
from billhead.actions.resellers._renewal_terms import renewal_terms
from billhead.actions.resellers._renewing_alone import renews_alone
from billhead.actions.resellers._seen import seen_reseller, seen_user, users_of
from billhead.actions.resellers.add_user import NewUser, UserAdded, add_user
from billhead.actions.resellers.disable_user import disable_user
from billhead.actions.resellers.edit_user import UserFacts, edit_user
from billhead.actions.resellers.enable_user import enable_user
from billhead.actions.resellers.renew_user import UserRenewed, renew_user
from billhead.actions.shops._own import customer_of
from billhead.db import Tx, reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.models.people import Customer
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.api_v1.asking import api, asking_reseller, in_credits
from billhead.web.programs import acting, addons, asker, fields, flag, language, no_fields, one_page, text
from billhead.web.reseller.users import SHOWN, narrowed

__all__ = ["one_user"]


@api.get("/users")
@allow("anyone")
def users() -> ResponseReturnValue:
    show = request.args.get("show", "")
    if show and show not in ("ending", *SHOWN):
        raise InvalidInput("show", f"is not one of ending, {', '.join(SHOWN)}")
    with reading() as session:
        me = asking_reseller(session)
        whose = request.args.get("reseller", "")
        query = users_of(me.id)
        if whose:
            query = users_of(seen_reseller(session, asker(), whole_number(whose) or 0).id, alone=True)
        narrow = narrowed(query, request.args, customer_of(session, me).zone)
        rows, more = one_page(session, narrow, Subscription.id)
    return {"users": [_told(row) for row in rows], "next": more}


@api.get("/users/<int:key>")
@allow("anyone")
def user(key: int) -> ResponseReturnValue:
    with reading() as session:
        return one_user(session, key)


def one_user(session: Session, key: int) -> dict[str, object]:
    seen_user(session, asker(), key)
    row = session.execute(users_of(asking_reseller(session).id).where(Subscription.id == key)).one()
    who = session.get_one(Customer, row.customer_id)
    on = session.scalar(select(CreditRenewal).join(Subscription, renews_alone()).where(Subscription.id == key))
    mine = select(Service).where(Service.subscription_id == key, Service.lifecycle == "wanted").order_by(Service.id)
    return {
        **_told(row),
        "phone": who.phone,
        "language": who.language,
        "note": who.reseller_note,
        "automatic_renewal": on is not None,
        "not_renewed": (on.why or None) if on is not None else None,
        "lines": [{name: getattr(one, name) for name in _LINE_TOLD} for one in session.scalars(mine)],
    }


_LINE_TOLD = ("id", "kind", "login", "mac", "sync")


def _told(row: Row[Any]) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "plan": row.plan_code,
        "plan_name": row.plan,
        "term": row.term,
        "state": row.state,
        "blocked_by": row.suspended_for or None,
        "paid_through": row.paid_through.isoformat() if row.paid_through else None,
        "reseller": row.reseller_id,
        "line": {"kind": row.kind, "login": row.login, "mac": row.mac, "sync": row.sync} if row.kind else None,
    }


_NEW = {
    "plan": text(100),
    "term": text(40),
    "name": text(200),
    "email": text(200),
    "phone": text(40),
    "mac": text(30),
    "language": language,
    "trial": flag,
    "addons": addons,
}


@api.post("/users")
@allow("anyone")
def new_user() -> ResponseReturnValue:
    told = fields(_NEW, ("plan", "term", "name"))
    with acting() as tx:
        added = add_user(tx, asking_reseller(tx.session).id, NewUser(**told))
    return _added(added)


_LINE = {name: _NEW[name] for name in ("plan", "term", "mac", "trial", "addons")}


@api.post("/users/<int:key>/lines")
@allow("anyone")
def another_line(key: int) -> ResponseReturnValue:
    """Whoever looks after them pays for it."""
    with acting() as tx:
        seen = seen_user(tx.session, asker(), key)
        told = fields(_LINE, ("plan", "term"))
        who = tx.session.get_one(Customer, seen.customer_id)
        added = add_user(tx, who.reseller_id or 0, NewUser(**told, customer_id=who.id))
    return _added(added)


def _added(added: UserAdded) -> ResponseReturnValue:
    return {
        "id": added.subscription_id,
        "credits": in_credits(added.credits_minor),
        "paid_through": added.paid_through,
    }, 201


_FACTS = {name: _NEW[name] for name in ("name", "email", "phone")} | {"language": text(20), "note": text(2000)}


@api.patch("/users/<int:key>")
@allow("anyone")
def change_facts(key: int) -> ResponseReturnValue:
    """What is not sent stays."""
    told = fields(_FACTS)
    if "email" in told:
        with writing(asker()) as tx:
            count_address(tx, key, told["email"])
    with acting() as tx:
        seen = seen_user(tx.session, asker(), key)
        who = tx.session.get_one(Customer, seen.customer_id)
        had = UserFacts(who.name, who.email, who.phone, who.language, who.reseller_note)
        edit_user(tx, key, replace(had, **told))
        return one_user(tx.session, key)


@api.get("/users/<int:key>/renew")
@allow("anyone")
def renew_for(key: int) -> ResponseReturnValue:
    """Each term that it can be renewed for, the one that it has first."""
    with reading() as session:
        seen_user(session, asker(), key)
        terms = [_renewed(one) for one in renewal_terms(Tx(asker(), session), key)]
    return {"id": key, "terms": terms}


@api.post("/users/<int:key>/renew")
@allow("anyone")
def renew(key: int) -> ResponseReturnValue:
    """For `term`, or the one that it has."""
    told = fields({"term": text(40)}) if request.get_data() else {}
    with acting() as tx:
        done = renew_user(tx, key, told.get("term", ""))
    return {"id": key, **_renewed(done)}


def _renewed(one: UserRenewed) -> dict[str, str]:
    return {"credits": in_credits(one.credits_minor), "paid_through": one.paid_through, "term": one.term}


@api.post("/users/<int:key>/block")
@allow("anyone")
def block(key: int) -> ResponseReturnValue:
    no_fields()
    with acting() as tx:
        disable_user(tx, key)
        return one_user(tx.session, key)


@api.post("/users/<int:key>/unblock")
@allow("anyone")
def unblock(key: int) -> ResponseReturnValue:
    no_fields()
    with acting() as tx:
        enable_user(tx, key)
        return one_user(tx.session, key)


@api.get("/users/<int:key>/access")
@allow("anyone")
def access(key: int) -> ResponseReturnValue:
    """What the user needs to watch; each look stands in the audit trail, as in the area."""
    with writing(asker()) as tx:
        seen_user(tx.session, asker(), key)
        handed = hand_out_access(tx, key)
    return {"id": key, "language": handed.language, "text": handed.text}
