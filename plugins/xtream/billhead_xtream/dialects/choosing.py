"""Which dialect a panel is spoken to in. `settings.DIALECTS` holds the same names, for the operator's form."""

from billhead.plugin import PanelConnection
from billhead_xtream.dialects.dialect import Dialect
from billhead_xtream.dialects.xui_admin import XuiAdmin

SPOKEN: dict[str, type[Dialect]] = {"xui_admin": XuiAdmin}


def dialect_of(panel: PanelConnection) -> Dialect:
    """The dialect of this panel's settings; nothing is asked of the panel."""
    return SPOKEN[panel.settings.spoken](panel)
