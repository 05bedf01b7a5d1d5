"""The operator's pages: the front of the shop, and /pages/… at an address that is the same in every language."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billhead.actions.content._pages import ShownPage, shown_front, shown_page
from billhead.db import reading
from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.domain.whole_number import whole_number
from billhead.models.content import ContentPage, ContentVersion
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.markdown import in_blocks
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_seller, signed_in
from billhead.web.speaking import speech
from billhead.web.storefront.blueprint import storefront
from billhead.wording import LANGUAGES, direction, wording

__all__ = ["front_page"]


@storefront.get("/pages/<slug>")
@allow("anyone")
def content_page(slug: str) -> ResponseReturnValue:
    seller = current_seller()
    with reading() as session:
        found = seller and (looked_at(session, seller) or shown_page(session, seller.id, slug, _wanted()))
    if not found or found.page.slug != slug:
        raise NotFound("page", slug)
    if found.page.place == "front":
        return redirect(url_for("storefront.plans"), 302)
    return page("storefront/content_page.html", **_told(found))


def front_page(session: Session, seller: Seller) -> dict[str, object]:
    """What the operator wrote for the front, for its template; nothing where nothing is published."""
    found = looked_at(session, seller) or shown_front(session, seller.id, _wanted())
    if found is None or found.page.place != "front":
        return {}
    introduction, blocks = in_blocks(found.version.body)
    return {**_told(found), "introduction": introduction, "blocks": blocks}


def looked_at(session: Session, seller: Seller) -> ShownPage | None:
    """A version that nobody else sees yet, for staff who may write it: ?page=7&language=de&version=3."""
    login, asked = signed_in(), request.args
    if login is None or login.role is not Role.STAFF or not current_ctx().may("content.write"):
        return None
    number, page_id = (whole_number(asked.get(name, "")) for name in ("version", "page"))
    if number is None or page_id is None:
        return None
    row = session.get(ContentPage, page_id)
    version = session.get(ContentVersion, (page_id, asked.get("language", ""), number))
    if row is None or version is None or row.seller_id != seller.id:
        return None
    return ShownPage(row, version, ())


def _wanted() -> str:
    """The language of the address, else the reader's."""
    asked = request.args.get("language", "")
    return asked if asked in LANGUAGES else speech().language


def _told(found: ShownPage) -> dict[str, object]:
    others = [wording(code) for code in found.languages]
    written = {"written": found.version, "written_dir": direction(found.version.language)}
    return {"place": found.page, "others": others, "previewed": not found.languages, **written}
