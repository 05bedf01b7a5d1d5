"""What each bouquet of a panel holds, asked for once a day: what was watched counts in the bouquets that hold it."""

from collections.abc import Mapping
from datetime import timedelta

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.provisioning._desired import PanelView, panel_view
from billhead.actions.viewings._contents import keep_contents
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import PanelError
from billhead.models.panels import Panel
from billhead.models.viewings import ViewingCursor

__all__ = ["read_contents"]

_AGAIN = timedelta(hours=20)


def read_contents(ctx: Context, panel_id: int) -> int | None:
    """Of how many bouquets the contents were told. None: it was asked a while ago, or the panel tells no viewings that
    could be counted. A panel that does not answer is asked again tomorrow, and what it told is kept."""

    def intend(tx: Tx) -> PanelView | None:
        panel, cursor = tx.session.get_one(Panel, panel_id), tx.session.get(ViewingCursor, panel_id)
        now = clock.business_now()
        if cursor is None or panel.maintenance or (cursor.contents_at and cursor.contents_at > now - _AGAIN):
            return None
        cursor.contents_at = now
        return panel_view(tx.session, panel, bouquets=False)

    contents = exchange(ctx, intend=intend, call=_call, record=lambda _tx, _view, told: told)
    return None if contents is None else keep_contents(ctx, panel_id, contents)


def _call(view: PanelView) -> Mapping[str, frozenset[str]]:
    try:
        return view.module.catalogue(view.connection).contents
    except PanelError:
        return {}
