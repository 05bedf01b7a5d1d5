"""Say which line of the panel a purchase made, where its number was lost: the panel is asked whose line that is."""

from dataclasses import dataclass, replace

from billhead.actions.exchange import exchange
from billhead.actions.provisioning._desired import PanelView, desired_of, panel_view
from billhead.actions.provisioning._keeping import keep_observed
from billhead.actions.provisioning._purchase_row import PurchaseDecided, is_open, locked_purchase
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.provisioning.decide_purchase import decide_purchase
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, PanelError
from billhead.domain.upstream import State
from billhead.models.panels import UpstreamPurchase
from billhead.models.subscriptions import Service
from billhead.plugin import Absent, Ambiguous, CannotTell, Desired, Found, Handle, Observed

__all__ = ["link_purchase"]


@dataclass(frozen=True, slots=True)
class _Asked:
    number: str
    desired: Desired
    view: PanelView


def link_purchase(ctx: Context, purchase_id: int, number: str) -> PurchaseDecided:
    """Link the service to the panel's line of this number. A purchase that is not decided yet counts as bought then.

    Nothing is noted unless the panel shows that line as ours. Raises NotFound, NotAllowed, InvalidInput (`number`: no
    such line, somebody else's, or no answer) or Conflict (the line is known already, or this was not bought).
    """
    if not ctx.may("panels.write"):
        raise NotAllowed(f"{ctx.actor} may not say which line a purchase made: it needs panels.write")

    def intend(tx: Tx) -> _Asked:
        row, panel = locked_purchase(tx, purchase_id)
        service = _unlinked(tx, row)
        view = panel_view(tx.session, panel)
        desired = desired_of(service, view)
        data = view.module.handle_for(view.connection, desired, number.strip())
        return _Asked(number.strip(), replace(desired, handle=Handle(desired.handle.ref, data)), view)

    def record(tx: Tx, asked: _Asked, seen: Observed) -> PurchaseDecided:
        row, _ = locked_purchase(tx, purchase_id)
        service = _unlinked(tx, row)
        keep_observed(tx, service, seen, asked.view)
        audit(tx, "purchases.link", f"service:{service.id}", {"purchase": row.id, "number": asked.number[:80]})
        if is_open(row):
            return decide_purchase(tx, row.id, True)
        queue_converge(tx, row.service_id, row.panel_id, ahead=True)
        return PurchaseDecided(row.service_id, row.id, row.state)

    decided = exchange(ctx, intend=intend, call=_call, record=record)
    assert decided is not None, "intend always has a line to ask for"
    return decided


def _unlinked(tx: Tx, row: UpstreamPurchase) -> Service:
    """The service of a purchase that was made, or may have been, and whose line is not known."""
    service = tx.session.get_one(Service, row.service_id, populate_existing=True)
    if service.handle_data:
        raise Conflict("the panel's number of this line is known already")
    if row.state == State.SENT and not is_open(row):
        raise Conflict("this is being bought right now")
    if row.state == State.NOT_BOUGHT:
        raise Conflict("this was not bought, so there is no line of it")
    return service


def _call(asked: _Asked) -> Observed:
    try:
        found = asked.view.module.look_up(asked.view.connection, asked.desired)
    except PanelError as error:
        raise InvalidInput("number", f"the panel could not be asked: {error.message}") from None
    match found:
        case Found(observed=observed):
            return observed
        case Absent():
            raise InvalidInput("number", f"the panel shows no line {asked.number} of ours")
        case Ambiguous(candidates=candidates):
            raise InvalidInput("number", f"several lines answer to it: {', '.join(candidates)}")
        case CannotTell(why=why):
            raise InvalidInput("number", f"the panel could not tell: {why}")
    raise InvalidInput("number", f"that line is not ours: {found.why}")
