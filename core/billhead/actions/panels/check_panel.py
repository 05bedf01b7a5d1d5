"""Ask a panel for a sign of life: one call that proves its address and our credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.panels._asking import AskedPanel, asked_panel
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed, PanelError
from billhead.models.panels import Panel
from billhead.plugin_host import panel_connection, store_settings

__all__ = ["Checked", "check_panel"]


@dataclass(frozen=True, slots=True)
class Checked:
    """`said` is the module's sentence ("12 plans, 340 lines"), or why the panel is not well. `found`: settings that
    were left to the module, as the panel told them."""

    ok: bool
    said: str
    found: Mapping[str, Any] = field(default_factory=dict)


def check_panel(ctx: Context, panel_id: int) -> Checked:
    """What the operator left to the module is found out and stored. A good answer closes the panel's breaker, so that
    what waits for it goes on at once; a bad one is noted.

    Raises NotFound (no such panel or module), NotAllowed, or InvalidInput (its settings do not fit the module).
    """
    if not ctx.may("panels.write"):
        raise NotAllowed(f"{ctx.actor} may not check panels: it needs panels.write")

    def record(tx: Tx, asked: AskedPanel, checked: Checked) -> Checked:
        panel = tx.session.get_one(Panel, panel_id, with_for_update=True)
        if checked.ok:
            panel.failures, panel.open_until, panel.last_error = 0, None, ""
            panel.last_ok_at = clock.business_now()
            _remember(panel, asked, checked.found)
        else:
            panel.last_error = checked.said[:500]
        audit(tx, "panels.check", f"panel:{panel_id}", {"ok": checked.ok, "found": dict(checked.found)})
        return checked

    checked = exchange(ctx, intend=lambda tx: asked_panel(tx, panel_id), call=_call, record=record)
    assert checked is not None, "intend always has a panel to check"
    return checked


def _call(asked: AskedPanel) -> Checked:
    connection = asked.connection
    try:
        found = asked.module.find_out(connection) if asked.module.left_open(connection.settings) else {}
        told = replace(connection, settings=replace(connection.settings, **found))
        return Checked(True, asked.module.check(told), found)
    except PanelError as error:
        return Checked(False, str(error))


def _remember(panel: Panel, asked: AskedPanel, found: Mapping[str, Any]) -> None:
    """Not where somebody has changed the settings meanwhile: those are the operator's own words."""
    if found and panel_connection(panel).settings == asked.connection.settings:
        store_settings(asked.module.settings_type, panel, {**panel.settings, **found})
