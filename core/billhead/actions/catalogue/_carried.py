"""Which panels of a plan can't give its lines what is sold: more connections, or bouquets of their own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.models.panels import Panel
from billhead.plugin import Capabilities, Expiry
from billhead.plugin_host import capabilities_of

__all__ = ["without_addon", "without_screens"]

_Lines = Sequence[Mapping[str, Any]]


def without_addon(session: Session, lines: _Lines, kind: str, *, running: bool = False) -> str:
    """The name of a panel that can't give these lines an add-on of this kind, "" where all can.

    Where time is bought, the bouquets that are wanted then come with it: with an order, and not for a line that is
    `running`, whose time is bought.
    """
    if kind == "connection":
        return next((panel.name for panel, able in _panels(session, _streams(lines)) if not able.connections), "")
    if kind != "bouquet":
        return ""
    for panel, able in _panels(session, lines):
        bought = able.expiry is Expiry.PURCHASED and not running
        if not able.bouquets and not bought:
            return panel.name
    return ""


def without_screens(session: Session, lines: _Lines, *, by_unit: bool) -> str:
    """The same for several connections in the plan itself. Where time is bought, the package has as many as it has,
    and no more for a plan that is sold `by_unit`."""
    for panel, able in _panels(session, _streams(lines)):
        if not able.connections and (by_unit or able.expiry is not Expiry.PURCHASED):
            return panel.name
    return ""


def _streams(lines: _Lines) -> _Lines:
    return [line for line in lines if line["kind"] == "stream"]  # a box has one screen anywhere


def _panels(session: Session, lines: _Lines) -> Iterator[tuple[Panel, Capabilities]]:
    """All on which they may be made. What a panel can do is not known while its module is off: it is left out."""
    places = {line["panel"] for line in lines}
    if not places:
        return
    for panel in session.scalars(select(Panel).where(or_(Panel.code.in_(places), Panel.group.in_(places)))):
        able = capabilities_of(panel)
        if able is not None:
            yield panel, able
