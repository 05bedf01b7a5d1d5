"""What a panel told of the contents of its bouquets, kept for those that are named on it."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from billhead.bulk import among
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.models.panels import PanelBouquet
from billhead.models.viewings import BouquetItem

__all__ = ["keep_contents"]

_BATCH = 5000


def keep_contents(ctx: Context, panel_id: int, contents: Mapping[str, frozenset[str]]) -> int:
    """Of the bouquets that are named on the panel, each in a short transaction of its own; returns of how many. One
    that is not told this time keeps what is known of it."""
    named = select(PanelBouquet.remote, PanelBouquet.bouquet_id).where(PanelBouquet.panel_id == panel_id)
    with reading() as session:
        told = {ours: contents[remote] for remote, ours in session.execute(named) if remote in contents}
    for ours, items in told.items():
        with writing(ctx) as tx:
            _keep(tx, panel_id, ours, items | {""})
    return len(told)


def _keep(tx: Tx, panel_id: int, bouquet_id: int, items: frozenset[str]) -> None:
    """Writes what has changed alone: a bouquet holds thousands, and hardly any of them change in a day."""
    session, row = tx.session, BouquetItem
    # its name on the panel is locked: who was told something else at the same time waits
    its_name = (PanelBouquet.panel_id == panel_id, PanelBouquet.bouquet_id == bouquet_id)
    session.execute(select(PanelBouquet.id).where(*its_name).with_for_update())
    its_rows = (row.panel_id == panel_id, row.bouquet_id == bouquet_id)
    there = frozenset(session.scalars(select(row.item).where(*its_rows)))
    if gone := there - items:
        session.execute(delete(row).where(*its_rows, among(row.item, gone, session)))
    rows = [{"panel_id": panel_id, "bouquet_id": bouquet_id, "item": item} for item in sorted(items - there)]
    for at in range(0, len(rows), _BATCH):
        session.execute(insert(row), rows[at : at + _BATCH])
