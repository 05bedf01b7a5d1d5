"""Who watches on a line now, and cutting one of them."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from billhead.db import reading
from billhead.domain.rights import BUYERS
from billhead.domain.watching import masked
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.customer.access import own_line
from billhead.web.customer.blueprint import customer
from billhead.web.own_words import said_plan
from billhead.web.pages import page
from billhead.web.request_context import client_address
from billhead.web.speaking import say
from billhead.web.watched import cut_and_tell, watched_now

__all__: list[str] = []


@customer.get("/lines/<int:service_id>/live")
@allow(*BUYERS, permission="own.lines")
def live(service_id: int) -> ResponseReturnValue:
    """Asked when it is opened, of the panel itself: no session is open while it answers."""
    with reading() as session:
        service, subscription = own_line(session, service_id)
        plan = said_plan(session.get_one(Plan, subscription.plan_id))
        zone = session.get_one(Customer, subscription.customer_id).zone
    now, status = watched_now(service_id)
    here = client_address()
    shown = {"service": service, "plan": plan, "now": now, "zone": zone, "masked": masked, "here": here}
    return page("customer/live.html", **shown), status


@customer.post("/lines/<int:service_id>/live")
@allow(*BUYERS, permission="own.lines")
def cut(service_id: int) -> ResponseReturnValue:
    told = say("Cut. A device that has your addresses may come back: change the password to keep it out.")
    cut_and_tell(service_id, told)
    return redirect(url_for("customer.live", service_id=service_id), 303)
