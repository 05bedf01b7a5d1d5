"""How often a member of staff is told of what: by mail at once, gathered in the morning, or not at all."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.notifications._often import OF_STAFF
from billhead.actions.notifications.choose_own_notices import choose_own_notices
from billhead.db import reading, writing
from billhead.models.people import User
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.forms import Form
from billhead.web.how_often import add_often_fields, often_data, often_told
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import say

__all__: list[str] = []


class OftenForm(Form):
    """A field for each kind."""


add_often_fields(OftenForm, OF_STAFF)


@admin.route("/what-i-am-told", methods=["GET", "POST"])
@allow("staff")
def own_notices() -> ResponseReturnValue:
    with reading() as session:
        me = session.get_one(User, current_ctx().user_id)
    form = OftenForm(data=often_data(me.often, OF_STAFF))
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                choose_own_notices(tx, often_told(form, OF_STAFF))
            flash(say("Saved. It holds for what is sent from now on."), "good")
            return redirect(url_for("admin.own_notices"), 303)
    lead = say("Mails to %(email)s. What is gathered comes at 7 in the morning, of a week on Monday.", email=me.email)
    shown = {"title": say("What I am told"), "back": url_for("admin.home"), "section": "own_notices", "lead": lead}
    return page("admin/entry.html", form=form, **shown), 422 if form.is_submitted() else 200
