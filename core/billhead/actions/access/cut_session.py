"""Cut one session of a line. That somebody did, and what came of it, stands in the audit trail."""

from dataclasses import dataclass
from datetime import timedelta

from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.access._live import Asking, asked_of, told
from billhead.actions.exchange import exchange
from billhead.actions.freeze import check_panels_open
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict

__all__ = ["SessionCut", "cut_session"]

_MINUTE = timedelta(minutes=1)
_OFTEN = 10
_GONE = "gone"


@dataclass(frozen=True, slots=True)
class SessionCut:
    """`cut` False with no `problem`: the session was over already."""

    service_id: int
    cut: bool = False
    problem: str = ""


def cut_session(ctx: Context, service_id: int, session_id: str | None) -> SessionCut:
    """`None`: all of them. Only what the panel itself lists under this line is cut. Again, it changes nothing.

    Raises NotFound, NotAllowed (`too_often`), Conflict (not on a panel, or its panels are frozen, or can't cut).
    """
    refused: list[str] = []

    def intend(tx: Tx) -> Asking | None:
        line = visible_line(tx, service_id)
        living(line.service)
        count_try(tx, f"cut:{service_id}", _OFTEN, _MINUTE, "Wait a minute before you cut another.")
        check_panels_open(tx.session)
        asking = asked_of(tx, line.service)
        if isinstance(asking, str):
            refused.append(asking)
            return None
        if not (asking.view.capabilities.live and asking.view.capabilities.kick):
            raise Conflict("This server can't cut a session.")
        return asking

    def call(asking: Asking) -> str:
        return told(asking, lambda one: _cut(one, session_id))

    def record(tx: Tx, asking: Asking, answer: str) -> SessionCut:
        cut = answer.startswith("cut ")
        about = {"session": (session_id or "all")[:80], "outcome": answer[:200]}
        audit(tx, "access.kick", f"service:{service_id}", about)
        return SessionCut(service_id, cut, "" if cut or answer == _GONE else answer)

    return exchange(ctx, intend=intend, call=call, record=record) or SessionCut(service_id, problem=refused[0])


def _cut(asking: Asking, session_id: str | None) -> str:
    module, connection = asking.view.module, asking.view.connection
    mine = {one.id: one for one in module.live_sessions(connection, asking.desired)}
    wanted = [one for key, one in mine.items() if session_id in (None, key)]
    for one in wanted:
        module.kick(connection, asking.desired, one.id)
    return f"cut {', '.join(one.device or one.item for one in wanted)}" if wanted else _GONE
