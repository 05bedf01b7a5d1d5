"""Another plan, another term, more connections or bouquets for a user: what it costs is shown before it is done."""

from datetime import date
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.resellers._changed_parts import running_parts
from billhead.actions.resellers.change_user import WAYS, UserChange, UserChangePreview, change_user, preview_change_user
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.clock import today_in
from billhead.db import Tx, reading, writing
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.formatting import day, last_day
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import in_credits, own_customer, own_reseller, reseller
from billhead.web.reseller.offers import AddOn, Offer, addons_for, changes_for
from billhead.web.reseller.own_users import Seen, own_user
from billhead.web.reseller.worth import left_after
from billhead.web.speaking import say

__all__: list[str] = []


@reseller.route("/users/<int:key>/change", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def change(key: int) -> ResponseReturnValue:
    """The form, then the same page with the cost and a button to confirm it."""
    form = request.form if request.method == "POST" else request.args
    preview: UserChangePreview | None = None
    left: list[tuple[str, str]] = []
    problem, status = "", 200
    with reading() as session:
        seen = own_user(session, key)
        offers, addons, had = _choices(session, seen)
        if "offer" in form:
            tx = Tx(current_ctx(), session)
            try:
                preview = preview_change_user(tx, key, _wish(form, offers, addons, had))
                left = left_after(tx, seen.subscription, preview.pay_minor - preview.back_minor)
            except BillheadError as refused:
                problem, status = refusal(refused)
    if request.method == "POST" and preview is not None:
        if form.get("sure") == _seen(preview):
            try:
                with writing(submit_ctx()) as tx:
                    done = change_user(tx, key, _wish(form, offers, addons, had))
            except BillheadError as refused:
                problem, status = refusal(refused)
            else:
                paid, back = in_credits(done.pay_minor), in_credits(done.back_minor)
                flash(
                    say("On its way to the lines; %(credits)s credits come back then.", credits=back)
                    if done.back_minor
                    else say("On its way to the lines; %(credits)s credits are held until then.", credits=paid),
                    "good",
                )
                return redirect(url_for("reseller.user", key=key), 303)
        else:
            problem = say("This has changed in the meantime. Look at it again.")
    shown: dict[str, Any] = {"seen": seen, "offers": offers, "addons": addons, "had": had, "form": form, "ways": WAYS}
    sure = _seen(preview) if preview else ""
    shown["paid_until"] = day(last_day(date.fromisoformat(preview.paid_through))) if preview else ""
    return page("reseller/change.html", **shown, preview=preview, left=left, problem=problem, sure=sure), status


def _choices(session: Session, seen: Seen) -> tuple[list[Offer], list[AddOn], dict[str, int]]:
    """Plans whose lines are those that there are, what can be added to them, and how many of each part there are."""
    me, own, one = own_reseller(session), own_customer(session), seen.subscription
    kinds = tuple(line.service.kind for line in seen.lines)
    parts = running_parts(Tx(current_ctx(), session), one, today_in(one.zone))
    codes = dict(session.execute(select(Plan.id, Plan.code).where(Plan.id.in_([p.plan_id for p in parts]))).all())
    had = {codes[part.plan_id]: part.quantity for part in parts if part.kind != "plan"}
    lives = seen.customer.country
    offers = changes_for(session, me, own, lives, {seen.plan.code}, kinds)
    addons = addons_for(session, me, own, {seen.plan.code, *(offer.code for offer in offers)}, lives, had)
    return offers, addons, had


def _wish(form: Any, offers: list[Offer], addons: list[AddOn], had: dict[str, int]) -> UserChange:
    """An empty `offer`: the plan stays. Parts that can't be chosen here (a rented box) stay as they are."""
    value = form.get("offer", "")
    if value and value not in [one.value for one in offers]:
        raise InvalidInput("offer", say("choose one of the plans"))
    plan, _, term = value.partition("|")
    wanted = dict(had)
    for one in addons:
        typed = form.get(f"addon-{one.code}", "")
        if typed and whole_number(typed, 3) is None:
            raise InvalidInput(
                "addons", say("%(addon)s: choose a number from 0 to %(most)s", addon=one.name, most=one.most)
            )
        if typed:
            wanted[one.code] = int(typed)
    same = {code: number for code, number in wanted.items() if number} == had
    orders = None if same else tuple(AddOnOrder(code, number) for code, number in wanted.items() if number)
    return UserChange(plan, term, orders, form.get("way", WAYS[0]))


def _seen(preview: UserChangePreview) -> str:
    return f"{preview.pay_minor}:{preview.back_minor}:{preview.paid_through}"
