"""Help articles that the reseller writes for its shop, beside those that the operator has for all shops."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from billhead.actions.helping._shown import shown_in
from billhead.actions.helping.save_article import ArticleEntry
from billhead.actions.shops.save_shop_article import save_shop_article
from billhead.db import reading, writing
from billhead.domain.errors import NotFound
from billhead.models.helping import HelpArticle
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.paging import page_of
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.speaking import later, say, speech
from billhead.wording import LANGUAGES, wording

__all__: list[str] = []


class ArticleForm(Form):
    title = StringField(
        later("Title"), filters=[stripped], validators=[InputRequired(later("It needs a title.")), Length(max=150)]
    )
    category = StringField(
        later("Category"), filters=[stripped], validators=[InputRequired(later("It needs a category.")), Length(max=60)]
    )
    language = SelectField(
        later("Language"),
        choices=lambda: [(code, wording(code).own_name) for code in LANGUAGES],
        default=lambda: speech().language,
    )
    body = TextAreaField(
        later("Text"),
        filters=[stripped],
        validators=[InputRequired(later("Write something.")), Length(max=60_000)],
        description=later(
            "Markdown: ## heading, **strong**, - list, [words](https://address). HTML is shown as it is typed."
        ),
        render_kw={"rows": 16},
    )
    slug = StringField(
        later("Address"), filters=[stripped], validators=[Length(max=80)], description=later("Empty: of the title.")
    )
    published = BooleanField(later("Everybody reads it"))


@reseller.get("/shop/help")
@allow("reseller", "super_reseller")
def shop_help() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        mine = HelpArticle.seller_id == own.seller.id
        rows = page_of(session, select(HelpArticle).where(mine | shown_in(session, own.seller.id)), HelpArticle.id)
        return shop_page(session, "shop_help", own, rows=rows)


@reseller.route("/shop/help/new", methods=["GET", "POST"], defaults={"article_id": None})
@reseller.route("/shop/help/<int:article_id>", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop_article(article_id: int | None) -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        row = session.get(HelpArticle, article_id) if article_id is not None else None
    if article_id is not None and (row is None or row.seller_id != own.seller.id):
        raise NotFound("article", article_id)
    form = ArticleForm(obj=row)
    if form.validate_on_submit():
        title, category, body, slug = (form[name].data or "" for name in ("title", "category", "body", "slug"))
        entry = ArticleEntry(title, category, form.language.data, body, bool(form.published.data), slug)
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_shop_article(tx, own_id(), entry, article_id)
            flash(say("Everybody reads it now.") if entry.published else say("Kept as a draft."), "good")
            return redirect(url_for("reseller.shop_help"), 303)
    with reading() as session:
        shown = shop_page(session, "shop_article", own, form=form, row=row)
    return shown, 422 if form.is_submitted() else 200
