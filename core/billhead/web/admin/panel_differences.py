"""What the last comparison of a panel has found, as a list to filter, to take away and to repair; and the policy by
which a difference is mended, told or left."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import IntegerField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from billhead.actions.panels.ask_reconcile import ask_reconcile
from billhead.actions.panels.repair_differences import KINDS, preview_repair, repair_differences
from billhead.actions.panels.set_policy import FIELDS, POLICIES, set_policy
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.whole_number import whole_number
from billhead.models.panels import Panel, PanelDifference
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, code, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, say_count, speech

__all__ = ["DIFFERENCES"]

_NAMES = {
    "mac": "MAC",
    "plan": later("The panel's plan"),
    "expires_at": later("Expiry"),
    "blocked": later("Block"),
    "country": later("The only country to watch in"),
    "note": later("Our reference in the notes"),
}
_SAID = {
    "enforce": later("bring it in step"),
    "report": later("tell staff, change nothing"),
    "accept": later("the panel is right"),
}

DIFFERENCES = Listing(
    name="panel-differences",
    title=marked("Differences"),
    lead=marked(
        "What the last comparison has found: missing on the panel, there but not wanted, or different in a field."
    ),
    query=select(
        PanelDifference.id,
        PanelDifference.kind,
        PanelDifference.ref,
        PanelDifference.login,
        PanelDifference.service_id,
        PanelDifference.fields,
        PanelDifference.repair,
        PanelDifference.panel_id,
        Panel.name,
    ).join(Panel, Panel.id == PanelDifference.panel_id),
    key=PanelDifference.id,
    columns=(
        code(marked("Reference"), "ref"),
        text(marked("Login"), "login", to="service", key="service_id"),
        Column(marked("Difference"), lambda row: row.kind, lambda row: say(row.kind)),
        text(marked("Fields"), "fields"),
        Column(
            marked("Can be repaired"),
            lambda row: "yes" if row.repair else "no",
            lambda row: say("yes") if row.repair else "–",
        ),
        text(marked("Panel"), "name", to="panel", key="panel_id"),
    ),
    choices=(Choice("kind", marked("Difference"), PanelDifference.kind, KINDS),),
    search=lambda typed: (
        PanelDifference.login.icontains(typed, autoescape=True)
        | PanelDifference.ref.icontains(typed, autoescape=True)
        | PanelDifference.fields.icontains(typed, autoescape=True)
    ),
    search_label=marked("Login, reference or field"),
    narrow={"panel": PanelDifference.panel_id},
    empty=marked("Every line is as it should be, or no panel was compared yet."),
)


@admin.get("/panels/differences")
@allow("staff")
def differences() -> ResponseReturnValue:
    panel = whole_number(request.args.get("panel", ""))
    if panel is None:
        return DIFFERENCES.answer()
    repair = url_for("admin.repair_panel", key=panel, kind=request.args.get("kind", ""))
    return DIFFERENCES.answer(add=repair, add_label=say("Repair these"), add_needs="panels.write")


@admin.route("/panels/<int:key>/repair", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def repair_panel(key: int) -> ResponseReturnValue:
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    with reading() as session:
        row = found(session, Panel, key, "panel")
        counts = preview_repair(session, key)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            done = repair_differences(tx, key, kind)
        return say_count(
            "%(count)s line is queued; it is looked up again before anything is written.",
            "%(count)s lines are queued; each is looked up again before anything is written.",
            done.lines,
        )

    wanted = {name: count for name, count in counts.items() if kind in ("", name)}
    figures = ", ".join(f"{count} {say(name)}" for name, count in sorted(wanted.items())) or say(
        "nothing that can be repaired"
    )
    told = say(
        "By the last comparison: %(figures)s. Only free steps are taken; lines that are not ours are left alone.",
        figures=figures,
    )
    back = url_for("admin.differences", panel=key, kind=kind)
    return asked(
        Question(say("Repair lines of %(name)s?", name=row.name), told, say("Repair them"), back), ReasonForm(), act
    )


@admin.route("/panels/<int:key>/confirm", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def confirm_reconcile(key: int) -> ResponseReturnValue:
    """After the brake: compare again, and repair however many are missing."""
    with reading() as session:
        row = found(session, Panel, key, "panel")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            done = ask_reconcile(tx, key, confirmed=True)
        return say("Queued as job %(job)s.", job=done.job)

    held = speech().refusal(row.reconcile_report.get("held", "")) or say("Nothing is held back at the moment")
    told = say(
        "%(held)s. It is compared anew, and every line that is missing then is made again on %(name)s.",
        held=held,
        name=row.name,
    )
    back = url_for("admin.panel", key=key)
    return asked(Question(say("Repair all the same?"), told, say("Compare and repair"), back), ReasonForm(), act)


class PolicyForm(Form):
    """One choice a field, and the brake."""

    brake_percent = IntegerField(
        later("Stop and ask when more than so many per cent of the lines are missing"),
        validators=[InputRequired(), NumberRange(0, 100)],
        description=later("0: never. Up to ten missing lines are repaired on any panel."),
    )


def _policy_form() -> type[PolicyForm]:
    choices = [SelectChoice(word, _SAID[word]) for word in POLICIES]
    fields = {name: SelectField(_NAMES.get(name) or say(name.capitalize()), choices=choices) for name in FIELDS}
    return type("PanelPolicyForm", (PolicyForm,), fields)


@admin.route("/panels/<int:key>/policy", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_policy(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
    before = {**dict.fromkeys(FIELDS, "enforce"), **row.managed, "brake_percent": row.brake_percent}
    form = _policy_form()(data=before)
    if form.validate_on_submit():
        with form.refusals():
            managed = {name: form[name].data for name in FIELDS}
            with writing(submit_ctx()) as tx:
                set_policy(tx, key, managed, form.brake_percent.data)
            flash(say("Saved. It counts from the next comparison on."), "good")
            return redirect(url_for("admin.panel", key=key), 303)
    shown = page("admin/policy.html", panel=row, form=form)
    return shown, 422 if form.is_submitted() else 200
