"""Pages that the reseller writes for its shop: imprint, terms, its own front; each in as many languages as it likes."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from billhead.actions.content._pages import MOST_PAGES
from billhead.actions.content.save_page import PageEntry
from billhead.actions.content.save_text import TextEntry
from billhead.actions.shops._own import OwnShop
from billhead.actions.shops.remove_shop_page import remove_shop_page
from billhead.actions.shops.save_shop_page import save_shop_page
from billhead.actions.shops.save_shop_text import save_shop_text
from billhead.actions.shops.unpublish_shop_text import unpublish_shop_text
from billhead.db import Tx, reading, writing
from billhead.domain.errors import NotFound
from billhead.domain.whole_number import whole_number
from billhead.models.content import ContentPage, ContentText, ContentVersion
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.asking import Question, asked
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.speaking import later, say, speech
from billhead.wording import LANGUAGES, direction, wording

__all__: list[str] = []

_PLACES = {
    "menu": later("in the menu"),
    "footer": later("at the foot of every page"),
    "hidden": later("nowhere: only who has the address"),
    "front": later("the front of the shop"),
}


class PageForm(Form):
    slug = StringField(
        later("Address"),
        filters=[stripped],
        validators=[InputRequired(later("Write one of letters and digits.")), Length(max=80)],
        description=later("/pages/… in every language."),
    )
    place = SelectField(later("Linked"), choices=_PLACES, default="footer")
    position = IntegerField(
        later("Sort number"),
        default=10,
        validators=[InputRequired(later("Write a number.")), NumberRange(0, 999)],
        description=later("Pages with a smaller number come first."),
    )
    must_agree = BooleanField(later("Has to be agreed to at checkout"))


class TextForm(Form):
    title = StringField(
        later("Title"), filters=[stripped], validators=[InputRequired(later("It needs a title.")), Length(max=150)]
    )
    description = StringField(later("For search engines"), filters=[stripped], validators=[Length(max=300)])
    body = TextAreaField(
        later("Text"),
        filters=[stripped],
        validators=[Length(max=60_000)],
        description=later(
            "Markdown: ## heading, **strong**, - list, [words](https://address). HTML is shown as it is typed."
        ),
    )
    began_with = HiddenField()


def _page(session: Session, own: OwnShop, page_id: int) -> ContentPage:
    row = session.get(ContentPage, page_id)
    if row is None or row.seller_id != own.seller.id:
        raise NotFound("page", page_id)
    return row


def _written(seller_id: int) -> Select[ContentPage, ContentText, ContentVersion]:
    """Every page of the shop with what stands there newest, a row for each language."""
    newest = (
        (ContentVersion.page_id == ContentText.page_id)
        & (ContentVersion.language == ContentText.language)
        & (ContentVersion.number == ContentText.newest)
    )
    return (
        select(ContentPage, ContentText, ContentVersion)
        .outerjoin(ContentText, ContentText.page_id == ContentPage.id)
        .outerjoin(ContentVersion, newest)
        .where(ContentPage.seller_id == seller_id)
        .order_by(ContentPage.place != "front", ContentPage.position, ContentPage.id)
        .order_by(ContentText.language != "en", ContentText.language)
        .limit(MOST_PAGES * len(LANGUAGES))
    )


@reseller.get("/shop/pages")
@allow("reseller", "super_reseller")
def shop_pages() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        pages: dict[int, list[Row[ContentPage, ContentText, ContentVersion]]] = {}
        for row in session.execute(_written(own.seller.id)):
            pages.setdefault(row[0].id, []).append(row)
        return shop_page(session, "shop_pages", own, pages=list(pages.values()), places=_PLACES)


def _kept(form: PageForm, page_id: int | None) -> int | None:
    """Its id, once the form holds."""
    if form.validate_on_submit():
        entry = PageEntry(form.slug.data or "", form.place.data, form.position.data or 0, bool(form.must_agree.data))
        with form.refusals(), writing(submit_ctx()) as tx:
            return save_shop_page(tx, own_id(), entry, page_id)
    return None


@reseller.route("/shop/pages/new", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def new_shop_page() -> ResponseReturnValue:
    form = PageForm()
    with reading() as session:
        own = own_shop(session)
    kept = _kept(form, None)
    if kept is not None:
        return redirect(url_for("reseller.shop_text", page_id=kept, language=speech().language), 303)
    with reading() as session:
        shown = shop_page(session, "shop_page", own, form=form, row=None, unwritten=[])
    return shown, 422 if form.is_submitted() else 200


@reseller.route("/shop/pages/<int:page_id>", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def one_shop_page(page_id: int) -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        row = _page(session, own, page_id)
        rows = session.execute(_written(own.seller.id).where(ContentPage.id == page_id)).all()
    form = PageForm(obj=row)
    if _kept(form, page_id) is not None:
        flash(say("Saved."), "good")
        return redirect(url_for("reseller.shop_pages"), 303)
    written = [(text, version, wording(text.language).own_name) for _, text, version in rows if text is not None]
    has = {text.language for text, _, _ in written}
    unwritten = [(code, wording(code).own_name) for code in LANGUAGES if code not in has]
    with reading() as session:
        shown = shop_page(session, "shop_page", own, form=form, row=row, written=written, unwritten=unwritten)
    return shown, 422 if form.is_submitted() else 200


@reseller.route("/shop/pages/<int:page_id>/<language>", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop_text(page_id: int, language: str) -> ResponseReturnValue:
    if language not in LANGUAGES:
        raise NotFound("language", language)
    with reading() as session:
        own = own_shop(session)
        row = _page(session, own, page_id)
        text = session.get(ContentText, (page_id, language))
        newest = session.get(ContentVersion, (page_id, language, text.newest)) if text is not None else None
    form = TextForm(obj=newest, began_with=str(newest.number if newest is not None else 0))
    form.title.render_kw = {"lang": language, "dir": direction(language)}
    form.body.render_kw = {**form.title.render_kw, "rows": 16}
    if form.validate_on_submit():
        title, description, body = (form[name].data or "" for name in ("title", "description", "body"))
        entry = TextEntry(language, title, description, body, whole_number(form.began_with.data or "", 8))
        published = "publish" in request.form
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_shop_text(tx, own_id(), page_id, entry, published=published)
            flash(say("Everybody reads it now.") if published else say("Kept as a draft."), "good")
            return redirect(url_for("reseller.one_shop_page", page_id=page_id), 303)
    told_of = {"row": row, "text": text, "language": language, "spoken": wording(language).own_name}
    with reading() as session:
        shown = shop_page(session, "shop_text", own, form=form, **told_of)
    return shown, 422 if form.is_submitted() else 200


@reseller.post("/shop/pages/<int:page_id>/<language>/unpublish")
@allow("reseller", "super_reseller")
def unpublish_own_text(page_id: int, language: str) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        unpublish_shop_text(tx, own_id(), page_id, language)
    flash(say("It is a draft now: nobody finds it in this language."), "good")
    return redirect(url_for("reseller.one_shop_page", page_id=page_id), 303)


@reseller.route("/shop/pages/<int:page_id>/remove", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def remove_own_page(page_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = _page(session, own_shop(session), page_id)

    def act(tx: Tx) -> str:
        remove_shop_page(tx, own_id(), page_id)
        return say("Removed.")

    text = say("Its words are gone then. A page that was published can only be taken back: its versions are kept.")
    title = say("Remove %(address)s?", address="/pages/" + row.slug)
    question = Question(title, text, say("Remove"), url_for("reseller.shop_pages"), danger=True)
    return asked(question, lambda _tx: (), act)
