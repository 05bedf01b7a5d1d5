"""The reseller's users and those below it: found, added, renewed, blocked; by the actions of the reseller's area."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row
from sqlalchemy.orm import Session

from billhead.actions.access.hand_out_access import hand_out_access
from billhead.actions.resellers._seen import seen_reseller, seen_user, users_of
from billhead.actions.resellers.add_user import NewUser, add_user
from billhead.actions.resellers.disable_user import disable_user
from billhead.actions.resellers.enable_user import enable_user
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.shops._own import customer_of
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.api_v1.asking import acting, api, asker, asking_reseller, fields, in_credits, one_page
from billhead.web.reseller.users import SHOWN, narrowed
from billhead.wording import LANGUAGES

__all__: list[str] = []


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
        return _one(session, key)


def _one(session: Session, key: int) -> dict[str, object]:
    seen_user(session, asker(), key)
    row = session.execute(users_of(asking_reseller(session).id).where(Subscription.id == key)).one()
    return _told(row)


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


def _text(most: int) -> Any:
    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > most or not value.isprintable():
            raise ValueError(f"must be text of up to {most} letters")
        return value.strip()

    return read


_code = _text(100)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _language(value: object) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"is not one of {', '.join(LANGUAGES)}")
    return str(value)


def _addons(value: object) -> tuple[AddOnOrder, ...]:
    if not isinstance(value, dict) or len(value) > 50:
        raise ValueError("must be an object: code of an add-on → how many")
    found = []
    for name, quantity in value.items():
        code = _code(name)
        if type(quantity) is not int or not 1 <= quantity <= 999:
            raise ValueError(f"{code}: must be a whole number from 1 to 999")
        found.append(AddOnOrder(code, quantity))
    return tuple(found)


_NEW = {
    "plan": _code,
    "term": _text(40),
    "name": _text(200),
    "email": _text(200),
    "phone": _text(40),
    "mac": _text(30),
    "language": _language,
    "trial": _flag,
    "addons": _addons,
}


@api.post("/users")
@allow("anyone")
def new_user() -> ResponseReturnValue:
    told = fields(_NEW)
    for needed in ("plan", "term", "name"):
        if not told.get(needed):
            raise InvalidInput(needed, "is missing")
    with acting() as tx:
        added = add_user(tx, asking_reseller(tx.session).id, NewUser(**told))
    return {
        "id": added.subscription_id,
        "credits": in_credits(added.credits_minor),
        "paid_through": added.paid_through,
    }, 201


@api.post("/users/<int:key>/renew")
@allow("anyone")
def renew(key: int) -> ResponseReturnValue:
    with acting() as tx:
        done = renew_user(tx, key)
    return {"id": key, "credits": in_credits(done.credits_minor), "paid_through": done.paid_through}


@api.post("/users/<int:key>/block")
@allow("anyone")
def block(key: int) -> ResponseReturnValue:
    with acting() as tx:
        disable_user(tx, key)
        return _one(tx.session, key)


@api.post("/users/<int:key>/unblock")
@allow("anyone")
def unblock(key: int) -> ResponseReturnValue:
    with acting() as tx:
        enable_user(tx, key)
        return _one(tx.session, key)


@api.get("/users/<int:key>/access")
@allow("anyone")
def access(key: int) -> ResponseReturnValue:
    """What the user needs to watch; each look stands in the audit trail, as in the area."""
    with writing(asker()) as tx:
        seen_user(tx.session, asker(), key)
        handed = hand_out_access(tx, key)
    return {"id": key, "language": handed.language, "text": handed.text}
