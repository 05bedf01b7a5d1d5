"""Which panels a command is about: those that are named, or all."""

from collections.abc import Sequence

from sqlalchemy import select

from billhead.db import reading
from billhead.domain.errors import NotFound
from billhead.models.panels import Panel

__all__ = ["panels_named"]


def panels_named(codes: Sequence[str]) -> dict[str, int]:
    """Code → id. Raises NotFound, and says which there are."""
    with reading() as session:
        there = dict(session.execute(select(Panel.code, Panel.id).order_by(Panel.code)).all())
    for code in codes:
        if code not in there:
            raise NotFound("panel", code, hint=f"there are: {', '.join(there) or 'none'}")
    return {code: there[code] for code in codes or there}
