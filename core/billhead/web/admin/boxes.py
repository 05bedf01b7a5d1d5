"""A line's box or player, for staff: a text for its screen, a command, and asking the panel as it would."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from billhead.actions.access.command_box import command_box
from billhead.actions.access.message_box import LONGEST, LONGEST_ADDRESS, message_box
from billhead.actions.access.prove_line import prove_line
from billhead.db import reading
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import BoxCommand, allow
from billhead.plugin_host import capabilities_of
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, speech

__all__: list[str] = []

_COMMANDS = {
    BoxCommand.RESTART: marked("start anew"),
    BoxCommand.RELOAD: marked("load its portal anew"),
    BoxCommand.CHANNELS: marked("load its channels anew"),
    BoxCommand.MENU: marked("show the menu"),
    BoxCommand.UPDATE: marked("bring its firmware up to date"),
    BoxCommand.CUT_OFF: marked("stop what it shows, until it starts anew"),
    BoxCommand.PLAY: marked("show a channel"),
    BoxCommand.RADIO: marked("play a radio channel"),
}


class MessageForm(Form):
    text = TextAreaField(later("What it says"), validators=[InputRequired(), Length(max=LONGEST)])
    video = StringField(
        later("Video"),
        validators=[Length(max=LONGEST_ADDRESS)],
        description=later("The address of one that the box plays with it, if any."),
        render_kw={"type": "url", "inputmode": "url"},
    )


@admin.route("/services/<int:key>/message", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def message_service_box(key: int) -> ResponseReturnValue:
    form = MessageForm()
    with reading() as session:
        service = found(session, Service, key, "service")
        able = capabilities_of(session.get_one(Panel, service.panel_id))
    if able is None or not able.message_videos:
        del form.video
    if form.validate_on_submit():
        with form.refusals():
            done = message_box(submit_ctx(), key, form.text.data, form.video.data if form.video else "")
            flash(
                speech().refusal(done.problem) or say("The panel has it; a box that is off shows it when it is on."),
                "bad" if done.problem else "good",
            )
            return redirect(url_for("admin.service", key=key), 303)
    return page("admin/service_message.html", service=service, form=form), 422 if form.is_submitted() else 200


class CommandForm(ReasonForm):
    command = SelectField(later("It shall"))
    channel = IntegerField(
        later("Channel"), validators=[Optional()], description=later("Its number, where a channel is to be shown.")
    )


@admin.route("/services/<int:key>/command", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def command_service_box(key: int) -> ResponseReturnValue:
    form = CommandForm()
    with reading() as session:
        service = found(session, Service, key, "service")
        able = capabilities_of(session.get_one(Panel, service.panel_id))
    commands = able.commands if able is not None else frozenset()
    form.command.choices = [(str(each), say(label)) for each, label in _COMMANDS.items() if each in commands]

    def act(ctx: Context, form: CommandForm) -> str:
        problem = command_box(ctx, key, BoxCommand(form.command.data), form.channel.data).problem
        if problem:
            raise Conflict(problem)
        return say("The panel has it; the box hears of it when it asks next, if it is on.")

    text = say("Whoever watches is interrupted. It is sent once, and a box that is off may never hear of it.")
    question = Question(
        say("Tell the box %(mac)s something?", mac=service.mac), text, say("Tell it"), url_for("admin.service", key=key)
    )
    return asked(question, form, act)


@admin.post("/services/<int:key>/try")
@allow("staff", permission="services.write")
def try_service(key: int) -> ResponseReturnValue:
    """By POST: the panel is asked, and a device that is on may lose its session by it, where that was confirmed."""
    with reading() as session:
        service = found(session, Service, key, "service")
    proven = prove_line(submit_ctx(), key, disturb=request.form.get("disturb") == "yes")
    return page("admin/service_proof.html", service=service, proven=proven)
