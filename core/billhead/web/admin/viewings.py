"""Viewings for staff: how far each panel is read, what becomes of them, and who watched without being known."""

from collections.abc import Iterable, Mapping

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import IntegerField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from billhead.actions.viewings.drop_viewing_rule import drop_viewing_rule
from billhead.actions.viewings.queue_reading import queue_reading
from billhead.actions.viewings.save_viewing_rule import MEASURES, ViewingMeasure, save_viewing_rule
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.panels import Panel
from billhead.models.usage import UsageMetric
from billhead.models.viewings import Viewing, ViewingCursor, ViewingRule
from billhead.plugin import ViewingKind, allow
from billhead.plugin_host import capabilities_of
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []

_UNKNOWN = 50


@admin.get("/viewings")
@allow("staff")
def viewings() -> ResponseReturnValue:
    with reading() as session:
        panels = session.execute(
            select(Panel, ViewingCursor)
            .outerjoin(ViewingCursor, ViewingCursor.panel_id == Panel.id)
            .order_by(Panel.code)
        ).all()
        rules = session.scalars(select(ViewingRule).where(ViewingRule.seller_id == own_seller_id())).all()
        strangers = session.execute(
            select(Viewing.panel_id, Viewing.login, Viewing.ref, func.count().label("times"))
            .where(Viewing.service_id == 0)
            .group_by(Viewing.panel_id, Viewing.login, Viewing.ref)
            .order_by(func.count().desc())
            .limit(_UNKNOWN)
        ).all()
    codes = {panel.id: panel.code for panel, _ in panels}
    tells = _told(panel for panel, _ in panels)
    shown = {"tells": tells, "heard": _heard(tells)}
    return page("admin/viewings.html", panels=panels, rules=rules, strangers=strangers, codes=codes, **shown)


def _told(panels: Iterable[Panel]) -> dict[int, frozenset[ViewingKind]]:
    """The kinds of what was watched that each panel tells."""
    able = {panel.id: capabilities_of(panel) for panel in panels}
    return {key: can.viewings if can is not None else frozenset() for key, can in able.items()}


def _heard(tells: Mapping[int, frozenset[ViewingKind]]) -> frozenset[ViewingKind]:
    return frozenset[ViewingKind]().union(*tells.values())


@admin.post("/panels/<int:key>/viewings")
@allow("staff", permission="panels.write")
def read_panel_viewings(key: int) -> ResponseReturnValue:
    with reading() as session:
        panel = found(session, Panel, key, "panel")
    with writing(submit_ctx()) as tx:
        queue_reading(tx, key)
    flash(say("%(code)s is read. Load this page again in a moment.", code=panel.code), "good")
    return redirect(url_for("admin.viewings"), 303)


class RuleForm(Form):
    kind = SelectField(later("What was watched"))
    metric = SelectField(later("Counts as"))
    measure = SelectField(later("Measured in"), choices={measure: later(measure) for measure in MEASURES})
    least_seconds = IntegerField(
        later("From so many seconds"),
        default=60,
        validators=[InputRequired()],
        description=later("What is shorter is zapping."),
    )
    gap_minutes = IntegerField(
        later("Minutes between sessions of one view"),
        default=240,
        validators=[InputRequired()],
        description=later("Of views only: who pauses a film and goes on has seen it once."),
    )
    items = TextAreaField(
        later("Only these"), description=later("The panel's numbers of channels or films, one a line. Empty: all.")
    )


@admin.route("/viewings/rule", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def viewing_rule() -> ResponseReturnValue:
    form = RuleForm()
    with reading() as session:
        metrics = select(UsageMetric.code, UsageMetric.name).where(UsageMetric.seller_id == own_seller_id())
        form.metric.choices = dict(session.execute(metrics.order_by(UsageMetric.name)).all())
        heard = _heard(_told(session.scalars(select(Panel))))
    form.kind.choices = {
        kind.value: say(kind.value) if kind in heard else say("%(kind)s (no panel tells it)", kind=say(kind.value))
        for kind in ViewingKind
    }
    if form.validate_on_submit():
        with form.refusals():
            told = ViewingMeasure(
                form.kind.data, form.metric.data, form.measure.data, form.least_seconds.data, form.gap_minutes.data,
                tuple((form.items.data or "").split()),
            )  # fmt: skip
            with writing(submit_ctx()) as tx:
                save_viewing_rule(tx, own_seller_id(), told)
            flash(say("Saved. It holds for what is read from now on."), "good")
            return redirect(url_for("admin.viewings"), 303)
    lead = "" if form.metric.choices else say("There is no metric yet: add one under Catalogue, What is counted.")
    shown = page(
        "admin/entry.html", form=form, title=say("Count viewings"), lead=lead, back=url_for("admin.viewings"),
        section="viewings",
    )  # fmt: skip
    return shown, 422 if form.is_submitted() else 200


@admin.route("/viewings/rule/<int:key>/drop", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def remove_viewing_rule(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, ViewingRule, key, "viewing rule")
    title = say("Count %(kind)s no more as %(metric)s?", kind=say(row.kind), metric=row.metric)
    text = say("What was counted stays, and is billed.")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            drop_viewing_rule(tx, key)
        return say("It is counted no more.")

    return asked(Question(title, text, say("Count it no more"), url_for("admin.viewings")), ReasonForm(), act)
