"""Add a panel or change one: its place in the house and the settings that its module asks for."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from billhead.actions.scheduling import enqueue
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.models.panels import Panel
from billhead.plugin_host import open_settings, plugins, store_settings

__all__ = ["MOST_CALLS", "MOST_NIGHTS", "PanelEntry", "save_panel"]

MOST_CALLS = 1000
MOST_NIGHTS = 365
_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class PanelEntry:
    """What every panel has. 0 is no limit of `capacity` or calls; `group` is what plans name instead of one panel.
    `bouquet_nights`: within so many a comparison has read the bouquets of all lines, where lists leave them out."""

    code: str
    name: str
    group: str = ""
    capacity: int = 0
    weight: int = 1
    calls_per_second: int = 0
    bouquet_nights: int = 7


def save_panel(tx: Tx, seller_id: int, module: str, entry: PanelEntry, settings: Mapping[str, Any]) -> int:
    """Add a panel, or change the one of this code and module; returns its id.

    `settings` as the form gives them: a secret that is not among them keeps its value. Where one is left to the module,
    the panel is checked by a job, which finds it out. Raises InvalidInput naming the
    field that is wrong, NotFound when no active plugin offers the module.
    """
    if not tx.ctx.may("panels.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change panels: it needs panels.write")
    if not _CODE.fullmatch(entry.code):
        raise InvalidInput("code", "takes small letters, digits and -, and begins with a letter")
    if not 0 <= entry.calls_per_second <= MOST_CALLS:
        raise InvalidInput("calls_per_second", f"is from 0 (no limit) to {MOST_CALLS}")
    if not 0 <= entry.bouquet_nights <= MOST_NIGHTS:
        raise InvalidInput("bouquet_nights", f"is from 0 (never) to {MOST_NIGHTS}")
    offered = plugins().module(module)
    panel = tx.session.scalar(select(Panel).where(Panel.code == entry.code).with_for_update())
    is_new = panel is None
    if panel is None:
        panel = Panel(seller_id=seller_id, code=entry.code, module=module, settings={}, secrets="")
    elif panel.module != module:
        raise InvalidInput("code", f"{entry.code} is a panel of the module {panel.module}")
    before = {**asdict(entry), **{name: getattr(panel, name) for name in asdict(entry)}, **panel.settings}
    store_settings(offered.settings_type, panel, settings)
    for name, value in asdict(entry).items():
        setattr(panel, name, value)
    tx.session.add(panel)
    tx.session.flush()
    after = {**asdict(entry), **panel.settings}
    secrets = sorted(name for name in settings if name not in panel.settings)
    changed = sorted(name for name, value in after.items() if before.get(name) != value)
    details = {"changed": [] if is_new else changed, "secrets": secrets}
    audit(tx, "panels.add" if is_new else "panels.change", f"panel:{panel.id}", details)
    if offered.left_open(open_settings(offered.settings_type, panel)):
        enqueue(tx, "panels.check", {"panel_id": panel.id}, key=f"check:{panel.id}")
    return panel.id
