"""/news/stop/…: no more news by mail, without signing in; one POST does it, as RFC 8058 has it."""

from flask import make_response
from flask.typing import ResponseReturnValue

from billhead.actions.notifications._stop_links import read_stop_link
from billhead.actions.notifications.stop_news import stop_news
from billhead.db import writing
from billhead.domain.context import Context
from billhead.plugin import allow
from billhead.web.pages import page
from billhead.web.storefront.blueprint import storefront

__all__ = ["stopped_by_post"]


@storefront.get("/news/stop/<token>")
@allow("anyone")
def ask_to_stop(token: str) -> ResponseReturnValue:
    """Only a question: programs that look for viruses open every link."""
    read_stop_link(token)
    return _private(False)


@storefront.post("/news/stop/<token>")
@allow("anyone")
def stopped_by_post(token: str) -> ResponseReturnValue:
    """The signed address is what permits it: a mail program sends no CSRF token."""
    with writing(Context.system("stop-news")) as tx:
        stop_news(tx, token)
    return _private(True)


def _private(done: bool) -> ResponseReturnValue:
    answer = make_response(page("storefront/stop_news.html", done=done))
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer
