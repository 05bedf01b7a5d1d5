"""Security headers of every answer. Nothing inline, nothing from elsewhere.

Forms go to ourselves only. A payer is sent to a gateway by a page of ours that leads on (see storefront/pay.py), never
by the answer to a form: browsers hold redirects after a form to `form-action`, and so no list of gateways is kept here.
"""

from flask import Flask, Response, g, request

from billhead.plugin_host.current import config

__all__ = ["PLAIN_FILES", "install"]

CSP = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",  # Bootstrap draws its ticks and arrows as data: images in its style sheet
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
PLAIN_FILES = frozenset({"static_file", "bootstrap.static", "look_css", "theme_css", "theme_file"})


def install(app: Flask) -> None:
    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if config().is_https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint not in PLAIN_FILES:
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response
