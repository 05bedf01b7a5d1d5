"""Who watches on a line now, for staff: with whole addresses, and a button to cut."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.access.cut_session import cut_session
from billhead.actions.access.watch_now import WatchedNow, watch_now
from billhead.db import reading
from billhead.domain.errors import BillheadError
from billhead.models.subscriptions import Service
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.request_context import current_ctx

__all__: list[str] = []


@admin.get("/services/<int:key>/live")
@allow("staff", permission="services.access")
def service_live(key: int) -> ResponseReturnValue:
    with reading() as session:
        service = found(session, Service, key, "service")
    status = 200
    try:
        now = watch_now(current_ctx(), key)
    except BillheadError as refused:
        problem, status = refusal(refused)
        now = WatchedNow(problem=problem)
    return page("admin/service_live.html", service=service, now=now), status


@admin.post("/services/<int:key>/live")
@allow("staff", permission="services.write")
def cut_service_session(key: int) -> ResponseReturnValue:
    try:
        done = cut_session(current_ctx(), key, request.form.get("session", ""))
    except BillheadError as refused:
        text, _status = refusal(refused)
        flash(text, "bad")
    else:
        flash(done.problem or ("Cut." if done.cut else "It was over already."), "bad" if done.problem else "good")
    return redirect(url_for("admin.service_live", key=key), 303)
