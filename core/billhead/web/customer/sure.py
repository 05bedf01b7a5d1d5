"""Ask a customer before something is done that one click can't take back: a page that says what will happen."""

from collections.abc import Mapping, Sequence

from flask.typing import ResponseReturnValue
from markupsafe import Markup

from billhead.web.pages import page

__all__ = ["sure"]


def sure(
    title: str,
    happens: Sequence[str | Markup],
    button: str,
    back: str,
    *,
    danger: bool = False,
    sent: Mapping[str, str] | None = None,
    figures: Sequence[tuple[str, str]] = (),
    problem: str = "",
) -> ResponseReturnValue:
    """The question; its button posts to the address that showed it, with `sent`. `back` is where a no leads. `figures`:
    what comes of it, as (what, how much); `problem`: why it was not done when it was asked before."""
    shown = {"title": title, "happens": happens, "button": button, "back": back, "danger": danger, "sent": sent or {}}
    return page("customer/sure.html", **shown, comes_to=figures, problem=problem), 409 if problem else 200
