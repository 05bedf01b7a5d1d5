"""Viewings of nobody that we knew: looked at again, since their lines may have been adopted or imported meanwhile."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select, update

from billhead.actions.viewings._numbers import lines_by_number
from billhead.actions.viewings._rating import Kept, rate
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.subscriptions import Service
from billhead.models.viewings import Viewing

__all__ = ["match_viewings"]

_BATCH = 1000


def match_viewings(ctx: Context, panel_id: int) -> int:
    """Give those to their lines whose reference or login is known by now; returns how many. Batches of a thousand."""
    total = 0
    while True:
        with writing(ctx) as tx:
            named = or_(
                (Viewing.ref != "") & (Service.handle == Viewing.ref),
                (Viewing.login != "") & (Service.login == Viewing.login) & (Service.lifecycle != "gone"),
            )
            rows = tx.session.execute(
                select(Viewing, Service.id)
                .join(Service, (Service.panel_id == Viewing.panel_id) & named)
                .where(Viewing.panel_id == panel_id, Viewing.service_id == 0)
                .order_by(Viewing.viewing_id, (Service.handle == Viewing.ref).desc(), Service.id)
                .limit(_BATCH)
            ).all()
            whose: dict[str, Kept] = {}
            for row, service_id in rows:
                kept = Kept(panel_id, row.viewing_id, service_id, row.kind, row.item, row.began, row.ended)
                whose.setdefault(row.viewing_id, kept)
            for one in whose.values():
                key = Viewing.panel_id == panel_id, Viewing.viewing_id == one.viewing_id
                tx.session.execute(update(Viewing).where(*key).values(service_id=one.service_id))
            rate(tx, list(whose.values()))
        total += len(whose)
        if len(rows) < _BATCH:
            return total + _by_number(ctx, panel_id)


def _by_number(ctx: Context, panel_id: int) -> int:
    """Boxes that a panel tells by its own number alone: each number is looked at, a thousand a time."""
    nameless = Viewing.panel_id == panel_id, Viewing.service_id == 0, Viewing.remote_id != "", Viewing.login == ""
    with reading() as session:
        numbers = session.scalars(select(Viewing.remote_id).where(*nameless).distinct()).all()
    parts = (numbers[at : at + _BATCH] for at in range(0, len(numbers), _BATCH))
    return sum(_of_numbers(ctx, panel_id, part, nameless) for part in parts)


def _of_numbers(ctx: Context, panel_id: int, numbers: Sequence[str], nameless: Sequence[ColumnElement[bool]]) -> int:
    with reading() as session:
        if not lines_by_number(session, panel_id, numbers):
            return 0
    total = 0
    while True:
        with writing(ctx) as tx:
            known = lines_by_number(tx.session, panel_id, numbers)
            theirs = select(Viewing).where(*nameless, Viewing.remote_id.in_(list(known)))
            rows = tx.session.scalars(theirs.order_by(Viewing.viewing_id).limit(_BATCH)).all()
            for row in rows:
                row.service_id = known[row.remote_id]
            tx.session.flush()
            rate(tx, [Kept(panel_id, r.viewing_id, r.service_id, r.kind, r.item, r.began, r.ended) for r in rows])
        total += len(rows)
        if len(rows) < _BATCH:
            return total
