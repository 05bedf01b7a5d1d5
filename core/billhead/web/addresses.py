"""What an address may hold: numbers that fit a column, and text that a database takes. Else nothing is there."""

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter

__all__ = ["install"]


class _Key(IntegerConverter):
    regex = r"\d{1,18}"


def install(app: Flask) -> None:
    """Before any route with a number in it is added."""
    app.url_map.converters["int"] = _Key

    @app.before_request
    def takes_no_nul() -> None:
        if "\0" in request.path or any("\0" in value for _name, value in request.args.items(multi=True)):
            abort(404)
