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
from billhead.web.speaking import marked, say

__all__: list[str] = []

EFFECTS = {
    "charges": marked("Nobody is charged: no checkout is opened and no saved card is used. Callbacks are still heard."),
    "panels": marked(
        "Nothing is written to any panel. What is wanted meanwhile waits, and is done when the switch is off."
    ),
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
    what = say(name)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            set_freeze(tx, name, turn_on)
        return (
            say("All %(what)s are stopped.", what=what) if turn_on else say("%(what)s go on.", what=what.capitalize())
        )

    title = say("Stop all %(what)s?", what=what) if turn_on else say("Let %(what)s go on?", what=what)
    told = say(EFFECTS[name]) if turn_on else say("What has waited is done from now on.")
    button = say("Stop %(what)s", what=what) if turn_on else say("Go on")
    question = Question(title, told, button, url_for("admin.switches"), danger=turn_on)
    return asked(question, ReasonForm(), act)
