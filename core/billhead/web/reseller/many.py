"""The same for many users: renewed, disabled, enabled or ended. First the figures, then its progress, and a stop."""

from collections.abc import Mapping, Sequence
from datetime import date

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._seen import seen_many
from billhead.actions.resellers.do_many import MOST, ManyPreview, do_many, preview_do_many
from billhead.actions.resellers.stop_many import stop_many
from billhead.db import Tx, reading, writing
from billhead.domain.errors import BillheadError
from billhead.domain.periods import by_length
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.resellers import UserBulkItem
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.looking import next_look
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import own_customer, own_id, own_reseller, reseller
from billhead.web.reseller.asking import Question, asked
from billhead.web.reseller.offers import offers_for
from billhead.web.reseller.renewing import last_paid
from billhead.web.reseller.users import filtered
from billhead.web.speaking import marked, say, say_count

__all__ = ["picked"]

_NAMED = 50
_DONE: Mapping[str, str] = {
    "renew": marked("Renewed"), "disable": marked("Disabled"), "enable": marked("Enabled"), "end": marked("Ended"),
}  # fmt: skip
"""By what is done: the word for whoever it is done to."""


@reseller.post("/users/many")
@allow("reseller", "super_reseller")
def many_picked() -> ResponseReturnValue:
    """First what it takes or brings back and to whom it can't be done, then the yes (`sure` says what was seen)."""
    kind, term = request.form.get("do", "renew"), request.form.get("term", "")
    with reading() as session:
        ids = picked(session)
        if not ids:
            flash(say("Pick at least one user."), "warn")
            return redirect(url_for("reseller.users"), 303)
        planned = preview_do_many(Tx(current_ctx(), session), own_id(), kind, ids, term)
        refused_ones = [key for key, _ in planned.refused]
        named = [key for keys in (planned.done, planned.short, refused_ones) for key in keys[:_NAMED]]
        people = _people(session, named)
        terms = _terms(session, ids) if kind == "renew" else []
    problem, status, sure = "", 200, f"{term}:{_seen(kind, planned)}"
    if request.form.get("look"):  # for another term: nothing has been said yes to
        pass
    elif request.form.get("sure") == sure:
        try:
            with writing(submit_ctx()) as tx:
                begun = do_many(tx, own_id(), kind, ids, term)
        except BillheadError as refused:
            problem, status = refusal(refused)
        else:
            return redirect(url_for("reseller.many", key=begun.bulk_id), 303)
    elif request.form.get("sure"):
        problem = say("This has changed in the meantime. Look at it again.")
    shown = {"ids": ids, "planned": planned, "people": people, "sure": sure, "kind": kind, "word": say(_DONE[kind])}
    return page("reseller/do_many.html", **shown, terms=terms, chosen_term=term, problem=problem), status


def picked(session: Session) -> list[int]:
    """What the list's form names: the ticked ones, or all that its filters find."""
    if request.form.get("all"):
        query = filtered(session, request.form).with_only_columns(Subscription.id, maintain_column_froms=True)
        return list(session.scalars(query.order_by(Subscription.id).limit(MOST)))
    return sorted({number for text in request.form.getlist("pick") if (number := whole_number(text)) is not None})


def _seen(kind: str, planned: ManyPreview) -> str:
    return f"{kind}:{planned.count}:{planned.credits_minor}:{len(planned.short)}:{len(planned.refused)}"


def _terms(session: Session, keys: Sequence[int]) -> list[str]:
    """For which some of their plans have a price, the shortest first."""
    of_them = select(Plan.code).join(Subscription, Subscription.plan_id == Plan.id).where(Subscription.id.in_(keys))
    plans = set(session.scalars(of_them.distinct()))
    offers = offers_for(session, own_reseller(session), own_customer(session))
    return sorted({one.term for one in offers if one.code in plans}, key=by_length)


def _people(session: Session, keys: Sequence[int]) -> dict[int, Row[int, date | None, str]]:
    """By subscription: name, and paid_through."""
    rows = session.execute(
        select(Subscription.id, Subscription.paid_through, Customer.name)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(Subscription.id.in_(keys))
    )
    return {row.id: row for row in rows}


@reseller.get("/many/<int:key>")
@allow("reseller", "super_reseller")
def many(key: int) -> ResponseReturnValue:
    with reading() as session:
        bulk = seen_many(session, current_ctx(), key)
        item = UserBulkItem
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
        if request.args.get("show") in ("done", "refused", "waiting", "stopped"):
            query = query.where(item.state == request.args["show"])
        rows = page_of(session, query, item.id, whole_rows=True, size=_NAMED)
    look = next_look() if bulk.state == "running" else ""
    return page("reseller/many.html", bulk=bulk, rows=rows, look=look, last=last_paid, word=say(_DONE[bulk.kind]))


@reseller.route("/many/<int:key>/stop", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def stop_many_users(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen_many(session, current_ctx(), key)

    def act(tx: Tx) -> str:
        left = stop_many(tx, key).left
        return say_count(
            "Stopped: %(count)d user is left as it was.", "Stopped: %(count)d users are left as they were.", left
        )

    text = say("What is done stays done, with the credits for it; who waits is left as it is.")
    question = Question(say("Stop it?"), text, say("Stop"), url_for("reseller.many", key=key), danger=True)
    return asked(question, lambda _tx: (), act)
