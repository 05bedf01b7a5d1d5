"""The addresses of a panel, told to everybody on it: first how many, then the yes, then how far it is."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import TextAreaField
from wtforms.validators import Length

from billhead.actions.panels.stop_telling import stop_telling
from billhead.actions.panels.tell_addresses import preview_tell_addresses, tell_addresses
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.models.panels import AddressNews, Panel
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx

__all__: list[str] = []

_SHOWN = 20


class NewsForm(Form):
    words = TextAreaField(
        "Your words in the mail",
        validators=[Length(max=500)],
        description="They stand below the addresses: say when the old ones end, for one.",
    )


@admin.route("/panels/<int:key>/addresses", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_addresses(key: int) -> ResponseReturnValue:
    form = NewsForm()
    with reading() as session:
        panel = found(session, Panel, key, "panel")
        preview = preview_tell_addresses(Tx(current_ctx(), session), key)
        query = select(AddressNews).where(AddressNews.panel_id == key).order_by(AddressNews.id.desc()).limit(_SHOWN)
        rows = session.scalars(query).all()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                asked_for = tell_addresses(tx, key, form.words.data or "")
            flash(f"{asked_for.lines} lines are being told.", "good")
            return redirect(request.path, 303)
    status = 422 if form.is_submitted() else 200
    return page("admin/addresses.html", panel=panel, form=form, preview=preview, rows=rows), status


@admin.route("/panels/addresses/<int:key>/stop", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def stop_addresses(key: int) -> ResponseReturnValue:
    with reading() as session:
        news = found(session, AddressNews, key, "news")
    text = f"{news.told} of {news.total} lines are told by now. Nobody else is told."
    question = Question("Stop telling?", text, "Stop", url_for("admin.panel_addresses", key=news.panel_id))

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return f"Stopped after {stop_telling(tx, key).told}."

    return asked(question, ReasonForm(), act)
