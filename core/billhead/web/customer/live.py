"""Who watches on a line now, and cutting one of them."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.access.cut_session import cut_session
from billhead.actions.access.watch_now import WatchedNow, watch_now
from billhead.db import reading
from billhead.domain.errors import BillheadError
from billhead.domain.watching import masked
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.customer.access import own_line
from billhead.web.customer.blueprint import customer
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.request_context import client_address, current_ctx

__all__: list[str] = []


@customer.get("/lines/<int:service_id>/live")
@allow("customer")
def live(service_id: int) -> ResponseReturnValue:
    """Asked when it is opened, of the panel itself: no session is open while it answers."""
    with reading() as session:
        service, subscription = own_line(session, service_id)
        plan = session.get_one(Plan, subscription.plan_id)
        zone = session.get_one(Customer, subscription.customer_id).zone
    status = 200
    try:
        now = watch_now(current_ctx(), service_id)
    except BillheadError as refused:
        problem, status = refusal(refused)
        now = WatchedNow(problem=problem)
    here = client_address()
    shown = {"service": service, "plan": plan, "now": now, "zone": zone, "masked": masked, "here": here}
    return page("customer/live.html", **shown), status


@customer.post("/lines/<int:service_id>/live")
@allow("customer")
def cut(service_id: int) -> ResponseReturnValue:
    try:
        done = cut_session(current_ctx(), service_id, request.form.get("session", ""))
    except BillheadError as refused:
        text, _status = refusal(refused)
        flash(text, "bad")
    else:
        told = "Cut. A device that has your addresses may come back: change the password to keep it out."
        flash(done.problem or (told if done.cut else "It was over already."), "bad" if done.problem else "good")
    return redirect(url_for("customer.live", service_id=service_id), 303)
