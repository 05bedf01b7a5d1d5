"""Which subscriptions are due, in keyset chunks, each with all that rating needs."""

from datetime import date

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Chunk
from billhead.actions.billing._reading import ITEM, AsOf, DueScope, chunk_of, in_company, is_due
from billhead.models.subscriptions import Subscription

__all__ = ["due_chunk"]


def due_chunk(
    session: Session, catalogue: Catalogue, as_of: AsOf, scope: DueScope, after: tuple[date, int] | None, size: int
) -> Chunk | None:
    """The next chunk in the order of due date and id, or None at the end.

    What has been billed is no longer due, so a run that is started again finds only what is left.
    """
    query = select(*ITEM).where(*is_due(as_of), *scope.conditions())
    if after is not None:
        query = query.where(tuple_(Subscription.next_bill_on, Subscription.id) > tuple_(*after))
    rows = session.connection().execute(query.order_by(Subscription.next_bill_on, Subscription.id).limit(size)).all()
    if not rows:
        return None
    chunk = chunk_of(session, catalogue, as_of, rows)._replace(last=(rows[-1].next_bill_on, rows[-1].id))
    return in_company(session, catalogue, as_of, scope, chunk, after)
