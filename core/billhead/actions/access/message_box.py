"""Put a text on the screen of a line's box. Who did, what it said and what came of it is written down."""

from dataclasses import dataclass
from datetime import timedelta

from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.access._live import Asking, asked_of, told
from billhead.actions.exchange import exchange
from billhead.actions.freeze import is_frozen
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, PanelOutcomeUnknown

__all__ = ["LONGEST", "BoxMessaged", "message_box"]

LONGEST = 500
_HOUR = timedelta(hours=1)
_OFTEN = 10
_SHOWN = "shown"
_DOUBTFUL = "The panel's answer was lost: the text may be on the screen. It is not sent again by itself."


@dataclass(frozen=True, slots=True)
class BoxMessaged:
    """`problem` is empty when the panel took the text; a box that is off shows it when it is on again."""

    service_id: int
    problem: str = ""


def message_box(ctx: Context, service_id: int, text: str) -> BoxMessaged:
    """Sent once: a panel can't be asked whether it has a text already, so an answer that was lost stays a doubt.

    Raises NotFound, InvalidInput, NotAllowed (`too_often`), Conflict (not on a panel, or its panels are frozen, or
    it has no box that shows texts).
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise InvalidInput("text", f"from 1 to {LONGEST} characters")
    refused: list[str] = []

    def intend(tx: Tx) -> Asking | None:
        if not ctx.may("services.write"):
            raise NotAllowed(f"{ctx.actor} may not write to a box: it needs services.write")
        line = visible_line(tx, service_id)
        living(line.service)
        if is_frozen(tx.session, "panels"):
            raise Conflict("Nothing is written to panels now. Try again later.")
        if ctx.idempotency_key:
            count_try(tx, f"message:{ctx.idempotency_key}", 1, _HOUR, "It was sent already.")
        count_try(tx, f"message:{service_id}", _OFTEN, _HOUR, "This box was sent enough for an hour.")
        asking = asked_of(tx, line.service)
        if isinstance(asking, str):
            refused.append(asking)
            return None
        if not (line.service.mac and asking.view.capabilities.messages):
            raise Conflict("This line has no box that shows texts.")
        return asking

    def call(asking: Asking) -> str:
        return told(asking, lambda one: _show(one, text))

    def record(tx: Tx, asking: Asking, answer: str) -> BoxMessaged:
        audit(tx, "access.message", f"service:{service_id}", {"text": text, "outcome": answer})
        return BoxMessaged(service_id, "" if answer == _SHOWN else answer)

    return exchange(ctx, intend=intend, call=call, record=record) or BoxMessaged(service_id, refused[0])


def _show(asking: Asking, text: str) -> str:
    try:
        asking.view.module.show_message(asking.view.connection, asking.desired, text)
    except PanelOutcomeUnknown:
        return _DOUBTFUL
    return _SHOWN
