"""Moving the lines of a panel to another: previewed in figures, asked for, watched, called off, undone."""

from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from billhead.actions.moving._figures import MovePreview, preview_move
from billhead.actions.moving.ask_move import GRACE_HOURS, ask_move
from billhead.actions.moving.cancel_move import cancel_move
from billhead.actions.moving.undo_move import undo_move
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.moves import PanelMove, PanelMoveLine
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of, who
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, badge, code, instant, number, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["MOVES", "MOVE_LINES"]

_STATES = ("placing", "moved", "left", "kept", "returning", "back")
_TONES = {
    "moved": "ok",
    "left": "ok",
    "kept": "failed",
    "back": "expired",
    "placing": "pending",
    "returning": "pending",
}
_REASONS = {
    "kind": marked("of a kind that it does not serve"),
    "bouquets": marked("with bouquets that have no name there"),
    "no_bouquets": marked("without bouquets, which it needs"),
    "full": marked("for which there is no room"),
    "purchase_open": marked("with a purchase that is not decided yet"),
    "refused": marked("that it refused"),
    "ended": marked("that ended meanwhile"),
    "canceled": marked("called off"),
    "changed": marked("that were changed meanwhile"),
}

_To = aliased(Panel)
MOVES = Listing(
    name="moves",
    title=marked("Moves"),
    lead=marked("Lines that were moved from one panel to another."),
    query=select(
        PanelMove.id,
        PanelMove.state,
        PanelMove.from_panel_id,
        PanelMove.to_panel_id,
        Panel.name.label("source"),
        _To.name.label("target"),
        PanelMove.total,
        PanelMove.asked_by,
        PanelMove.created_at,
    )
    .join(Panel, Panel.id == PanelMove.from_panel_id)
    .join(_To, _To.id == PanelMove.to_panel_id),
    key=PanelMove.id,
    columns=(
        text(marked("Move"), "id", to="move"),
        state(marked("State"), "state"),
        text(marked("From"), "source", to="panel", key="from_panel_id"),
        text(marked("To"), "target", to="panel", key="to_panel_id"),
        number(marked("Lines"), "total"),
        Column(marked("Asked by"), lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant(marked("Asked"), "created_at"),
    ),
    choices=(
        Choice(
            "state", marked("State"), PanelMove.state, ("queued", "running", "standing", "undoing", "done", "canceled")
        ),
    ),
    narrow={"panel": PanelMove.from_panel_id},
    empty=marked("Open a panel and press “Move lines”: figures come first."),
)

MOVE_LINES = Listing(
    name="move-lines",
    title=marked("Lines of a move"),
    query=select(
        PanelMoveLine.id,
        Service.login,
        Service.mac,
        PanelMoveLine.service_id,
        PanelMoveLine.new_service_id,
        PanelMoveLine.state,
        PanelMoveLine.code,
        PanelMoveLine.reason,
        PanelMoveLine.leaves_at,
    ).join(Service, Service.id == PanelMoveLine.service_id),
    key=PanelMoveLine.id,
    columns=(
        text(marked("Line"), "login", to="service", key="service_id"),
        code(marked("MAC"), "mac"),
        Column(marked("State"), lambda row: row.state, lambda row: badge(_TONES[row.state], row.state)),
        text(marked("New place"), "new_service_id", to="service", key="new_service_id"),
        text(marked("Code"), "code"),
        text(marked("Reason"), "reason", css="why"),
        instant(marked("Old place goes"), "leaves_at"),
    ),
    choices=(
        Choice("state", marked("State"), PanelMoveLine.state, _STATES),
        Choice("code", marked("Why it stays"), PanelMoveLine.code, tuple(_REASONS)),
    ),
    narrow={"move": PanelMoveLine.move_id},
    empty=marked("No line was looked at yet."),
)


class MoveForm(Form):
    to = SelectField(later("To"), coerce=int)
    plan = SelectField(later("Lines of"), coerce=int)
    grace_hours = IntegerField(
        later("Hours that the old place stands"),
        default=GRACE_HOURS,
        validators=[InputRequired(), NumberRange(0, 1440)],
        description=later("After its line was moved. As long as it stands, the move can be undone."),
    )
    reason = reason_field()


def _form(session: Session, source: Panel) -> MoveForm:
    form = MoveForm()
    others = select(Panel).where(Panel.seller_id == source.seller_id, Panel.id != source.id).order_by(Panel.name)
    plans = select(Plan).where(Plan.seller_id == source.seller_id).order_by(Plan.name)
    form.to.choices = [(one.id, one.name) for one in session.scalars(others)]
    form.plan.choices = [(0, say("all plans")), *((one.id, one.name) for one in session.scalars(plans))]
    return form


@admin.get("/moves")
@allow("staff")
def moves() -> ResponseReturnValue:
    return MOVES.answer()


@admin.get("/moves/lines")
@allow("staff")
def move_lines() -> ResponseReturnValue:
    return MOVE_LINES.answer()


@admin.route("/panels/<int:key>/move", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def move_panel(key: int) -> ResponseReturnValue:
    """The figures first; the button below them moves the lines."""
    seen: MovePreview | None = None
    with reading() as session:
        source = found(session, Panel, key, "panel")
        form = _form(session, source)
    if form.validate_on_submit():
        with form.refusals():
            plan_id = form.plan.data or None
            if request.form.get("go") == "move":
                with writing(replace(submit_ctx(), reason=form.reason.data)) as tx:
                    made = ask_move(tx, key, form.to.data, plan_id=plan_id, grace_hours=form.grace_hours.data)
                return redirect(url_for("admin.move", key=made.move_id), 303)
            with reading() as session:
                seen = preview_move(session, key, form.to.data, plan_id)
    wrong = form.is_submitted() and seen is None
    return page("admin/move_panel.html", panel=source, form=form, seen=seen, reasons=_REASONS), 422 if wrong else 200


@admin.get("/moves/<int:key>")
@allow("staff")
def move(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, PanelMove, key, "move")
        source, target = session.get_one(Panel, row.from_panel_id), session.get_one(Panel, row.to_panel_id)
        counts = _counted(session, PanelMoveLine.state, PanelMoveLine.move_id == key)
        why = _counted(session, PanelMoveLine.code, PanelMoveLine.move_id == key, PanelMoveLine.code != "")
        trail = trail_of(session, f"move:{key}")
    on_their_way = counts.get("placing", 0) + counts.get("returning", 0)
    return page(
        "admin/move.html",
        row=row,
        source=source,
        target=target,
        counts={name: counts.get(name, 0) for name in _STATES},
        why=why,
        reasons=_REASONS,
        trail=trail,
        done=sum(counts.values()) - on_their_way,
        goes_on=row.state in ("queued", "running", "undoing") or on_their_way > 0,
        may_undo=row.state in ("standing", "canceled") and counts.get("moved", 0) > 0 and not on_their_way,
    )


def _counted(session: Session, column: Any, *where: Any) -> dict[str, int]:
    return dict(session.execute(select(column, func.count()).where(*where).group_by(column).order_by(column)).all())


@admin.route("/moves/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def cancel_one_move(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, PanelMove, key, "move")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            cancel_move(tx, key)
        return say("Move %(key)s is called off.", key=key)

    told = say(
        "Lines that are on their way stay where they are; those that were moved stay moved, and can be moved back."
    )
    back = url_for("admin.move", key=key)
    return asked(Question(say("Call move %(key)s off?", key=key), told, say("Call it off"), back), ReasonForm(), act)


@admin.route("/moves/<int:key>/undo", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def undo_one_move(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, PanelMove, key, "move")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            undone = undo_move(tx, key)
        return say_count("%(count)s line goes back.", "%(count)s lines go back.", undone.lines)

    told = say(
        "Each line whose old place still stands goes back to it once the old panel has proven it, and its customer is "
        "told that address again. The new places are removed."
    )
    back = url_for("admin.move", key=key)
    return asked(Question(say("Undo move %(key)s?", key=key), told, say("Move them back"), back), ReasonForm(), act)
