"""What a panel told of the contents of its bouquets, kept for those that are named on it."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from billhead.db import Tx
from billhead.models.panels import PanelBouquet
from billhead.models.viewings import BouquetItem

__all__ = ["keep_contents"]

_BATCH = 5000


def keep_contents(tx: Tx, panel_id: int, contents: Mapping[str, frozenset[str]]) -> int:
    """Of the bouquets that are named on the panel; one that is not told this time keeps what is known of it."""
    named = select(PanelBouquet.remote, PanelBouquet.bouquet_id).where(PanelBouquet.panel_id == panel_id)
    told = {ours: contents[remote] for remote, ours in tx.session.execute(named) if remote in contents}
    for ours, items in told.items():
        row = BouquetItem
        tx.session.execute(delete(row).where(row.panel_id == panel_id, row.bouquet_id == ours))
        rows = [{"panel_id": panel_id, "bouquet_id": ours, "item": item} for item in sorted(items | {""})]
        for at in range(0, len(rows), _BATCH):
            tx.session.execute(insert(row), rows[at : at + _BATCH])
    return len(told)
