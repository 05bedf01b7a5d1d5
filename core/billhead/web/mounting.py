"""Put the web together: foundation first, then the areas and what plugins bring, then the check that every view says
who may call it."""

from pathlib import Path

from flask import Flask
from flask_bootstrap import Bootstrap5
from werkzeug.middleware.proxy_fix import ProxyFix

from billhead.plugin_host import mount_plugins
from billhead.web import (
    access,
    addresses,
    announcing,
    charting,
    content_links,
    csrf,
    errors,
    formatting,
    headers,
    kept,
    looking,
    own_words,
    pages,
    pressed_twice,
    request_context,
    speaking,
    static_files,
    theming,
)
from billhead.web.accounts import accounts
from billhead.web.admin import admin, plugin_pages
from billhead.web.api_staff import api_staff
from billhead.web.api_v1 import api
from billhead.web.callbacks import callbacks
from billhead.web.customer import customer
from billhead.web.health import health
from billhead.web.reseller import reseller
from billhead.web.security import security
from billhead.web.setting_up import setting_up
from billhead.web.shop_address import ShopPaths, ShopSessions
from billhead.web.storefront import storefront

__all__ = ["AREAS", "mount_web"]

AREAS = (storefront, accounts, security, customer, reseller, admin, api, api_staff, callbacks, health, setting_up)

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
        SESSION_COOKIE_SECURE=billhead.config.is_https,
    )
    app.session_interface = ShopSessions()
    app.wsgi_app = ShopPaths(app.wsgi_app)  # type: ignore[method-assign]
    proxies = billhead.config.trusted_proxies
    if proxies:
        # they alone know who asks; each adds whom it saw, while the scheme is what the nearest one passes on
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=1)  # type: ignore[method-assign]
    Bootstrap5(app)
    foundation = (
        static_files, theming, formatting, charting, speaking, own_words, pages, request_context, addresses, announcing,
        content_links, access, csrf, kept, pressed_twice, headers, looking, errors,
    )  # fmt: skip
    for part in foundation:
        part.install(app)
    for area in AREAS:
        app.register_blueprint(area)
    mount_plugins(app, billhead.plugins)
    plugin_pages.install(app)
    access.check_every_view(app)
