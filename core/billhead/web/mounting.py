"""Put the web together: foundation first, then the areas and what plugins bring, then the check that every view says
who may call it."""

from pathlib import Path

from flask import Flask
from flask_bootstrap import Bootstrap5
from werkzeug.middleware.proxy_fix import ProxyFix

from billhead.plugin_host import mount_plugins
from billhead.web import (
    access,
    charting,
    csrf,
    errors,
    formatting,
    headers,
    pages,
    request_context,
    static_files,
    theming,
)
from billhead.web.accounts import accounts
from billhead.web.admin import admin
from billhead.web.callbacks import callbacks
from billhead.web.customer import customer
from billhead.web.health import health
from billhead.web.storefront import storefront

__all__ = ["AREAS", "mount_web"]

AREAS = (storefront, accounts, customer, admin, callbacks, health)

_HERE = Path(__file__).resolve().parent


def mount_web(app: Flask) -> None:
    """Register everything that answers HTTP. Raises RuntimeError naming a view that does not say who may call it."""
    billhead = app.extensions["billhead"]
    app.template_folder = str(_HERE / "templates")
    app.static_url_path = "/static"
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        SESSION_COOKIE_NAME="billhead",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=billhead.config.base_url.startswith("https:"),
    )
    if billhead.config.base_url.startswith("https:"):
        # our servers speak no TLS: a proxy stands in front, and it alone knows who asks
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    Bootstrap5(app)
    foundation = (static_files, theming, formatting, charting, pages, request_context, access, csrf, headers, errors)
    for part in foundation:
        part.install(app)
    for area in AREAS:
        app.register_blueprint(area)
    mount_plugins(app, billhead.plugins)
    access.check_every_view(app)
