"""Every POST proves that it comes from one of our forms. Callbacks prove themselves by signature,
programs by their key: they are left out."""

import secrets

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from billhead.web.api_staff import api_staff
from billhead.web.api_v1 import api
from billhead.web.callbacks import callbacks
from billhead.web.storefront.pay import paid_by_post
from billhead.web.storefront.stop_news import stopped_by_post

__all__ = ["install"]


def install(app: Flask) -> None:
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the browser's session: an open tab is no dead end
    protect = CSRFProtect(app)
    protect.exempt(callbacks)
    for one in (api, api_staff):
        protect.exempt(one)  # a key in each request; no cookie counts there
    protect.exempt(stopped_by_post)  # a mail program: its address is signed
    protect.exempt(paid_by_post)  # a gateway's own form; it changes nothing
    app.jinja_env.globals["new_idempotency_key"] = lambda: secrets.token_hex(16)
