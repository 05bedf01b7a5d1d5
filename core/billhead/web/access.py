"""Who may call which view. Every view states it with `@allow(*roles, permission=)`; the guard holds it to its word."""

from collections.abc import Callable
from typing import Any

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.domain.context import Role
from billhead.domain.errors import NotAllowed
from billhead.web.request_context import current_ctx, signed_in

__all__ = ["check_every_view", "install", "stated"]

_ROLES = frozenset({"anyone", *(role.value for role in Role)})


def stated(view: Callable[..., Any]) -> tuple[frozenset[str], str]:
    """(roles, permission) as `allow` left them on a view; no roles where it was not used."""
    found: tuple[frozenset[str], str] = getattr(view, "billhead_allow", (frozenset(), ""))
    return found


def install(app: Flask) -> None:
    @app.before_request
    def only_who_is_allowed() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None  # no such page, or not by this method: answered as such
        roles, permission = stated(app.view_functions[request.endpoint])
        if "anyone" in roles:
            return None
        if signed_in() is None and Role.VISITOR not in roles:
            return _ask_to_sign_in()
        ctx = current_ctx()
        if ctx.role not in roles or (permission and not ctx.may(permission)):
            raise NotAllowed(
                "Your account has no access to this page.", hint=f"it needs {permission}" * bool(permission)
            )
        return None


def _ask_to_sign_in() -> ResponseReturnValue:
    asked_for = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("accounts.sign_in_page", next=asked_for or None), 303)


def check_every_view(app: Flask) -> None:
    """Raises RuntimeError naming the first view that does not say who may call it, or names an unknown role."""
    for endpoint, view in app.view_functions.items():
        roles, _permission = stated(view)
        if not roles:
            raise RuntimeError(f"the view {endpoint} does not say who may call it: write @allow(…) below its route")
        if unknown := sorted(roles - _ROLES):
            raise RuntimeError(f"the view {endpoint} allows {unknown[0]!r}; roles are {', '.join(sorted(_ROLES))}")
