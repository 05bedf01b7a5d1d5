"""The entry point: offers the theme `midnight`, a child of `lounge`, as theme.toml tells it."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from billhead.plugin import Theme, hookimpl

API = 1
REQUIRES = ("theme_lounge",)
_HERE = Path(__file__).resolve().parent


@hookimpl
def themes() -> Sequence[Theme]:
    told = tomllib.loads((_HERE / "theme.toml").read_text("utf-8"))
    return [Theme(told["code"], told["label"], _HERE, told["tokens"], told["dark"], told["parent"])]
