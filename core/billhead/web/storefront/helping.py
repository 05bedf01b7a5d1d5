"""Help articles, how the network is, and news: what somebody reads before they write to us."""

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.helping._shown import read_in, shown_in
from billhead.actions.helping.find_articles import find_articles
from billhead.actions.helping.rate_article import rate_article
from billhead.actions.helping.show_status import show_status
from billhead.actions.support._answers import answers
from billhead.db import reading, writing
from billhead.domain.errors import NotAllowed, NotFound
from billhead.domain.rights import BUYERS
from billhead.models.helping import Announcement, HelpArticle
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.announcing import announcements_for
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import client_address, current_ctx, current_seller, signed_in
from billhead.web.speaking import speech
from billhead.web.storefront.blueprint import storefront
from billhead.wording import own_name

__all__: list[str] = []

_IN_A_CATEGORY = 200
_SUGGESTED = 4


def _shop() -> Seller:
    seller = current_seller()
    if seller is None:
        raise NotFound("shop", "here")
    return seller


@storefront.get("/help")
@allow("anyone")
def help_home() -> ResponseReturnValue:
    seller, typed = _shop(), request.args.get("q", "").strip()
    with reading() as db_session:
        language, row = speech().language, HelpArticle
        found = find_articles(db_session, seller.id, language, typed) if typed else []
        rows = db_session.execute(
            select(row.slug, row.title, row.category, row.language)
            .where(read_in(db_session, seller.id, language))
            .order_by((row.language == language).desc(), row.category, row.helped.desc(), row.title)
            .limit(_IN_A_CATEGORY)
        ).all()
        answered = answers(db_session, seller.id)
    categories: dict[str, list[object]] = {}
    for one in rows:
        categories.setdefault(one.category, []).append(one)
    shown = {"categories": categories, "typed": typed, "found": found, "answered": answered}
    return page("storefront/help.html", **shown, own_name=own_name)


@storefront.get("/help/suggest")
@allow("anyone")
def help_suggest() -> ResponseReturnValue:
    """A piece of page for who is just writing to us."""
    seller = _shop()
    with reading() as db_session:
        found = find_articles(db_session, seller.id, speech().language, request.args.get("q", ""), most=_SUGGESTED)
    return page("storefront/_suggested.html", found=found, own_name=own_name)


@storefront.get("/help/<language>/<slug>")
@allow("anyone")
def help_article(language: str, slug: str) -> ResponseReturnValue:
    with reading() as db_session:
        row = _published(db_session, language, slug)
    rated = session.get("rated", [])
    return page("storefront/help_article.html", article=row, rated=row.id in rated)


def _published(db_session: Session, language: str, slug: str) -> HelpArticle:
    """Of two of one address the shop's own goes before the operator's."""
    seller = _shop()
    rows = select(HelpArticle).where(
        shown_in(db_session, seller.id), HelpArticle.language == language, HelpArticle.slug == slug
    )
    row = db_session.scalar(rows.order_by((HelpArticle.seller_id == seller.id).desc()).limit(1))
    if row is None:
        raise NotFound("article", slug)
    return row


@storefront.post("/help/<language>/<slug>")
@allow("anyone")
def rate_help(language: str, slug: str) -> ResponseReturnValue:
    with reading() as db_session:
        row = _published(db_session, language, slug)
    rated = session.get("rated", [])
    if row.id not in rated:
        try:
            with writing(current_ctx()) as tx:
                rate_article(tx, row.id, request.form.get("helped") == "yes", client_address())
        except NotAllowed as refused:
            flash(refusal(refused)[0], "plain")
        session["rated"] = [*rated, row.id][-50:]
    return redirect(url_for("storefront.help_article", language=language, slug=slug), 303)


@storefront.get("/status")
@allow("anyone")
def network_status() -> ResponseReturnValue:
    with reading() as db_session:
        seller_id = _shop().id
        told = {"panels": show_status(db_session, seller_id), "answered": answers(db_session, seller_id)}
        return page("storefront/status.html", **told)


@storefront.get("/news")
@allow(*BUYERS)
def news() -> ResponseReturnValue:
    login = signed_in()
    assert login is not None, "nobody else comes here"
    with reading() as db_session:
        rows = page_of(db_session, announcements_for(login), Announcement.id)
    return page("storefront/news.html", rows=rows)
