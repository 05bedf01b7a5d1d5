"""From data to PDF with typst. A template gets its data as JSON, so that no customer's text is ever taken for code."""

import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst

from billhead.domain.errors import Conflict

__all__ = ["typeset"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_MAIN = "main.typ"
_FONTS = ("truetype/noto", "truetype/dejavu", "opentype/noto")


def typeset(template: str, data: Mapping[str, Any], logo: bytes, *, archivable: bool) -> bytes:
    """The PDF of `templates/<template>.typ`, with a picture in its head if there is one; `archivable`: as PDF/A-3b.

    Raises Conflict when an archivable one has a letter that no installed font has: PDF/A wants all of them.
    """
    files = {_MAIN: _source(template), "paper.typ": _source("paper")}
    # typst takes text alone as a file that is not on the disk, so that the picture comes as numbers
    given = _printable(data) | {"logo": list(logo)}
    try:
        compiled: bytes = typst.compile(  # type: ignore[call-overload]
            files,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(given)},
            pdf_standards=["a-3b"] if archivable else [],
        )
    except typst.TypstError as error:
        if archivable and "could not be displayed with" in str(error):
            raise Conflict(
                "the document has letters that no installed font has, so it can't be archived",
                code="font_missing",
                hint="install the fonts of its script, like the Debian package fonts-noto-cjk",
            ) from error
        raise
    return compiled


@cache
def _source(template: str) -> bytes:
    return (_TEMPLATES / f"{template}.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Fonts where the system has them, from these places alone, so that a document looks the same on every machine
    that has them. typst itself brings a Latin and Cyrillic one."""
    folders = [Path("/usr/share/fonts") / place for place in _FONTS]
    found = [str(folder) for folder in folders if folder.is_dir()]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=found)


def _printable(value: Any) -> Any:
    """Without control characters: no font has them, and PDF/A refuses a document with a letter that no font has."""
    if isinstance(value, str):
        return "".join(
            " " if unicodedata.category(sign) in ("Cc", "Co", "Cs", "Cn") and sign != "\n" else sign for sign in value
        )
    if isinstance(value, Mapping):
        return {name: _printable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return value
