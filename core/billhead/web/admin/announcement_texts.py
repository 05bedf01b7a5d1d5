"""An announcement in one more language."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from billhead.actions.helping.save_announcement_text import save_announcement_text
from billhead.db import reading, writing
from billhead.domain.errors import NotFound
from billhead.models.helping import Announcement
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say
from billhead.wording import LANGUAGES, direction, own_name

__all__: list[str] = []


class AnnouncementTextForm(Form):
    title = StringField(later("Title"), filters=[stripped], validators=[Length(max=150)])
    body = TextAreaField(
        later("Text"), filters=[stripped], description=later("Markdown. Without title and text it is taken away."),
        render_kw={"rows": 8},
    )  # fmt: skip


@admin.route("/announcements/<int:key>/<language>", methods=["GET", "POST"])
@allow("staff", permission="help.write")
def announcement_text(key: int, language: str) -> ResponseReturnValue:
    if language not in LANGUAGES:
        raise NotFound("language", language)
    with reading() as session:
        row = found(session, Announcement, key, "announcement")
    back = url_for("admin.announcement", key=key)
    form = AnnouncementTextForm(data=row.texts.get(language))
    for field in form.title, form.body:
        field.render_kw = {**(field.render_kw or {}), "lang": language, "dir": direction(language)}
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_announcement_text(tx, row.seller_id, key, language, form.title.data or "", form.body.data or "")
            flash(say("Saved."), "good")
            return redirect(back, 303)
    title, lead = f"{row.title}: {own_name(language)}", say("First written as: %(words)s", words=row.body[:300])
    shown = {"title": title, "back": back, "section": "announcements", "lead": lead}
    return page("admin/entry.html", form=form, **shown), 422 if form.is_submitted() else 200
