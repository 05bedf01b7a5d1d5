"""The blueprint, the look that it borrows, and asking once more for the password."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead import clock
from billhead.actions.sign_in.confirm_identity import HOLDS
from billhead.domain.context import Role
from billhead.domain.rights import BUYERS
from billhead.web.admin.area import menu
from billhead.web.pages import page
from billhead.web.request_context import current_seller, signed_in
from billhead.web.reseller.area import shared
from billhead.web.signed_in import Login

__all__ = ["EVERYBODY", "Question", "fresh", "me", "own_page", "security"]

EVERYBODY = ("staff", *BUYERS)

security = Blueprint("security", __name__, url_prefix="/security")

P = ParamSpec("P")

_LAYOUTS = {
    Role.STAFF: "admin/layout.html",
    Role.CUSTOMER: "customer/_area.html",
    Role.RESELLER: "reseller/_area.html",
    Role.SUPER_RESELLER: "reseller/_area.html",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What will happen, before somebody says yes."""

    title: str
    text: str
    button: str


def me() -> Login:
    login = signed_in()
    assert login is not None, "the guard lets nobody else through"
    return login


def fresh(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """The password is asked for again when it was given more than a quarter of an hour ago. Put it below `@allow`."""

    @wraps(view)
    def asked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if me().confirmed_at > clock.now() - HOLDS:
            return view(*args, **kwargs)
        back = request.script_root + request.path if request.method == "GET" else url_for("security.overview")
        return redirect(url_for("security.confirm", next=back), 303)

    return asked


def own_page(name: str, **values: Any) -> str:
    """A page in the look of the area that its reader works in."""
    role, seller = me().role, current_seller()
    more = {"zone": seller.zone if seller is not None else "UTC"}
    if role is Role.STAFF:
        more = menu()
    elif role is not Role.CUSTOMER:
        more = shared()
    return page(f"security/{name}.html", area_layout=_LAYOUTS.get(role, "layout.html"), **more, **values)
