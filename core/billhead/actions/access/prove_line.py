"""Ask a panel as a line's own box or player would, and hold the answer against what the customer should have."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.access._live import Asking, asked_of, should_serve
from billhead.actions.exchange import exchange
from billhead.actions.freeze import check_panels_open
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotAllowed, PanelError
from billhead.plugin import Proof

__all__ = ["LineProven", "prove_line"]

log = logging.getLogger(__name__)

_MINUTE = timedelta(minutes=1)
_OFTEN = 6
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class LineProven:
    """`right`: the panel lets it in or turns it away as it should; None where that could not be told."""

    service_id: int
    should_serve: bool
    proof: Proof

    @property
    def right(self) -> bool | None:
        return None if self.proof.serves is None else self.proof.serves == self.should_serve


def prove_line(ctx: Context, service_id: int, *, disturb: bool = False) -> LineProven:
    """One look as the customer's device; with `disturb` also where a device that is on loses its session by it.

    Raises NotFound, NotAllowed (`too_often`), Conflict (not on a panel, the panel can't be asked like that, or nothing
    may be disturbed there now).
    """
    refused: list[LineProven] = []

    def intend(tx: Tx) -> Asking | None:
        if not ctx.may("services.write"):
            raise NotAllowed(f"{ctx.actor} may not try a line: it needs services.write")
        service = living(visible_line(tx, service_id).service)
        count_try(tx, f"prove:{service_id}", _OFTEN, _MINUTE, "Wait a minute before you try this line again.")
        asking = asked_of(tx, service)
        if isinstance(asking, str):
            refused.append(LineProven(service_id, False, Proof(None, asking)))
            return None
        if not asking.view.capabilities.proof:
            raise Conflict("This panel can't be asked as a box or player.")
        if disturb:
            check_panels_open(tx.session)  # the device's session is written anew there
        return asking

    def record(tx: Tx, asking: Asking, proof: Proof) -> LineProven:
        proven = LineProven(service_id, should_serve(asking.desired), proof)
        about = {"right": proven.right, "said": proof.said[:_LONGEST], "disturb": disturb}
        audit(tx, "access.prove", f"service:{service_id}", about)
        return proven

    return exchange(ctx, intend=intend, call=lambda asking: _asked(asking, disturb), record=record) or refused[0]


def _asked(asking: Asking, disturb: bool) -> Proof:
    """For staff: a panel's own words are theirs to read."""
    try:
        return asking.view.module.prove(asking.view.connection, asking.desired, disturb=disturb)
    except PanelError as error:
        return Proof(None, str(error))
    except Exception:
        log.exception("the module of panel %s failed on line %s", asking.view.code, asking.service_id)
        return Proof(None, "The panel's module failed. What went wrong stands in the log.")
