"""A customer moves a saved method one place up or down: the first pays renewals, the next in its place if it must."""

from sqlalchemy import select

from billhead.actions.payments._methods import visible_method
from billhead.actions.payments.prefer_method import prefer_method
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.payments import PaymentMethod

__all__ = ["move_method"]


@verb("payments.move_method")
def move_method(tx: Tx, method_id: int, way: str) -> None:
    """`way` is "up" or "down"; where there is no place further nothing happens. What comes first by it is preferred, as
    by `prefer_method`.

    Raises InvalidInput, NotFound (not theirs, or removed) or Conflict (what was declined for good would come first).
    """
    method = visible_method(tx.session, tx.ctx, method_id)
    if way not in ("up", "down"):
        raise InvalidInput("way", f"{way!r} is not one of up, down")
    mine = PaymentMethod.customer_id == method.customer_id
    locked = select(PaymentMethod).where(mine).order_by(PaymentMethod.id).with_for_update()
    theirs = tx.session.scalars(locked.execution_options(populate_existing=True)).all()
    rows = [one for one in theirs if one.token]
    rows.sort(key=lambda one: (not one.is_default, one.position, -one.id))
    if method not in rows:
        raise NotFound("payment method", method_id)
    at = rows.index(method)
    to = at + (1 if way == "down" else -1)
    if not 0 <= to < len(rows):
        return
    first = rows[0]
    rows[at], rows[to] = rows[to], rows[at]
    for place, one in enumerate(rows):
        one.position = place
    tx.session.flush()
    if first.is_default and rows[0] is not first:
        prefer_method(tx, rows[0].id)
    note(tx, f"customer:{method.customer_id}", method_id=method.id, way=way)
