"""To which plans one may be changed, and when: the exceptions from what the prices say."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import SelectField, StringField

from billhead.actions.catalogue.allow_change import allow_change
from billhead.db import reading, writing
from billhead.models.catalogue import Plan, PlanChange
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.plan_forms import CHANGES, LINES
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []


_RULED = {
    "immediate": CHANGES["immediate"],
    "end_of_term": CHANGES["end_of_term"],
    "forbidden": later("not possible"),
}


class WayForm(Form):
    to_plan = SelectField(later("Change to"), coerce=int)
    term = StringField(later("For the term"), filters=[stripped], description=later("Like 1 year. Empty: any."))
    allowed = SelectField(
        later("Is"),
        choices={"": later("as the plan has it"), **_RULED},
    )


@admin.route("/catalogue/<int:key>/ways", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def plan_ways(key: int) -> ResponseReturnValue:
    with reading() as session:
        plan = found(session, Plan, key, "plan")
        others = session.execute(
            select(Plan.id, Plan.name)
            .where(Plan.seller_id == plan.seller_id, Plan.kind.in_((*LINES, "bundle")), Plan.retired.is_(False))
            .order_by(Plan.name)
        ).all()
        rules = session.execute(
            select(PlanChange, Plan.name)
            .join(Plan, Plan.id == PlanChange.to_plan_id)
            .where(PlanChange.from_plan_id == key)
            .order_by(Plan.name, PlanChange.term)
        ).all()
    form = WayForm()
    form.to_plan.choices = {str(other): name for other, name in others}
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                allow_change(tx, key, form.to_plan.data, form.term.data or "", form.allowed.data)
            flash(say("The way between the plans is saved."), "good")
            return redirect(url_for("admin.plan_ways", key=key), 303)
    status = 422 if form.is_submitted() else 200
    return page("admin/plan_ways.html", plan=plan, form=form, rules=rules, words=_RULED), status
