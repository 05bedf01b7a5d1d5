"""Health: what the doctor says, with the way to mend it and the page on which that is done."""

from dataclasses import dataclass

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.routing import BuildError

from billhead.actions.health._check import GROUPS, STATES, Check
from billhead.actions.health._health import last_health
from billhead.actions.health._work import lives
from billhead.actions.health.check_house import check_house
from billhead.actions.scheduling import enqueue
from billhead.db import reading, writing
from billhead.models.health import WorkerPulse
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__ = ["Found", "shown"]

_CALLED = {
    "home": marked("Home folder"),
    "files": marked("Files"),
    "key": marked("Secret key"),
    "disk": marked("Disk"),
    "proxies": marked("Proxies"),
    "broker": marked("Broker"),
    "clock": marked("Clock"),
    "database": marked("Database"),
    "migrations": marked("Migrations"),
    "secrets": marked("Stored secrets"),
    "numbers": marked("Document numbers"),
    "ledger": marked("Ledger"),
    "backup": marked("Backup"),
    "workers": marked("Workers"),
    "beat": marked("Scheduler"),
    "jobs": marked("Jobs"),
    "messages": marked("Messages"),
    "plugins": marked("Plugins"),
    "themes": marked("Looks"),
    "switches": marked("Freeze switches"),
    "renewals": marked("Renewals from credits"),
    "address": marked("Public address"),
    "panels": marked("Panels"),
    "gateways": marked("Gateway accounts"),
    "mail": marked("Mail"),
    "sellers": marked("Sellers"),
    "tax": marked("Tax"),
    "plans": marked("Plans"),
}
"""What the doctor calls by a code, as its command shows it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A check, and the address of the page where it is mended."""

    check: Check
    where: str

    @property
    def called(self) -> str:
        """In the language of the page; the code itself where an older release had found it."""
        return say(_CALLED.get(self.check.name, self.check.name))


def shown(checks: list[Check]) -> list[Found]:
    return [Found(check, _where(check)) for check in checks]


def _where(check: Check) -> str:
    """A page of an older release that is gone is no link."""
    try:
        return url_for(f"admin.{check.page}", **check.args) if check.page else ""
    except BuildError:
        return ""


@admin.get("/health")
@allow("staff")
def health() -> ResponseReturnValue:
    """Nothing is asked over the network here: what needs that is shown as it was found last."""
    now = last_health()
    found = shown(now.checks)
    with reading() as session:
        alive = session.scalars(select(WorkerPulse).order_by(WorkerPulse.seen_at.desc()).limit(20)).all()
    groups = [(group, [one for one in found if one.check.group == group]) for group in GROUPS]
    faults = [one for state in STATES[:2] for one in found if one.check.state == state]
    return page("admin/health.html", health=now, groups=groups, faults=faults, processes=alive, lives=lives)


@admin.post("/health/check")
@allow("staff", permission="jobs.write")
def check_health() -> ResponseReturnValue:
    """Here and now, since a house whose workers stand still must be told so. It changes nothing and does not ask."""
    now = check_house(current_ctx())
    told = say("Checked. Faults: %(bad)s, to look at: %(warn)s.", bad=now.count("bad"), warn=now.count("warn"))
    flash(told, "good" if now.healthy else "bad")
    return redirect(url_for("admin.health"), 303)


@admin.post("/health/ledger")
@allow("staff", permission="jobs.write")
def verify_ledger_now() -> ResponseReturnValue:
    with writing(current_ctx()) as tx:
        job = enqueue(tx, "ledger.verify", key="ledger.verify")
    flash(say("The ledger is proven as soon as a worker is free."), "good")
    return redirect(url_for("admin.job", key=job), 303)
