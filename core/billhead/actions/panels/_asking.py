"""A panel that is about to be asked something: its module, and how it is reached."""

from dataclasses import dataclass

from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.panels import Panel
from billhead.plugin import PanelConnection, ProvisioningModule
from billhead.plugin_host import panel_connection, plugins

__all__ = ["AskedPanel", "asked_panel"]


@dataclass(frozen=True, slots=True)
class AskedPanel:
    code: str
    seller_id: int
    module: ProvisioningModule
    connection: PanelConnection


def asked_panel(tx: Tx, panel_id: int) -> AskedPanel:
    """Raises NotFound (no such panel or module) or InvalidInput (its settings do not fit the module)."""
    panel = tx.session.get(Panel, panel_id)
    if panel is None:
        raise NotFound("panel", panel_id)
    return AskedPanel(panel.code, panel.seller_id, plugins().module(panel.module), panel_connection(panel))
