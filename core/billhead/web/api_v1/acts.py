"""What else a program does for one user, and with the credits: automatic renewal, another plan, the end, a line's
password and box, credits passed on; by the actions of the reseller's area."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.access.reset_line_password import reset_line_password
from billhead.actions.provisioning.swap_mac import swap_mac
from billhead.actions.resellers._renewal_costs import renewal_costs
from billhead.actions.resellers._renewing_alone import due_renewals, is_due
from billhead.actions.resellers._seen import seen_user
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers.change_user import WAYS, UserChange, change_user, preview_change_user
from billhead.actions.resellers.set_user_renewal import set_user_renewal
from billhead.actions.resellers.terminate_user import terminate_user
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.db import Tx, reading
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.people import Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.api_v1.asking import api, asking_reseller, in_credits
from billhead.web.api_v1.users import one_user
from billhead.web.programs import acting, addons, asker, fields, flag, no_fields, text

__all__: list[str] = []

_DUE = 500


@api.get("/renewals")
@allow("anyone")
def renewals() -> ResponseReturnValue:
    """Of the users that this reseller pays for: who is due to be renewed by itself, and what that takes."""
    with reading() as session:
        mine = due_renewals().where(Subscription.payer_reseller_id == asking_reseller(session).id).limit(_DUE)
        due = [row for row in session.execute(mine) if is_due(row.paid_through, row.zone)]
        starts = {row.id: max(row.paid_through, clock.today_in(row.zone)) for row in due}
        costs = renewal_costs(session, starts) if starts else {}
    told = [
        {
            "id": row.id,
            "paid_through": row.paid_through.isoformat(),
            "credits": None if costs[row.id].missing else in_credits(costs[row.id].minor),
            "why_not": costs[row.id].missing or row.why or None,
        }
        for row in due
    ]
    return {"renewals": told, "credits": in_credits(sum(cost.minor for cost in costs.values() if not cost.missing))}


@api.post("/users/<int:key>/automatic-renewal")
@allow("anyone")
def automatic_renewal(key: int) -> ResponseReturnValue:
    with acting() as tx:
        seen_user(tx.session, asker(), key)
        told = fields({"on": flag})
        if "on" not in told:
            raise InvalidInput("on", "is missing")
        set_user_renewal(tx, key, told["on"])
        return one_user(tx.session, key)


_WISH = {"plan": text(100), "term": text(40), "addons": addons, "way": text(20)}


def _wish(told: dict[str, Any]) -> UserChange:
    return UserChange(told.get("plan", ""), told.get("term", ""), told.get("addons"), told.get("way", WAYS[0]))


@api.post("/users/<int:key>/change/preview")
@allow("anyone")
def change_preview(key: int) -> ResponseReturnValue:
    """Changes nothing, and needs no key of its own."""
    with reading() as session:
        seen_user(session, asker(), key)
        wish = _wish(fields(_WISH))
        seen = preview_change_user(Tx(asker(), session), key, wish)
    figures = {name: in_credits(getattr(seen, f"{name}_minor")) for name in ("left", "costs", "pay", "back", "lapses")}
    return {"id": key, **figures, "paid_through": seen.paid_through}


@api.post("/users/<int:key>/change")
@allow("anyone")
def change(key: int) -> ResponseReturnValue:
    """`pay` is what the preview has told; where it would be something else now, nothing is done."""
    with acting() as tx:
        seen_user(tx.session, asker(), key)
        told = fields(_WISH | {"pay": text(20)})
        wish = _wish(told)
        done = change_user(tx, key, wish, pay=_amount("pay", told["pay"]) if told.get("pay") else None)
    figures = {"pay": in_credits(done.pay_minor), "back": in_credits(done.back_minor)}
    return {"id": key, **figures, "paid_through": done.paid_through}


@api.post("/users/<int:key>/end")
@allow("anyone")
def end(key: int) -> ResponseReturnValue:
    no_fields()
    with acting() as tx:
        done = terminate_user(tx, key)
    return {"id": key, "back": in_credits(done.returned_minor)}


@api.post("/users/<int:key>/lines/<int:line>/password")
@allow("anyone")
def line_password(key: int, line: int) -> ResponseReturnValue:
    no_fields()
    with acting() as tx:
        reset_line_password(tx, _line_of(tx.session, key, line))
        return one_user(tx.session, key)


@api.post("/users/<int:key>/lines/<int:line>/box")
@allow("anyone")
def another_box(key: int, line: int) -> ResponseReturnValue:
    with acting() as tx:
        service_id = _line_of(tx.session, key, line)
        swap_mac(tx, service_id, fields({"mac": text(30)}, ("mac",))["mac"])
        return one_user(tx.session, key)


def _line_of(session: Session, key: int, line: int) -> int:
    """Raises NotFound for a line that is not this user's, or not wanted any more."""
    seen_user(session, asker(), key)
    mine = Service.subscription_id == key, Service.lifecycle == "wanted"
    if session.scalar(select(Service.id).where(Service.id == line, *mine)) is None:
        raise NotFound("line", line)
    return line


@api.post("/credits/pass-on")
@allow("anyone")
def pass_on() -> ResponseReturnValue:
    told = fields({"to": text(100), "credits": text(20), "reason": text(200)}, ("to", "credits"))
    amount = _amount("credits", told["credits"])
    with acting(told.get("reason", "")) as tx:
        me = asking_reseller(tx.session)
        below = Reseller.id.in_(subtree(me.id)), Reseller.id != me.id, Reseller.removed_on.is_(None)
        to = tx.session.scalar(select(Reseller.id).where(Reseller.code == told["to"], *below))
        if to is None:
            raise NotFound("reseller below", told["to"])
        done = transfer_credits(tx, me.id, to, amount)
    return {"to": told["to"], "credits": in_credits(amount.minor), "left": in_credits(done.balance_minor)}


def _amount(name: str, typed: str) -> Money:
    try:
        return Money.parse(typed, CREDITS)
    except InvalidInput as refused:
        raise InvalidInput(name, refused.why) from refused
