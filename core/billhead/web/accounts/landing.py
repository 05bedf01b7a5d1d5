"""Where somebody lands after signing in: where they were going, else the area of their role."""

from flask import current_app, request, url_for

from billhead.web.request_context import signed_in

__all__ = ["home_of_login", "landing", "local_path"]

_HOMES = {
    "staff": "admin.home",
    "customer": "customer.dashboard",
    "reseller": "reseller.home",
    "super_reseller": "reseller.home",
}


def local_path(asked_for: str) -> str:
    """`asked_for` if it is a path of this site, else "": nobody is sent elsewhere by a link to our sign-in page."""
    is_ours = asked_for.startswith("/") and not asked_for.startswith("//") and "\\" not in asked_for
    return asked_for if is_ours and asked_for.isprintable() else ""


def landing(role: str) -> str:
    return local_path(request.args.get("next", "")) or _home(role)


def home_of_login() -> str:
    """The first page of whoever is signed in; the shop's for visitors."""
    login = signed_in()
    return _home(login.role.value if login is not None else "")


def _home(role: str) -> str:
    home = _HOMES.get(role, "")
    return url_for(home if home in current_app.view_functions else "storefront.plans")
