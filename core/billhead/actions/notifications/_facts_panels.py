"""What staff are told about panels.

kind                                         ids in `data`
upstream_low, upstream_cap                   panel_id
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from billhead.actions.notifications._rows import Parts, named
from billhead.actions.notifications._values import Address
from billhead.actions.staff._standing import ALL, permissions_of
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import CREDITS, Money
from billhead.models.operations import Notice
from billhead.models.panels import Panel
from billhead.models.people import User
from billhead.plugin_host.current import config

__all__ = ["PARTS"]


def _upstream(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: who has filled the credit up meanwhile is not called for it."""
    panel = session.get(Panel, named(notice, "panel_id"))
    user = session.get(User, notice.user_id) if notice.user_id is not None else None
    if panel is None or user is None or user.disabled or not {ALL, "panels.write"} & permissions_of(session, user):
        raise NoticeRejected("whom this notice is for has nothing to do with that panel any more")
    if notice.kind == "upstream_low" and not panel.balance_told:
        raise NoticeRejected("the credit at that panel is above the mark again")
    told = {
        "name": panel.name,
        "balance": Money(panel.balance_minor or 0, CREDITS),
        "mark": Money(panel.balance_low_minor, CREDITS),
        "cap": Money(panel.spend_cap_minor, CREDITS),
        "url": Address(f"{config().base_url}/admin/panels/{panel.id}"),
    }
    return {"panel": told}


PARTS: Parts = {"upstream_low": (_upstream,), "upstream_cap": (_upstream,)}
