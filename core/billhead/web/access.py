"""Who may call which view. Every view states it with `@allow(*roles, permission=)`; the guard holds it to its word."""

from collections.abc import Callable
from typing import Any

from flask import Flask, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.domain.context import Role
from billhead.domain.errors import NotAllowed
from billhead.domain.rights import OWN_AREA, STRICTEST, visit_needs
from billhead.web.headers import PLAIN_FILES
from billhead.web.request_context import current_ctx, signed_in
from billhead.web.shop_address import asked, full_path
from billhead.web.signed_in import Visit
from billhead.web.speaking import say

__all__ = ["check_every_view", "install", "stated"]

_OF_A_SHOP = frozenset({"anyone", Role.CUSTOMER, Role.VISITOR})
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
        _keep_to_the_shop(roles)
        if "anyone" in roles:
            return None
        if signed_in() is None and Role.VISITOR not in roles:
            return _ask_to_sign_in()
        login = signed_in()
        role = login.role if login is not None else Role.VISITOR
        if login is not None and login.must_set_up and request.blueprint != "security":
            flash(say("Staff of this house sign in with a second step. Set one up first, then you can go on."), "warn")
            return redirect(url_for("security.overview"), 303)
        if not permission and roles == {Role.CUSTOMER}:
            permission = STRICTEST  # who may not do all needs to be let in by name
        if login is not None and login.visit is not None and login.role in roles:
            _check_visit(login.visit, login.role, permission)
        if role not in roles or (permission and not current_ctx().may(permission)):
            raise NotAllowed(
                "Your account has no access to this page.", hint=f"it needs {permission}" * bool(permission)
            )
        return None


def _keep_to_the_shop(roles: frozenset[str]) -> None:
    """At a reseller's shop there is what its customers use, and nothing of the operator's. 404 also where is none."""
    if request.endpoint in PLAIN_FILES:
        return
    if request.script_root and asked() is None:
        abort(404)
    operators = not roles & _OF_A_SHOP or request.blueprint == "setting_up"
    if operators and (found := asked()) is not None and found.is_shop:
        abort(404)


def _check_visit(visit: Visit, role: Role, permission: str) -> None:
    """Staff in somebody's area see what the person sees, and leave alone how they pay, sign in and are known; what they
    do there they may do at their own desk too. In a reseller's, where most buttons spend credits, they look only."""
    looks = request.method in ("GET", "HEAD")
    is_reseller = role is not Role.CUSTOMER
    if request.blueprint == "security" or (is_reseller and (permission or not looks)):
        raise _not_for_visitors()
    right = "own.lines" if is_reseller else permission or OWN_AREA  # a reseller's pages show passwords of lines
    needed = visit_needs(right, looks=looks)
    if needed is None:
        raise _not_for_visitors()
    if "*" not in visit.permissions and (lacks := sorted(needed - visit.permissions)):
        raise NotAllowed("You may not do this for somebody else.", hint=f"it needs {', '.join(lacks)}")


def _not_for_visitors() -> NotAllowed:
    return NotAllowed(
        "This is not possible while you look in for somebody else.", hint="only the person itself does this"
    )


def _ask_to_sign_in() -> ResponseReturnValue:
    asked_for = full_path() if request.method == "GET" else ""
    return redirect(url_for("accounts.sign_in_page", next=asked_for or None), 303)


def check_every_view(app: Flask) -> None:
    """Raises RuntimeError naming the first view that does not say who may call it, or names an unknown role."""
    for endpoint, view in app.view_functions.items():
        roles, _permission = stated(view)
        if not roles:
            raise RuntimeError(f"the view {endpoint} does not say who may call it: write @allow(…) below its route")
        if unknown := sorted(roles - _ROLES):
            raise RuntimeError(f"the view {endpoint} allows {unknown[0]!r}; roles are {', '.join(sorted(_ROLES))}")
