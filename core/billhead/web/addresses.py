"""What an address may hold: numbers that fit a column, and text that a database takes."""

from flask import Flask, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter

__all__ = ["install"]


class _Key(IntegerConverter):
    regex = r"\d{1,18}"


def install(app: Flask) -> None:
    """Before any route with a number in it is added."""
    app.url_map.converters["int"] = _Key

    @app.before_request
    def takes_no_nul() -> None:
        """Nothing is at an address with one; in what is searched for it is as good as a space."""
        if "\0" in request.path:
            abort(404)
        asked = list(request.args.items(multi=True))
        if any("\0" in value for _, value in asked):
            request.args = ImmutableMultiDict((name, value.replace("\0", " ")) for name, value in asked)
