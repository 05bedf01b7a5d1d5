"""Dunning: the operator's tables of stages with what they would do today, and the promises to pay."""

from collections import Counter
from itertools import islice
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.dunning._entering import fee_text
from billhead.actions.dunning._terms import DunningTerms, Policies, terms_of_policy
from billhead.actions.dunning.dun import Due, preview_dun
from billhead.actions.dunning.remove_policy import remove_policy
from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
from billhead.bulk import collector_at_rest
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.dunning import StageAction
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.dunning import DunningPolicy, PaymentPromise
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import amount, instant, on, state, text
from billhead.web.admin.dunning_form import PolicyForm, entry_of, filled, form_values
from billhead.web.admin.listing import Choice, Listing
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import marked, say

__all__ = ["PROMISES"]

_SHOWN = 50
_COUNTED = 20_000


@admin.get("/dunning")
@allow("staff")
def dunning() -> ResponseReturnValue:
    with reading() as session:
        rows = session.execute(
            select(DunningPolicy, Seller.name, Plan.name.label("plan"))
            .join(Seller, Seller.id == DunningPolicy.seller_id)
            .outerjoin(Plan, Plan.id == DunningPolicy.plan_id)
            .order_by(Seller.name, DunningPolicy.plan_id, DunningPolicy.price_group)
        ).all()
        policies = [(row, seller, plan, terms_of_policy(row)) for row, seller, plan in rows]
        sellers = session.execute(select(Seller.id, Seller.name).order_by(Seller.name)).all()
        own = {row.seller_id for row, _, _, _ in policies if row.plan_id is None and not row.price_group}
        today = _today(session)
    return page(
        "admin/dunning.html",
        policies=policies,
        sellers=sellers,
        without=[seller for seller in sellers if seller.id not in own],
        house=DunningTerms(),
        fee_text=fee_text,
        today=today,
    )


@collector_at_rest()
def _today(session: Session, policies: Policies | None = None) -> dict[str, Any]:
    """What the stages would do now: how often each, and the first debts by name."""
    counts: Counter[StageAction] = Counter()
    shown: list[Due] = []
    for due in islice(preview_dun(Tx(current_ctx(), session), policies), _COUNTED):
        counts.update(stage.action for stage in due.stages)
        if len(shown) < _SHOWN:
            shown.append(due)
    return {"counts": [(action, counts[action]) for action in StageAction if counts[action]], "debts": shown}


@admin.route("/dunning/policies/new", methods=["GET", "POST"])
@allow("staff", permission="dunning.write")
def add_policy() -> ResponseReturnValue:
    return _edit(None)


@admin.route("/dunning/policies/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="dunning.write")
def policy(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, DunningPolicy, key, "dunning policy")
    return _edit(row)


def _edit(row: DunningPolicy | None) -> ResponseReturnValue:
    """Save, or show who would be affected today by what was entered."""
    with reading() as session:
        seller_id = row.seller_id if row is not None else _asked_seller(session)
        form = PolicyForm(data=None if request.method == "POST" else form_values(session, row))
        form.offer(session, seller_id)
        seller = session.get_one(Seller, seller_id)
    affected = None
    if form.validate_on_submit():
        with form.refusals():
            entry = entry_of(form, seller_id)
            if "preview" in request.form:
                affected = _affected(entry)
            else:
                with writing(submit_ctx()) as tx:
                    save_policy(tx, entry)
                flash(say("Saved. It counts from the next run on."), "good")
                return redirect(url_for("admin.dunning"), 303)
    refused = form.is_submitted() and affected is None
    filled(form)
    shown = page("admin/dunning_policy.html", form=form, row=row, of_seller=seller, today=affected, fee_text=fee_text)
    return shown, 422 if refused else 200


def _asked_seller(session: Session) -> int:
    asked = whole_number(request.args.get("seller", ""))
    row = session.get(Seller, asked) if asked is not None else None
    return row.id if row is not None else session.scalars(select(Seller.id).order_by(Seller.id).limit(1)).one()


def _affected(entry: PolicyEntry) -> dict[str, Any]:
    terms = DunningTerms(None, tuple(entry.stages), entry.retries, entry.promises, entry.credits_suspended_days)
    with reading() as session:
        instead = {(entry.seller_id, entry.plan_id, entry.price_group): terms}
        return _today(session, Policies(session, instead))


@admin.route("/dunning/policies/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission="dunning.write")
def remove_dunning_policy(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, DunningPolicy, key, "dunning policy")
    question = Question(
        say("Remove the stages for %(name)s?", name=row.name),
        say("Debts follow the next wider table from the next run on. What was done stays done."),
        say("Remove"),
        url_for("admin.dunning"),
    )

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            remove_policy(tx, key)
        return say("Removed: %(name)s.", name=row.name)

    return asked(question, ReasonForm(), act)


PROMISES = Listing(
    name="promises",
    title=marked("Promises to pay"),
    query=select(
        PaymentPromise.id,
        PaymentPromise.customer_id,
        Customer.name.label("customer"),
        PaymentPromise.subscription_id,
        PaymentPromise.state,
        PaymentPromise.asked_on,
        PaymentPromise.day,
        PaymentPromise.owed_minor,
        PaymentPromise.currency,
        PaymentPromise.actor,
        PaymentPromise.created_at,
    ).join(Customer, Customer.id == PaymentPromise.customer_id),
    key=PaymentPromise.id,
    columns=(
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Subscription"), "subscription_id", to="subscription", key="subscription_id"),
        state(marked("State"), "state"),
        on(marked("Asked"), "asked_on"),
        on(marked("Pays by"), "day"),
        amount(marked("Owed then"), "owed_minor"),
        text(marked("By"), "actor"),
        instant(marked("Made"), "created_at"),
    ),
    choices=(Choice("state", marked("State"), PaymentPromise.state, ("open", "kept", "broken")),),
    narrow={"customer": PaymentPromise.customer_id, "subscription": PaymentPromise.subscription_id},
    empty=marked("Nobody has promised to pay yet. Customers may where their seller’s stages say so."),
)


@admin.get("/promises")
@allow("staff")
def promises() -> ResponseReturnValue:
    return PROMISES.answer()
