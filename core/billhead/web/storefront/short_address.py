"""/a/XXXX-XXXX: leads an app to a line's playlist. Not for search engines, and answered in plain words."""

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from billhead.actions.access.follow_code import follow_code
from billhead.db import writing
from billhead.plugin import allow
from billhead.web.request_context import client_address, current_ctx
from billhead.web.speaking import marked, say
from billhead.web.storefront.blueprint import storefront

__all__: list[str] = []

_ANSWERS = {
    "unknown": (404, marked("There is no such address. Look at it again, or make a new one in your account.")),
    "expired": (410, marked("This address has ended. Make a new one in your account.")),
    "stopped": (403, marked("This line can't be watched now. Your account says why.")),
    "too_often": (429, marked("Too many tries. Wait a quarter of an hour.")),
}


@storefront.get("/a/<code>")
@allow("anyone")
def short_address(code: str) -> ResponseReturnValue:
    """The player is sent on, so that its list comes from the panel and never through us."""
    agent = request.headers.get("User-Agent", "")
    with writing(current_ctx()) as tx:
        followed = follow_code(tx, code, ip=client_address(), agent=agent)
    if followed.outcome == "led_on":
        answer = redirect(followed.url, 302, Response)
    else:
        status, text = _ANSWERS[followed.outcome]
        answer = Response(say(text) + "\n", status, mimetype="text/plain")
        if status == 429:
            answer.headers["Retry-After"] = "900"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
