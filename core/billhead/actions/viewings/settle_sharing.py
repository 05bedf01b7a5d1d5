"""Say what becomes of a line that looks shared: nothing, a message, one stream, everybody out, or a stop."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.scheduling import enqueue
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.verb import audit, verb
from billhead.actions.viewings._cutting import cut_key
from billhead.actions.viewings._out_of_reach import out_of_reach
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import SharingCase

__all__ = ["SETTLED", "SharingSettled", "settle_sharing"]

SETTLED = {"ignore": "ignored", "warn": "warned", "limit": "limited", "kick": "kicked", "block": "blocked"}


@dataclass(frozen=True, slots=True)
class SharingSettled:
    service_id: int
    case_id: int
    state: str


@verb("sharing.settle", permission="services.write")
def settle_sharing(tx: Tx, case_id: int, step: str) -> SharingSettled:
    """`step`: ignore · warn (a notice) · limit (one stream until it is lifted) · kick (whoever watches now: a job cuts
    them, and the case is settled when they are) · block
    (the subscription is suspended by staff, which no payment lifts).

    Raises NotFound, InvalidInput, or Conflict when somebody has settled it already, or the line's panel can't do it.
    """
    if step not in SETTLED:
        raise InvalidInput("step", f"is one of {', '.join(SETTLED)}")
    case = tx.session.get(SharingCase, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise NotFound("case", case_id)
    if case.settled_at is not None:
        raise Conflict(f"It was settled already: {case.state}.")
    service = tx.session.get_one(Service, case.service_id, with_for_update=True)
    if why := out_of_reach(tx.session, service).get(step):
        raise Conflict(why)
    subscription = tx.session.get_one(Subscription, service.subscription_id)
    if step == "warn":
        data = {"service_id": service.id, "case_id": case.id}
        queue_notice(tx, subscription.customer_id, "sharing", f"sharing:{case.id}", data)
    elif step == "limit":
        want(tx, service, capped_connections=1)
    elif step == "kick":
        args = {"service_id": service.id, "case_id": case.id, "by": tx.ctx.actor}
        enqueue(tx, "access.cut_all", args, key=cut_key(service.id))
    elif step == "block":
        suspend(tx, subscription.id, "staff")
    if step != "kick":
        case.state, case.settled_at, case.settled_by = SETTLED[step], clock.business_now(), tx.ctx.actor
    about = {"case": case.id, "score": case.score, "reasons": case.reasons, "step": step}
    audit(tx, f"sharing.{step}", f"service:{service.id}", about)
    return SharingSettled(service.id, case.id, case.state)
