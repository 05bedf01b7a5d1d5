"""The house: the two freeze switches."""

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.freeze import SWITCHES, set_freeze
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.operations import FreezeSwitch
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.pages import page

__all__: list[str] = []

EFFECTS = {
    "charges": "Nobody is charged: no checkout is opened and no saved card is used. Callbacks are still heard.",
    "panels": "Nothing is written to any panel. What is wanted meanwhile waits, and is done when the switch is off.",
}


@admin.get("/switches")
@allow("staff")
def switches() -> ResponseReturnValue:
    with reading() as session:
        rows = {row.name: row for row in session.scalars(select(FreezeSwitch))}
    return page("admin/switches.html", switches=[(name, rows.get(name), EFFECTS[name]) for name in SWITCHES])


@admin.route("/switches/<name>", methods=["GET", "POST"])
@allow("staff", permission="house.freeze")
def turn_switch(name: str) -> ResponseReturnValue:
    if name not in SWITCHES:
        raise NotFound("switch", name)
    with reading() as session:
        row = session.get(FreezeSwitch, name)
    turn_on = row is None or not row.on

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            set_freeze(tx, name, turn_on)
        return f"All {name} are stopped." if turn_on else f"{name.capitalize()} go on."

    title = f"Stop all {name}?" if turn_on else f"Let {name} go on?"
    told = EFFECTS[name] if turn_on else "What has waited is done from now on."
    button = f"Stop {name}" if turn_on else "Go on"
    question = Question(title, told, button, url_for("admin.switches"), danger=turn_on)
    return asked(question, ReasonForm(), act)
