"""Pages that look again while something is on its way: by a link, and in the background where scripts run (js/look.js).

A script that asks is told where to go instead of being led there: it would follow by itself, and take the words that
are said once to the person who is led.
"""

from flask import Flask, Response, request, url_for

from billhead.domain.whole_number import whole_number

__all__ = ["install", "next_look"]

_LOOKS = 60


def install(app: Flask) -> None:
    @app.after_request
    def tell_where(response: Response) -> Response:
        if "X-Look" not in request.headers or response.location is None:
            return response
        told = Response(status=204)
        for name, value in response.headers:
            if name not in ("Location", "Content-Length", "Content-Type"):
                told.headers.add(name, value)
        told.headers["X-Leads-To"] = response.location
        return told


def next_look() -> str:
    """The address of this page's next look, or "" after so many."""
    looks = whole_number(request.args.get("looks", ""), 4) or 0
    if looks >= _LOOKS:
        return ""
    return url_for(str(request.endpoint), **{**(request.view_args or {}), "looks": looks + 1})
