"""Forget in time: viewers' addresses first, then the viewings."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from billhead import clock
from billhead.actions.usage._lines import DAY, epoch
from billhead.actions.viewings._sightings import SIGHTING_DAYS
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.watching import WatchingRules, rules_from
from billhead.models.access import AccessCodeUse
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.viewings import LiveSighting, Viewing

__all__ = ["purge_viewings"]

_BATCH = 5000


def purge_viewings(tx: Tx) -> int:
    """A batch, by the rules of each panel's seller; returns how many viewings it touched, 0 when all is done."""
    session, touched = tx.session, 0
    today = epoch(clock.business_now()) // DAY
    panels = session.execute(select(Panel.id, Seller.watching).join(Seller, Seller.id == Panel.seller_id)).all()
    for panel_id, stored in panels:
        rules, mine = rules_from(stored), Viewing.panel_id == panel_id
        old = _some(tx, mine, Viewing.day < today - rules.viewing_days)
        session.execute(delete(Viewing).where(mine, among(Viewing.viewing_id, old, session)))
        bare = _some(tx, mine, (Viewing.day < today - rules.address_days) & (Viewing.ip != ""))
        named = update(Viewing).where(mine, among(Viewing.viewing_id, bare, session))
        session.execute(named.values(ip="", device=""))
        kept = today - min(rules.address_days, SIGHTING_DAYS)
        session.execute(delete(LiveSighting).where(LiveSighting.panel_id == panel_id, LiveSighting.seen < kept * DAY))
        touched += len(old) + len(bare)
    touched += _forget_uses(tx, [rules_from(stored) for _, stored in panels] or [WatchingRules()])
    return touched


def _forget_uses(tx: Tx, rules: Sequence[WatchingRules]) -> int:
    """Uses of short addresses: by the shortest time that a seller has set, which all are within."""
    session, use = tx.session, AccessCodeUse
    bare = use.at < clock.now() - timedelta(days=min(one.address_days for one in rules))
    session.execute(update(use).where(bare, use.ip != "").values(ip="", agent=""))
    over = use.at < clock.now() - timedelta(days=min(one.viewing_days for one in rules))
    old = session.scalars(select(use.id).where(over).limit(_BATCH)).all()
    session.execute(delete(use).where(among(use.id, old, session)))
    return len(old)


def _some(tx: Tx, *where: ColumnElement[bool]) -> list[str]:
    return list(tx.session.scalars(select(Viewing.viewing_id).where(*where).limit(_BATCH)))
