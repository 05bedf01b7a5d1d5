"""A page that looks again by itself while something is on its way: by a refresh, or by js/look.js where scripts run."""

from flask import request, url_for

from billhead.domain.whole_number import whole_number

__all__ = ["next_look"]

_LOOKS = 60


def next_look() -> str:
    """The address of the next look, or "" after so many."""
    looks = whole_number(request.args.get("looks", ""), 4) or 0
    if looks >= _LOOKS:
        return ""
    return url_for(str(request.endpoint), **{**(request.view_args or {}), "looks": looks + 1})
