"""Something is said to a line's box, once. Who said it, and what came of it, is written down.

A panel can't be asked whether it has passed something on already, so an answer that was lost stays a doubt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.access._live import Asking, asked_of, told
from billhead.actions.exchange import exchange
from billhead.actions.freeze import check_panels_open
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotAllowed, PanelOutcomeUnknown
from billhead.plugin import Capabilities

__all__ = ["Saying", "say_to_box"]

_HOUR = timedelta(hours=1)
_OFTEN = 10


@dataclass(frozen=True, slots=True)
class Saying:
    """`action` is the word of the audit trail, its last part also that of the limit, with `about` as its details;
    `can`: whether a panel is able to; `lacking`, `done` and `doubtful` say how it went."""

    action: str
    about: dict[str, Any]
    can: Callable[[Capabilities], bool]
    say: Callable[[Asking], None]
    lacking: str
    done: str
    doubtful: str


def say_to_box(ctx: Context, service_id: int, saying: Saying) -> str:
    """Why it may not have arrived; "" when the panel took it.

    Raises NotFound, NotAllowed (`too_often`), Conflict (not on a panel, or its panels are frozen, or no such box).
    """
    refused: list[str] = []
    limit = saying.action.rpartition(".")[2]

    def intend(tx: Tx) -> Asking | None:
        if not ctx.may("services.write"):
            raise NotAllowed(f"{ctx.actor} may not say anything to a box: it needs services.write")
        line = visible_line(tx, service_id)
        living(line.service)
        check_panels_open(tx.session)
        if ctx.idempotency_key:
            count_try(tx, f"{limit}:{ctx.idempotency_key}", 1, _HOUR, "It was sent already.")
        count_try(tx, f"{limit}:{service_id}", _OFTEN, _HOUR, "This box was sent enough for an hour.")
        asking = asked_of(tx, line.service)
        if isinstance(asking, str):
            refused.append(asking)
            return None
        if not (line.service.mac and saying.can(asking.view.capabilities)):
            raise Conflict(saying.lacking)
        return asking

    def call(asking: Asking) -> str:
        return told(asking, lambda one: _said(one, saying))

    def record(tx: Tx, asking: Asking, answer: str) -> str:
        audit(tx, saying.action, f"service:{service_id}", {**saying.about, "outcome": answer})
        return "" if answer == saying.done else answer

    problem = exchange(ctx, intend=intend, call=call, record=record)
    return refused[0] if problem is None else problem


def _said(asking: Asking, saying: Saying) -> str:
    try:
        saying.say(asking)
    except PanelOutcomeUnknown:
        return saying.doubtful
    return saying.done
