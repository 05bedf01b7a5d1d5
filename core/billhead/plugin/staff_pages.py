"""A plugin's own pages in the staff's area: its views are a blueprint, its templates extend `admin/layout.html`."""

from collections.abc import Callable
from typing import Any

__all__ = ["in_staff_menu", "provide_staff_pages", "staff_page"]

_providers: list[Callable[..., str]] = []


def staff_page(template: str, /, **values: Any) -> str:
    """The template in the staff's look, with the menu around it; the blueprint names its `template_folder`.

    Templates are given what core's own are: `blocks` and `parts` (tables, fields of forms), `moment`, `can` …
    Raises RuntimeError outside of a running application.
    """
    if not _providers:
        raise RuntimeError("no Billhead application is running: staff_page() works inside views only")
    return _providers[-1](template, **values)


def provide_staff_pages(provider: Callable[..., str]) -> None:
    """Called by core at start-up; not part of the API."""
    _providers[:] = [provider]


def in_staff_menu(label: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a view without arguments into the menu of the staff's area, for those whom its `allow` lets in."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.billhead_menu = label  # type: ignore[attr-defined]
        return view

    return mark
