"""What the public is told of a panel: its name for them, and staff's own words about how it is."""

from billhead import clock
from billhead.actions.support._writing import checked_text
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.helping import PanelStatus
from billhead.models.panels import Panel

__all__ = ["STATUSES", "set_status"]

STATUSES = {"operational": "Works", "maintenance": "Maintenance", "disturbed": "Disturbed"}


@verb("helping.set_status", permission="help.write")
def set_status(tx: Tx, panel_id: int, name: str, said: str, words: str) -> None:
    """An empty name takes the panel off the page; an empty `said` shows what is measured. Raises NotFound, InvalidInput
    (also for a name by which the panel itself could be found)."""
    panel = tx.session.get(Panel, panel_id)
    if panel is None:
        raise NotFound("panel", panel_id)
    if said and said not in STATUSES:
        raise InvalidInput("said", f"must be one of {', '.join(STATUSES)}")
    row = tx.session.get(PanelStatus, panel_id)
    if not name.strip():
        if row is not None:
            tx.session.delete(row)
        return
    row = row or PanelStatus(panel_id=panel_id)
    row.name = checked_text("name", name, 60)
    row.said, row.words = said, checked_text("words", words, 300) if words.strip() else ""
    for field in ("name", "words"):
        if "://" in getattr(row, field):
            raise InvalidInput(field, "no addresses: everybody reads it")
    row.changed_at = clock.business_now()
    tx.session.add(row)
