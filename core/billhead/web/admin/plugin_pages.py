"""Pages that plugins bring into the staff's area: drawn as ours, and found in the menu."""

from typing import Any

from flask import Flask, current_app

from billhead.plugin.staff_pages import provide_staff_pages
from billhead.plugin_host import plugins
from billhead.web.access import stated
from billhead.web.admin.area import menu
from billhead.web.pages import page
from billhead.web.request_context import current_ctx

__all__ = ["entries", "install"]


_KEPT = "billhead_plugin_pages"


def install(app: Flask) -> None:
    """To be called when the plugins are mounted: their pages are looked for once, and not on each page."""
    owners: dict[str, str] = app.extensions["billhead_owners"]
    app.extensions[_KEPT] = sorted(
        (view.billhead_menu, endpoint, owners[blueprint])
        for endpoint, view in app.view_functions.items()
        if (blueprint := endpoint.partition(".")[0]) in owners and hasattr(view, "billhead_menu")
    )
    provide_staff_pages(_staff_page)
    app.jinja_env.globals["plugin_pages"] = entries


def _staff_page(template: str, /, **values: Any) -> str:
    return page(template, **menu(), **values)


def entries() -> list[tuple[str, str]]:
    """(endpoint, label) of the active plugins' pages that this member of staff may open."""
    ctx, active, found = current_ctx(), plugins().active_names(), []
    for label, endpoint, owner in current_app.extensions[_KEPT]:
        roles, permission = stated(current_app.view_functions[endpoint])
        if owner in active and ctx.role in roles and (not permission or ctx.may(permission)):
            found.append((endpoint, label))
    return found
