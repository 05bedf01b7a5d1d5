"""What a browser may send: numbers in an address that fit a column, and text that a database takes."""

from collections.abc import Iterable
from typing import Any

from flask import Flask, Request, abort, request
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, iter_multi_items
from werkzeug.routing import IntegerConverter

__all__ = ["install"]


class _Key(IntegerConverter):
    regex = r"\d{1,18}"


class _Told(ImmutableMultiDict[str, Any]):
    """A NUL in what is searched for, typed or kept by the browser is as good as a space."""

    def __init__(self, told: Any = None) -> None:
        pairs: Iterable[tuple[str, Any]] = iter_multi_items(told) if told is not None else ()
        super().__init__([(_without_nul(name), _without_nul(value)) for name, value in pairs])


class _Request(Request):
    parameter_storage_class = _Told  # of the address and of forms, their files too
    dict_storage_class = _Told  # of cookies


def install(app: Flask) -> None:
    """Before any route with a number in it is added."""
    app.url_map.converters["int"] = _Key
    app.request_class = _Request

    @app.before_request
    def takes_no_nul() -> None:
        if "\0" in request.path:
            abort(404)


def _without_nul(sent: Any) -> Any:
    if isinstance(sent, FileStorage):
        sent.filename = _without_nul(sent.filename)
    return sent.replace("\0", " ") if isinstance(sent, str) else sent
