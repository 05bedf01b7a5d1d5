"""Subscriptions that are metered, read as the billing run reads them, each up to its own today. For screens."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import DueItem
from billhead.actions.billing._reading import ITEM, read_parts
from billhead.bulk import among
from billhead.models.subscriptions import Subscription

__all__ = ["read_metered"]


def read_metered(session: Session, subscriptions: Collection[int]) -> tuple[list[DueItem], Catalogue]:
    """Those of which a part counts something, and what their prices say."""
    parts, catalogue = read_parts(session, subscriptions), Catalogue()
    catalogue.need(
        session,
        plans={part.plan_id for found in parts.values() for part in found},
        prices={part.price_id for found in parts.values() for part in found},
    )
    if not catalogue.metered:
        return [], catalogue
    rows = session.execute(select(*ITEM).where(among(Subscription.id, subscriptions, session)))
    items = [DueItem._make((*row[:-1], clock.today_in(row.zone), tuple(parts[row[0]]), (), ())) for row in rows]
    return [item for item in items if any(part.price_id in catalogue.metered for part in item.parts)], catalogue
