"""Our own files, with their digest in the address so that browsers may keep them for a year."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request, send_from_directory, url_for

from billhead.plugin import allow

__all__ = ["FOLDER", "asset", "install"]

FOLDER = Path(__file__).resolve().parent / "static"
_YEAR = 365 * 24 * 3600


def install(app: Flask) -> None:
    app.add_url_rule("/static/<path:filename>", "static_file", _static_file)
    app.jinja_env.globals["asset"] = asset
    bundled = app.view_functions["bootstrap.static"]
    app.view_functions["bootstrap.static"] = allow("anyone")(lambda **path: bundled(**path))


@allow("anyone")
def _static_file(filename: str) -> Response:
    return send_from_directory(FOLDER, filename, max_age=_YEAR if "v" in request.args else 3600)


def asset(name: str) -> str:
    """The address of a file in static/."""
    return url_for("static_file", filename=name, v=_digest(name))


@lru_cache(maxsize=256)
def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
