"""Who watches on a line now, for staff: with whole addresses, a button to cut, and a text for the box."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from billhead.actions.access.message_box import LONGEST, message_box
from billhead.db import reading
from billhead.models.subscriptions import Service
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.watched import cut_and_tell, watched_now

__all__: list[str] = []


@admin.get("/services/<int:key>/live")
@allow("staff", permission="services.access")
def service_live(key: int) -> ResponseReturnValue:
    with reading() as session:
        service = found(session, Service, key, "service")
    now, status = watched_now(key)
    return page("admin/service_live.html", service=service, now=now), status


@admin.post("/services/<int:key>/live")
@allow("staff", permission="services.write")
def cut_service_session(key: int) -> ResponseReturnValue:
    cut_and_tell(key, "Cut.")
    return redirect(url_for("admin.service_live", key=key), 303)


class MessageForm(Form):
    text = TextAreaField("What it says", validators=[InputRequired(), Length(max=LONGEST)])


@admin.route("/services/<int:key>/message", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def message_service_box(key: int) -> ResponseReturnValue:
    form = MessageForm()
    with reading() as session:
        service = found(session, Service, key, "service")
    if form.validate_on_submit():
        with form.refusals():
            done = message_box(submit_ctx(), key, form.text.data)
            flash(
                done.problem or "The panel has it; a box that is off shows it when it is on.",
                "bad" if done.problem else "good",
            )
            return redirect(url_for("admin.service", key=key), 303)
    return page("admin/service_message.html", service=service, form=form), 422 if form.is_submitted() else 200
