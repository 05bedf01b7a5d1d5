"""How the network is, for the public: no address, no inner name, no error of a machine."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.shops._sells import catalogue_of
from billhead.models.helping import PanelStatus
from billhead.models.panels import Panel

__all__ = ["ShownStatus", "show_status"]

_FAILURES = 3


@dataclass(frozen=True, slots=True)
class ShownStatus:
    """`state`: operational, maintenance or disturbed. `words` are staff's, as of `since`."""

    name: str
    state: str
    words: str
    since: datetime


def show_status(session: Session, seller_id: int) -> list[ShownStatus]:
    """The panels that have a name for the public: of this seller, and in a reseller's shop those by which it sells."""
    rows = session.execute(
        select(PanelStatus, Panel.maintenance, Panel.open_until, Panel.failures)
        .join(Panel, Panel.id == PanelStatus.panel_id)
        .where(Panel.seller_id == catalogue_of(session, seller_id))
        .order_by(PanelStatus.name)
        .limit(200)
    )
    return [
        ShownStatus(row.name, row.said or _measured(maintenance, open_until, failures), row.words, row.changed_at)
        for row, maintenance, open_until, failures in rows
    ]


def _measured(maintenance: bool, open_until: datetime | None, failures: int) -> str:
    if maintenance:
        return "maintenance"
    broken = (open_until is not None and open_until > clock.business_now()) or failures >= _FAILURES
    return "disturbed" if broken else "operational"
