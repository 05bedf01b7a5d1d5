"""The rows that a notice names: each must be there, and its customer's."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from billhead.db import Model
from billhead.domain.errors import NoticeRejected
from billhead.models.operations import Notice

__all__ = ["Parts", "found_row", "must_be_theirs", "named"]

M = TypeVar("M", bound=Model)

Parts = dict[str, tuple[Callable[[Session, Notice], Mapping[str, Any]], ...]]
"""By kind of notice: what gathers its facts, one after the other."""


def found_row(session: Session, model: type[M], key: int | None, what: str) -> M:
    row = session.get(model, key) if key is not None else None
    if row is None:
        raise NoticeRejected(f"the {what} {key} that this notice is about does not exist any more")
    return row


def named(notice: Notice, name: str) -> Any:
    if not notice.data.get(name):
        raise NoticeRejected(f"a notice of the kind {notice.kind} must name a {name}, but its data does not")
    return notice.data[name]


def must_be_theirs(notice: Notice, customer_id: int, what: str) -> None:
    if customer_id != notice.customer_id:
        raise NoticeRejected(f"the {what} that this notice is about belongs to another customer")
