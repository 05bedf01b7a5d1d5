"""One page in one language: written as a draft, looked at, published, taken back, and put back to what it was."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.content.put_back import put_back
from billhead.actions.content.save_text import TextEntry, save_text
from billhead.actions.content.unpublish_text import unpublish_text
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.whole_number import whole_number
from billhead.models.content import ContentText, ContentVersion
from billhead.plugin import allow
from billhead.web.admin.area import admin, own_seller_id
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.content import own_page, preview_address
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say
from billhead.wording import LANGUAGES, direction, wording

__all__: list[str] = []

_SHOWN_VERSIONS = 50
_ABOUT_FRONT = marked(
    "Before the first “## heading” stands the introduction; each “## heading” is a block of what you get."
)


class TextForm(Form):
    title = StringField(
        later("Title"), filters=[stripped], validators=[DataRequired(later("It needs a title.")), Length(max=150)]
    )
    description = StringField(
        later("For search engines"), filters=[stripped], validators=[Length(max=300)],
        description=later("One or two sentences; not shown on the page."),
    )  # fmt: skip
    body = TextAreaField(
        later("Text"), filters=[stripped], validators=[Length(max=60_000)],
        description=later(
            "Markdown: ## heading, **strong**, - list, [words](https://address). HTML is shown as it is typed."
        ),
        render_kw={"rows": 20},
    )  # fmt: skip
    began_with = HiddenField()


@admin.route("/pages/<int:key>/<language>", methods=["GET", "POST"])
@allow("staff", permission="content.write")
def content_text(key: int, language: str) -> ResponseReturnValue:
    if language not in LANGUAGES:
        raise NotFound("language", language)
    with reading() as session:
        row = own_page(session, key)
        text = session.get(ContentText, (key, language))
        mine = select(ContentVersion).where(ContentVersion.page_id == key, ContentVersion.language == language)
        versions = session.scalars(mine.order_by(ContentVersion.number.desc()).limit(_SHOWN_VERSIONS)).all()
    newest = versions[0] if versions else None
    form = TextForm(obj=newest, began_with=str(newest.number if newest is not None else 0))
    form.body.render_kw = {"rows": 20, "lang": language, "dir": direction(language)}
    if row.place == "front":
        form.body.description = f"{say(_ABOUT_FRONT)} {TextForm.body.kwargs['description']}"
    if form.validate_on_submit():
        begun = form.began_with.data or ""
        entry = TextEntry(
            language, form.title.data or "", form.description.data or "", form.body.data or "",
            whole_number(begun, 8),
        )  # fmt: skip
        act = request.form.get("act", "")
        with form.refusals():
            with writing(submit_ctx()) as tx:
                number = save_text(tx, own_seller_id(), key, entry, published=act == "publish")
            if act == "look":
                return redirect(preview_address(row, language, number), 303)
            flash(say("Everybody reads it now.") if act == "publish" else say("Kept as a draft."), "good")
            return redirect(url_for("admin.content_text", key=key, language=language), 303)
    told = {"row": row, "text": text, "versions": versions, "language": language, "form": form}
    name = wording(language).own_name
    shown = page("admin/content_text.html", name=name, preview_address=preview_address, **told)
    return shown, 422 if form.is_submitted() else 200


@admin.route("/pages/<int:key>/<language>/unpublish", methods=["GET", "POST"])
@allow("staff", permission="content.write")
def unpublish_content(key: int, language: str) -> ResponseReturnValue:
    with reading() as session:
        row = own_page(session, key)
    told = say("Nobody finds it any more in this language. Who reads another language is shown that one.")
    if row.must_agree:
        told += " " + say("Once it is published in no language, nobody is asked to agree to it.")
    back = url_for("admin.content_text", key=key, language=language)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            unpublish_text(tx, own_seller_id(), key, language)
        return say("It is a draft now.")

    return asked(
        Question(say("Take /pages/%(slug)s back?", slug=row.slug), told, say("Take it back"), back), ReasonForm(), act
    )


@admin.route("/pages/<int:key>/<language>/<int:number>/back", methods=["GET", "POST"])
@allow("staff", permission="content.write")
def put_content_back(key: int, language: str, number: int) -> ResponseReturnValue:
    with reading() as session:
        row = own_page(session, key)
        text = session.get(ContentText, (key, language))
    shown = text is not None and text.shown is not None
    told = say("Everybody reads it at once.") if shown else say("It is a draft, as the page is.")
    back = url_for("admin.content_text", key=key, language=language)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            now = put_back(tx, own_seller_id(), key, language, number)
        return say("It is back, as version %(now)s.", now=now)

    title = say("Put version %(number)s of /pages/%(slug)s back?", number=number, slug=row.slug)
    kept = say("It comes as a new version: nothing of the history is lost.")
    return asked(Question(title, f"{told} {kept}", say("Put it back"), back, danger=False), ReasonForm(), act)
