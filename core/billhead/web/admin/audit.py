"""The audit trail: who did what to which thing, when and why. Each page of a thing shows the newest lines about it and
leads here for all of them."""

import re
from datetime import datetime, timedelta

from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape
from sqlalchemy import ColumnElement, false, or_, select

from billhead.db import reading
from billhead.domain.periods import start_of_day
from billhead.domain.typed_day import typed_day
from billhead.models.operations import AuditEntry
from billhead.models.people import User
from billhead.plugin import allow
from billhead.web.admin.area import admin, staff_zone, who
from billhead.web.admin.columns import Column, code, instant
from billhead.web.admin.deeds import DEEDS, deeds_said, say_deed
from billhead.web.admin.listing import Choice, Listing, Typed
from billhead.web.admin.trail_names import name_all, thing
from billhead.web.movements import why_moved
from billhead.web.speaking import marked

__all__ = ["AUDIT"]

_SIGNED_IN = ("staff", "customer", "reseller", "super_reseller")


def _by(typed: str) -> ColumnElement[bool]:
    """`staff:7`, also where it acted as somebody else; or the e-mail address of a login, by which it acted under any
    of its roles."""
    if "@" in typed:
        named = select(User.id).where(User.email == typed.strip().lower())
        with reading() as session:
            actors = [f"{role}:{one}" for one in session.scalars(named) for role in _SIGNED_IN]
        return or_(*(_did(one) for one in actors)) if actors else false()
    return _did(typed)


def _did(actor: str) -> ColumnElement[bool]:
    return or_(AuditEntry.actor == actor, AuditEntry.actor.startswith(f"{actor} as ", autoescape=True))


def _what(typed: str) -> ColumnElement[bool]:
    """By the code or how it begins, `documents.void`, or by its words in the language of the page."""
    return or_(AuditEntry.action.startswith(typed, autoescape=True), AuditEntry.action.in_(deeds_said(typed)))


def _about(typed: str) -> ColumnElement[bool]:
    """One or several things, as `customer:12,subscription:7`."""
    return AuditEntry.subject.in_([one.strip() for one in typed.split(",")])


def _begin(typed: str, *, days: int = 0) -> datetime | None:
    """The midnight of a day where staff works."""
    day = typed_day(typed)
    return start_of_day(day + timedelta(days=days), staff_zone()) if day is not None else None


def _since(typed: str) -> ColumnElement[bool] | None:
    begin = _begin(typed)
    return AuditEntry.at >= begin if begin is not None else None


def _until(typed: str) -> ColumnElement[bool] | None:
    end = _begin(typed, days=1)
    return AuditEntry.at < end if end is not None else None


def _breakable(name: str) -> Markup:
    """`subscriptions.begin_scheduled` may take two lines, so that reasons and details have room."""
    parts = re.findall(r"[^.:]+[.:]*|^[.:]+", name)
    if "@" in name or len(parts) < 2:
        return escape(name)
    return Markup('<span translate="no">{}</span>').format(Markup("<wbr>").join(parts))


def _told(action: str) -> Markup:
    """What was done in words, and its code, by which it is looked for."""
    shown = _breakable(action)
    if action not in DEEDS:
        return shown
    return Markup('<span>{}<br><span class="fine">{}</span></span>').format(say_deed(action), shown)


AUDIT = Listing(
    name="audit-trail",
    title=marked("Audit trail"),
    query=select(
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.actor,
        AuditEntry.role,
        AuditEntry.action,
        AuditEntry.subject,
        AuditEntry.reason,
        AuditEntry.details,
        AuditEntry.request_id,
    ),
    key=AuditEntry.id,
    columns=(
        instant(marked("When"), "at"),
        Column(marked("Who"), lambda row: who(row.actor), lambda row: _breakable(who(row.actor))),
        Column(marked("What"), lambda row: row.action, lambda row: _told(row.action)),
        Column(marked("To what"), lambda row: row.subject, lambda row: thing(row.subject)),
        Column(marked("Why"), lambda row: row.reason, lambda row: why_moved(row.reason) or "–", "why"),
        Column(
            marked("Details"),
            lambda row: "; ".join(f"{name}={value}" for name, value in row.details.items()),
            lambda row: ", ".join(f"{name}: {value}" for name, value in row.details.items()) or "–",
            "why",
        ),
        code(marked("Request"), "request_id"),
    ),
    choices=(
        Choice(
            "role",
            marked("Role"),
            AuditEntry.role,
            (*_SIGNED_IN, "visitor", "system"),
        ),
    ),
    typed=(
        Typed("actor", marked("Who (staff:1 or e-mail)"), _by),
        Typed("verb", marked("What (words, or documents.void)"), _what),
        Typed("object", marked("To what (customer:7)"), _about),
        Typed("since", marked("From"), _since, kind="date"),
        Typed("until", marked("To"), _until, kind="date"),
    ),
    read=name_all,
    search=lambda typed: or_(AuditEntry.request_id == typed, AuditEntry.reason.icontains(typed, autoescape=True)),
    search_label=marked("Reason or request"),
    empty=marked("Every change is written down here, by whom and why."),
)


@admin.get("/audit")
@allow("staff")
def audit() -> ResponseReturnValue:
    return AUDIT.answer()
