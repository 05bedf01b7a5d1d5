"""What a subscription has, changed; held and resumed; given a coupon. As the pages of the admin area do it: what it
comes to is asked first, and done only if it is still that."""

from collections.abc import Callable
from typing import Any

from flask.typing import ResponseReturnValue

from billhead.actions.coupons.redeem_coupon import redeem_coupon
from billhead.actions.subscriptions.change import ChangeWish, change, preview_change
from billhead.actions.subscriptions.hold import hold, preview_hold
from billhead.actions.subscriptions.resume import Resumed, preview_resume, resume
from billhead.db import Tx, reading
from billhead.domain.errors import InvalidInput
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import found
from billhead.web.api_staff.asking import REASON, amount, api_staff, count, day, needing, quoted, typed
from billhead.web.programs import acting, addons, asker, fields, flag, no_fields, text

__all__ = ["MOMENTS"]

MOMENTS = ("immediate", "end_of_term")
_NEEDS = "subscriptions.write"
_SEEN = REASON | {"seen": text(200)}
_WISH = {
    "plan": text(100),
    "term": text(40),
    "addons": addons,
    "quantity": count,
    "when": text(20),
    "on": typed,
    "restart": flag,
}
_DAYS: dict[str, Callable[[object], Any]] = {"starts_on": typed, "ends_on": typed}


def _wish(key: int, told: dict[str, Any]) -> ChangeWish:
    if told.get("when") and told["when"] not in MOMENTS:
        raise InvalidInput("when", f"is not one of {', '.join(MOMENTS)}")
    return ChangeWish(key, **{name: told[name] for name in _WISH if name in told})


@api_staff.post("/subscriptions/<int:key>/change/preview")
@allow("anyone")
def change_preview(key: int) -> ResponseReturnValue:
    """Changes nothing, and needs no key of its own. What is not said stays as it is; `addons` replaces all."""
    needing(_NEEDS)
    wish = _wish(key, fields(_WISH))
    with reading() as session:
        found(session, Subscription, key, "subscription")
        told = preview_change(Tx(asker(), session), wish)
    figures = {name: amount(getattr(told, f"{name}_minor"), told.currency) for name in _FIGURES}
    days = {name: day(getattr(told, name)) for name in ("effective_on", "renews_on", "free_until", "ends_on")}
    more = {"id": key, "when": told.when, "currency": told.currency, "must_pay": told.must_pay, "days": told.days}
    return more | figures | days | {"lines": [quoted(line, told.currency) for line in told.lines], "seen": told.seen}


_FIGURES = ("net", "tax", "total", "renewal")


@api_staff.post("/subscriptions/<int:key>/change")
@allow("anyone")
def change_subscription(key: int) -> ResponseReturnValue:
    """With `seen` as the preview told it, only if it is still that."""
    needing(_NEEDS)
    told = fields(_WISH | _SEEN, ("reason",))
    with acting(told["reason"]) as tx:
        found(tx.session, Subscription, key, "subscription")
        done = change(tx, _wish(key, told), told.get("seen", ""))
    return {
        "id": key,
        "state": done.state,
        "effective_on": done.effective_on,
        "document": done.document_id,
        "runs_until": done.runs_until or None,
    }


@api_staff.post("/subscriptions/<int:key>/hold/preview")
@allow("anyone")
def hold_preview(key: int) -> ResponseReturnValue:
    needing(_NEEDS)
    told = fields(_DAYS)
    with reading() as session:
        found(session, Subscription, key, "subscription")
        planned = preview_hold(Tx(asker(), session), key, told.get("starts_on"), told.get("ends_on"))
    return {
        "id": key,
        "starts_on": day(planned.starts_on),
        "ends_on": day(planned.ends_on),
        "way": planned.way,
        "currency": planned.currency,
        "credit": amount(planned.credit_minor, planned.currency),
        "seen": planned.seen,
    }


@api_staff.post("/subscriptions/<int:key>/hold")
@allow("anyone")
def hold_subscription(key: int) -> ResponseReturnValue:
    """From `starts_on` (today without it) to the day before `ends_on` (without it until it is resumed)."""
    needing(_NEEDS)
    told = fields(_DAYS | _SEEN, ("reason",))
    with acting(told["reason"]) as tx:
        currency = found(tx.session, Subscription, key, "subscription").currency
        done = hold(tx, key, told.get("starts_on"), told.get("ends_on"), seen=told.get("seen", ""))
    return {"id": key, "state": done.state, "document": done.document_id, "credit": amount(done.credit_minor, currency)}


@api_staff.post("/subscriptions/<int:key>/resume/preview")
@allow("anyone")
def resume_preview(key: int) -> ResponseReturnValue:
    needing(_NEEDS)
    no_fields()
    with reading() as session:
        currency = found(session, Subscription, key, "subscription").currency
    told = preview_resume(asker(), key)
    figures = _resumed(key, told, currency)
    return {name: value for name, value in figures.items() if name != "document"} | {"seen": told.seen}


@api_staff.post("/subscriptions/<int:key>/resume")
@allow("anyone")
def resume_subscription(key: int) -> ResponseReturnValue:
    needing(_NEEDS)
    told = fields(_SEEN, ("reason",))
    with acting(told["reason"]) as tx:
        currency = found(tx.session, Subscription, key, "subscription").currency
        done = resume(tx, key, seen=told.get("seen", ""))
    return _resumed(key, done, currency)


def _resumed(key: int, done: Resumed, currency: str) -> dict[str, object]:
    return {
        "id": key,
        "paid_through": done.paid_through or None,
        "document": done.document_id,
        "currency": currency,
        "total": amount(done.total_minor, currency),
        "owed": amount(done.owed_minor, currency),
    }


@api_staff.post("/subscriptions/<int:key>/coupon")
@allow("anyone")
def give_coupon(key: int) -> ResponseReturnValue:
    """It makes the next cycle cheaper that is billed."""
    told = fields(REASON | {"code": text(40)}, ("reason", "code"))
    with acting(told["reason"]) as tx:
        found(tx.session, Subscription, key, "subscription")
        given = redeem_coupon(tx, key, told["code"])
    return {"id": key, "code": given.code}
