"""Rows that say what only one person has: as a whole word, so that ada@example.com is not found in granada@example.com.

The database looks for letters; what it finds is read again here, in batches, and only whole words count.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, String, cast, false, func, or_, select

from billhead.db import Tx

__all__ = ["ids_saying", "says", "whole_words", "with_letters"]

_BATCH = 200

# `\n` of JSON, `\u003c` of JSON and `%3D` of a form end with letters that belong to no word
_ESCAPED = r"(?<=\\[nrtbf])|(?<=\\u00[0-3][0-9a-f])|(?<=%[013][0-9a-f])|(?<=%2[0-9acf])"
_BEGINS = rf"(?:{_ESCAPED}|(?<![\w@]))"
_BEGINS_MAIL = rf"(?:{_ESCAPED}|(?<![\w@])(?<!\w[.+\-]))"
_ENDS = r"(?!\w)(?![\w.+\-]*@)"  # what goes on to an @ is somebody's mail address
_ENDS_MAIL = r"(?!\w)(?![.@\-]\w)"


def whole_words(texts: Collection[str]) -> re.Pattern[str] | None:
    """None where nothing is to be found. "@" and "." are part of a mail address."""
    parts = [
        (_BEGINS_MAIL if "@" in one else _BEGINS if re.match(r"\w", one) else "")
        + re.escape(one)
        + (_ENDS_MAIL if "@" in one else _ENDS)
        for one in sorted(_forms(texts))
    ]
    return re.compile("|".join(parts)) if parts else None


def says(words: re.Pattern[str] | None, *values: Any) -> bool:
    return words is not None and any(words.search(_read(one)) for one in values)


def with_letters(tx: Tx, texts: Collection[str], *columns: Any) -> ColumnElement[bool]:
    """Any of the texts stands in any of the columns, be it within a longer word."""
    found: list[ColumnElement[bool]] = [false()]
    for column in columns:
        if isinstance(column.type, LargeBinary) and tx.session.get_bind().dialect.name == "postgresql":
            read: Any = func.encode(column, "escape")
        else:
            read = cast(column, String)
        found += [func.lower(read).contains(one, autoescape=True) for one in sorted(_forms(texts))]
    return or_(*found)


def ids_saying(
    tx: Tx, texts: Collection[str], *columns: Any, where: ColumnElement[bool] | None = None
) -> Iterator[list[int]]:
    """Of the columns' model, batch by batch; rows may be deleted meanwhile."""
    model, words, after = columns[0].class_, whole_words(texts), 0
    near = [with_letters(tx, texts, *columns), *([] if where is None else [where])]
    while words is not None:
        rows = tx.session.execute(
            select(model.id, *columns).where(model.id > after, *near).order_by(model.id).limit(_BATCH)
        ).all()
        if not rows:
            return
        after = rows[-1][0]
        found = [row[0] for row in rows if says(words, *row[1:])]
        if found:
            yield found


def _forms(texts: Collection[str]) -> set[str]:
    """As it is, and as JSON writes it."""
    return {form for one in texts if one for form in (one, json.dumps(one)[1:-1].lower())}


def _read(value: Any) -> str:
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace").lower()
    return "" if value is None else json.dumps(value).lower()
