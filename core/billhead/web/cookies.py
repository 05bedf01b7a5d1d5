"""Our cookies: out of reach of scripts, not sent with what other sites post, and by https alone where we are on it."""

from flask import Response

from billhead.plugin_host.current import config

__all__ = ["drop_cookie", "set_cookie"]


def set_cookie(response: Response, name: str, value: str, lasts: int | None, path: str = "/") -> None:
    """`lasts` in seconds; None: until the browser is closed."""
    # Lax: they must come along when a gateway, a provider or a mail leads back to us
    response.set_cookie(name, value, max_age=lasts, path=path, httponly=True, samesite="Lax", secure=config().is_https)


def drop_cookie(response: Response, name: str, path: str = "/") -> None:
    """The path it was set for, or it stays."""
    response.delete_cookie(name, path=path, httponly=True, samesite="Lax", secure=config().is_https)
