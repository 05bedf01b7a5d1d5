"""The operator's pages in the menu and at the foot: one statement a page, and none in the staff's area."""

from flask import Flask, g

from billhead.actions.content._pages import Link, page_links
from billhead.db import reading
from billhead.web.markdown import as_page
from billhead.web.request_context import current_seller, in_staff_area
from billhead.web.speaking import speech

__all__ = ["install"]


def install(app: Flask) -> None:
    app.jinja_env.globals.update(content_links=_content_links, as_page=as_page)


def _content_links(place: str) -> list[Link]:
    if "content_links" not in g:
        seller = None if in_staff_area() else current_seller()
        with reading() as session:
            g.content_links = page_links(session, seller.id, speech().language) if seller is not None else []
    return [link for link in g.content_links if link.place == place]
