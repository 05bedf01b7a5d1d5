"""Who watches on a line now, asked of its panel at this moment."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.access._live import Asking, asked_of, told
from billhead.actions.exchange import exchange
from billhead.actions.viewings._sightings import keep_sightings
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.models.viewings import ContentTitle
from billhead.plugin import LiveSession

__all__ = ["WatchedNow", "watch_now"]

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WatchedNow:
    """`problem` says why nothing is known. `titles` names what is watched, where that is known."""

    sessions: tuple[LiveSession, ...] = ()
    titles: dict[str, str] | None = None
    can_cut: bool = False
    problem: str = ""


def watch_now(ctx: Context, service_id: int) -> WatchedNow:
    """Raises NotFound, Conflict (not on a panel), NotAllowed (`too_often`: each look asks the panel)."""
    refused: list[str] = []

    def intend(tx: Tx) -> Asking | None:
        line = visible_line(tx, service_id)
        living(line.service)
        count_try(tx, f"live:{service_id}", line.rules.asks_a_minute, _MINUTE, "Wait a minute before you look again.")
        asking = asked_of(tx, line.service)
        if isinstance(asking, Asking) and not asking.view.capabilities.live:
            asking = "This server does not tell who watches."
        if isinstance(asking, str):
            refused.append(asking)
            return None
        return asking

    def record(tx: Tx, asking: Asking, answer: tuple[LiveSession, ...] | str) -> WatchedNow:
        if isinstance(answer, str):
            return WatchedNow(problem=answer)
        keep_sightings(tx, asking.view.id, service_id, answer)
        named = select(ContentTitle.item, ContentTitle.title).where(
            ContentTitle.panel_id == asking.view.id, ContentTitle.item.in_({one.item for one in answer})
        )
        names = dict(tx.session.execute(named.where(ContentTitle.kind == "live")).all())
        return WatchedNow(answer, names, asking.view.capabilities.kick)

    answer = exchange(ctx, intend=intend, call=lambda asking: told(asking, _sessions), record=record)
    return answer or WatchedNow(problem=refused[0])


def _sessions(asking: Asking) -> tuple[LiveSession, ...]:
    return tuple(asking.view.module.live_sessions(asking.view.connection, asking.desired))
