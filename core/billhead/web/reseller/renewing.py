"""Renew one user or many: what it costs and until when is shown first; many are done one by one, with a result each."""

from collections.abc import Sequence
from datetime import date, timedelta

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.resellers._seen import seen_renewals
from billhead.actions.resellers.renew_many import ManyPreview, preview_renew_many, renew_many
from billhead.actions.resellers.renew_user import preview_renew_user, renew_user
from billhead.actions.resellers.stop_renewals import stop_renewals
from billhead.db import Tx, reading, writing
from billhead.domain.errors import BillheadError
from billhead.domain.whole_number import whole_number
from billhead.models.people import Customer
from billhead.models.resellers import BulkRenewalItem
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.formatting import day, lasting
from billhead.web.looking import next_look
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import in_credits, own_id, reseller
from billhead.web.reseller.asking import Figures, Question, asked
from billhead.web.reseller.own_users import own_user
from billhead.web.reseller.users import filtered
from billhead.web.reseller.worth import left_after
from billhead.web.speaking import say, say_count

__all__ = ["picked"]

_MOST = 500
_NAMED = 50


def _last(paid_through: str) -> Markup:
    """The last paid day, from the first one that is not."""
    return day(date.fromisoformat(paid_through) - timedelta(days=1))


@reseller.route("/users/<int:key>/renew", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def renew(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen = own_user(session, key)

    def figures(tx: Tx) -> Figures:
        planned = preview_renew_user(tx, key)
        return (
            (say("Plan"), f"{seen.plan.name}, {lasting(seen.subscription.term)}"),
            (say("Costs"), in_credits(planned.credits_minor)),
            (say("Runs until"), _last(planned.paid_through)),
            *left_after(tx, seen.subscription, planned.credits_minor),
        )

    def act(tx: Tx) -> str:
        done = renew_user(tx, key)
        told = "%(name)s is renewed: %(credits)s credits are held until the line has it."
        return say(told, name=seen.customer.name, credits=in_credits(done.credits_minor))

    back = url_for("reseller.user", key=key)
    title = say("Renew %(name)s?", name=seen.customer.name)
    question = Question(title, say("One more term, from the end of what is paid."), say("Renew"), back)
    return asked(question, figures, act)


@reseller.post("/users/renew")
@allow("reseller", "super_reseller")
def renew_picked() -> ResponseReturnValue:
    """First what it costs and who can't be renewed, then the yes (`sure` says what was seen)."""
    with reading() as session:
        ids = picked(session)
        if not ids:
            flash(say("Pick at least one user."), "warn")
            return redirect(url_for("reseller.users"), 303)
        planned = preview_renew_many(Tx(current_ctx(), session), own_id(), ids)
        names = _names(session, [key for key, _ in planned.refused[:_NAMED]])
    problem, status, sure = "", 200, _seen(planned)
    if request.form.get("sure") == sure:
        try:
            with writing(submit_ctx()) as tx:
                begun = renew_many(tx, own_id(), ids)
        except BillheadError as refused:
            problem, status = refusal(refused)
        else:
            return redirect(url_for("reseller.renewal", key=begun.bulk_id), 303)
    elif request.form.get("sure"):
        problem = say("This has changed in the meantime. Look at it again.")
    shown = {"ids": ids, "planned": planned, "names": names, "sure": sure}
    return page("reseller/renew_many.html", **shown, problem=problem), status


def picked(session: Session) -> list[int]:
    """What the list's form names: the ticked ones, or all that its filters find."""
    if request.form.get("all"):
        query = filtered(session, request.form).with_only_columns(Subscription.id, maintain_column_froms=True)
        return list(session.scalars(query.order_by(Subscription.id).limit(_MOST)))
    return sorted({number for text in request.form.getlist("pick") if (number := whole_number(text)) is not None})


def _seen(planned: ManyPreview) -> str:
    return f"{planned.renewable}:{planned.credits_minor}:{len(planned.refused)}"


def _names(session: Session, keys: Sequence[int]) -> dict[int, str]:
    rows = session.execute(
        select(Subscription.id, Customer.name)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(Subscription.id.in_(keys))
    )
    return {row.id: row.name for row in rows}


@reseller.get("/renewals/<int:key>")
@allow("reseller", "super_reseller")
def renewal(key: int) -> ResponseReturnValue:
    with reading() as session:
        bulk = seen_renewals(session, current_ctx(), key)
        item = BulkRenewalItem
        query = (
            select(
                item.id,
                item.state,
                item.credits_minor,
                item.paid_through,
                item.why,
                item.subscription_id,
                Customer.name,
            )
            .join(Subscription, Subscription.id == item.subscription_id)
            .join(Customer, Customer.id == Subscription.customer_id)
            .where(item.bulk_id == key)
        )
        if request.args.get("show") in ("renewed", "refused", "waiting", "stopped"):
            query = query.where(item.state == request.args["show"])
        rows = page_of(session, query, item.id, whole_rows=True, size=_NAMED)
    look = next_look() if bulk.state == "running" else ""
    return page("reseller/renewal.html", bulk=bulk, rows=rows, look=look, last=_last)


@reseller.route("/renewals/<int:key>/stop", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def stop_renewal(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen_renewals(session, current_ctx(), key)

    def act(tx: Tx) -> str:
        left = stop_renewals(tx, key).left
        return say_count(
            "Stopped: %(count)d user is left as it was.", "Stopped: %(count)d users are left as they were.", left
        )

    text = say("Who is renewed stays so, with the credits for it; who waits is left as it is.")
    back = url_for("reseller.renewal", key=key)
    question = Question(say("Stop these renewals?"), text, say("Stop"), back, danger=True)
    return asked(question, lambda _tx: (), act)
