"""Where somebody lands after signing in: where they were going, else the area of their role."""

from flask import current_app, request, url_for

__all__ = ["landing", "local_path"]

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
    home = _HOMES.get(role, "")
    return local_path(request.args.get("next", "")) or url_for(
        home if home in current_app.view_functions else "storefront.plans"
    )
