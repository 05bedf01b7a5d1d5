"""Pages by key: a list of a million rows turns its pages as fast as one of ten, and rows that come in shift nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.domain.whole_number import whole_number

__all__ = ["Rows", "page_by", "page_in", "page_of"]

SIZE = 25


@dataclass(frozen=True, slots=True)
class Rows:
    """One page, newest first. `newer` and `older` are addresses, empty at the ends."""

    items: list[Any]
    newer: str = ""
    older: str = ""

    def __bool__(self) -> bool:
        return bool(self.items)


def page_of(
    session: Session,
    query: Select[*tuple[Any, ...]],
    key: InstrumentedAttribute[int],
    *,
    size: int = SIZE,
    whole_rows: bool = False,
) -> Rows:
    """The page of `query` that the address asks for (`?before=` or `?after=` a key), ordered by falling key.

    `whole_rows` keeps rows of several columns; the key's column must then be among them under its own name.
    """
    before, after = _asked("before"), _asked("after")
    if after is not None:
        query = query.where(key > after).order_by(key.asc())
    elif before is not None:
        query = query.where(key < before).order_by(key.desc())
    else:
        query = query.order_by(key.desc())
    limited = query.limit(size + 1)
    found = list(session.execute(limited).all() if whole_rows else session.scalars(limited).all())
    more, items = len(found) > size, found[:size]
    if after is not None:
        items.reverse()
    has_newer = more if after is not None else before is not None
    has_older = more if after is None else True
    if not items:
        return Rows([])
    return Rows(
        items,
        newer=_address(after=getattr(items[0], key.key)) if has_newer else "",
        older=_address(before=getattr(items[-1], key.key)) if has_older else "",
    )


def page_by(
    session: Session,
    query: Select[*tuple[Any, ...]],
    by: ColumnElement[Any],
    key: InstrumentedAttribute[int],
    *,
    everything: Select[*tuple[Any, ...]],
    size: int = SIZE,
) -> Rows:
    """As `page_of`, by rising `by` (never null) and then the key: `newer` leads back, `older` on.

    The address names only the row at the edge; where it stands is looked up in `everything`, the query before its
    filters, as the row may not pass them any more.
    """
    before, after = _asked("before"), _asked("after")
    edge = before if after is None else after
    back = after is not None
    if edge is not None:
        place = session.scalar(everything.where(key == edge).with_only_columns(by, maintain_column_froms=True))
        if place is None:
            edge, back = None, False
        else:
            further = (by < place, key < edge) if back else (by > place, key > edge)
            query = query.where(or_(further[0], and_(by == place, further[1])))
    order = (by.desc(), key.desc()) if back else (by, key)
    found = list(session.execute(query.order_by(*order).limit(size + 1)).all())
    more, items = len(found) > size, found[:size]
    if back:
        items.reverse()
    if not items:
        return Rows([])
    return Rows(
        items,
        newer=_address(after=getattr(items[0], key.key)) if (more if back else edge is not None) else "",
        older=_address(before=getattr(items[-1], key.key)) if (back or more) else "",
    )


def page_in(rows: Sequence[Any], *, size: int = SIZE) -> Rows:
    """The page of rows that are read already, the oldest first, as where each says what the sum is after it. They are
    counted from the oldest, so that what comes in shifts nothing."""
    end = min(_asked("before") or len(rows), len(rows))
    start = max(end - size, 0)
    return Rows(
        list(rows[start:end])[::-1],
        newer=_address(before=min(end + size, len(rows))) if end < len(rows) else "",
        older=_address(before=start) if start else "",
    )


def _asked(name: str) -> int | None:
    return whole_number(request.args.get(name, ""))


def _address(**turned: int) -> str:
    kept = {name: value for name, value in request.args.items() if name not in ("before", "after")}
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **kept, **turned})
