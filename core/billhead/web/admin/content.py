"""The shop's own pages: where each stands, its words in every language, what they were before, and who changed them."""

from collections.abc import Sequence
from functools import cache
from urllib.parse import urlencode

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead.actions.content._pages import PLACES
from billhead.actions.content._usual import USUAL, usual_missing
from billhead.actions.content.add_usual_pages import add_usual_pages
from billhead.actions.content.remove_page import remove_page
from billhead.actions.content.save_page import PageEntry, save_page
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.content import ContentPage, ContentText, ContentVersion
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say
from billhead.wording import LANGUAGES, wording

__all__ = ["own_page", "preview_address"]


class PageForm(Form):
    slug = StringField(
        later("Address"), filters=[stripped], validators=[DataRequired(later("Under which address?")), Length(max=80)],
        description=later("/pages/… in every language. Links to an earlier address lead nowhere once you change it."),
    )  # fmt: skip
    place = SelectField(later("Linked"), choices=lambda: [(key, say(label)) for key, label in PLACES.items()])
    position = IntegerField(
        later("Order"), default=10,
        validators=[InputRequired(later("Write a number.")), NumberRange(0, 999, later("0 to 999."))],
        description=later("Pages with a smaller number come first."),
    )  # fmt: skip
    must_agree = BooleanField(
        later("Has to be agreed to at checkout"),
        description=later(
            "A tick before anybody orders, once the page is published. The version that was shown is kept."
        ),
    )


@admin.get("/pages")
@allow("staff")
def content_pages() -> ResponseReturnValue:
    with reading() as session:
        mine = select(ContentPage).where(ContentPage.seller_id == own_seller_id())
        pages = session.scalars(mine.order_by(ContentPage.place != "front", ContentPage.position, ContentPage.id)).all()
        texts = _texts(session, [row.id for row in pages])
        missing = [USUAL[slug] for slug in usual_missing(session, own_seller_id())]
    has_front = any(row.place == "front" for row in pages)
    shown = {"pages": pages, "texts": texts, "missing": missing, "has_front": has_front, "places": PLACES}
    return page("admin/content_pages.html", **shown)


def _texts(session: Session, page_ids: Sequence[int]) -> dict[int, list[tuple[ContentText, ContentVersion]]]:
    """Of each page its languages, with what stands there newest."""
    rows = session.execute(
        select(ContentText, ContentVersion)
        .join(
            ContentVersion,
            (ContentVersion.page_id == ContentText.page_id)
            & (ContentVersion.language == ContentText.language)
            & (ContentVersion.number == ContentText.newest),
        )
        .where(ContentText.page_id.in_(page_ids))
        .order_by(ContentText.language != "en", ContentText.language)
    )
    found_of: dict[int, list[tuple[ContentText, ContentVersion]]] = {}
    for text, version in rows:
        found_of.setdefault(text.page_id, []).append((text, version))
    return found_of


@admin.post("/pages/usual")
@allow("staff", permission="content.write")
def add_usual() -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        add_usual_pages(tx, own_seller_id())
    flash(say("Added as blank drafts. Nobody sees them before you publish them."), "good")
    return redirect(url_for("admin.content_pages"), 303)


@admin.route("/pages/new", methods=["GET", "POST"])
@allow("staff", permission="content.write")
def new_content_page() -> ResponseReturnValue:
    front = "front" in request.args
    form = PageForm(data={"slug": "front", "place": "front", "position": 0} if front else None)
    kept = _kept(form, None)
    if kept is not None:
        return redirect(url_for("admin.content_text", key=kept, language="en"), 303)
    shown = {"title": say("A page"), "back": url_for("admin.content_pages"), "section": "content_pages"}
    lead = say("First where it stands, then its words.")
    return page("admin/entry.html", form=form, lead=lead, **shown), 422 if form.is_submitted() else 200


@cache
def _own_names() -> dict[str, str]:
    """By code: de is Deutsch."""
    return {code: wording(code).own_name for code in LANGUAGES}


def _kept(form: PageForm, key: int | None) -> int | None:
    """Its id, once the form holds."""
    if form.validate_on_submit():
        entry = PageEntry(form.slug.data or "", form.place.data, form.position.data or 0, bool(form.must_agree.data))
        with form.refusals(), writing(submit_ctx()) as tx:
            return save_page(tx, own_seller_id(), entry, key)
    return None


def own_page(session: Session, key: int) -> ContentPage:
    """Of the staff's own seller. Raises NotFound."""
    row = found(session, ContentPage, key, "page")
    if row.seller_id != own_seller_id():
        raise NotFound("page", key)
    return row


@admin.route("/pages/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="content.write")
def content_page(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = own_page(session, key)
        texts = _texts(session, [key]).get(key, [])
        trail = trail_of(session, f"page:{key}")
    form = PageForm(obj=row)
    if _kept(form, key) is not None:
        flash(say("Saved."), "good")
        return redirect(url_for("admin.content_page", key=key), 303)
    written = {text.language for text, _ in texts}
    unwritten = [(code, name) for code, name in _own_names().items() if code not in written]
    shown = {"row": row, "texts": texts, "names": _own_names(), "unwritten": unwritten, "trail": trail, "form": form}
    return page("admin/content_page.html", **shown), 422 if form.is_submitted() else 200


@admin.get("/pages/<int:key>/add")
@allow("staff", permission="content.write")
def add_content_text(key: int) -> ResponseReturnValue:
    """Where the choice of a language leads."""
    language = request.args.get("language", "")
    if language not in LANGUAGES:
        raise NotFound("language", language)
    return redirect(url_for("admin.content_text", key=key, language=language), 302)


@admin.route("/pages/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission="content.write")
def remove_content_page(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = own_page(session, key)
    text = say("Its words are gone then. A page that was published can only be taken back: its versions are kept.")
    question = Question(
        say("Remove /pages/%(slug)s?", slug=row.slug), text, say("Remove it"), url_for("admin.content_pages")
    )

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            remove_page(tx, own_seller_id(), key)
        return say("It is removed.")

    return asked(question, ReasonForm(), act)


def preview_address(row: ContentPage, language: str, number: int) -> str:
    """A version as it will look in the shop; only staff see it."""
    shop = url_for("storefront.plans")
    if row.place != "front":
        shop = url_for("storefront.content_page", slug=row.slug)
    return f"{shop}?{urlencode({'page': row.id, 'language': language, 'version': number})}"
