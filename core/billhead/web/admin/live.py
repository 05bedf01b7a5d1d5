"""Who watches on a line now, for staff: with whole addresses and a button to cut."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from billhead.db import reading
from billhead.models.subscriptions import Service
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.pages import page
from billhead.web.speaking import say
from billhead.web.watched import cut_and_tell, watched_now

__all__: list[str] = []


@admin.get("/services/<int:key>/live")
@allow("staff", permission="services.access")
def service_live(key: int) -> ResponseReturnValue:
    with reading() as session:
        service = found(session, Service, key, "service")
    now, status = watched_now(key)
    return page("admin/service_live.html", service=service, now=now), status


@admin.post("/services/<int:key>/live")
@allow("staff", permission="services.write")
def cut_service_session(key: int) -> ResponseReturnValue:
    cut_and_tell(key, say("Cut."))
    return redirect(url_for("admin.service_live", key=key), 303)
