"""Which owner on a panel each reseller is, with what the panel itself says; and what a panel can do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from wtforms import SelectField, TextAreaField

from billhead.actions.panels.name_owners import HOUSE, NamedOwner, name_owners
from billhead.actions.panels.read_owners import OwnersRead, read_owners
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.models.panels import Panel, PanelOwner
from billhead.models.people import Reseller
from billhead.models.subscriptions import Service
from billhead.plugin import Capabilities, Owner, allow
from billhead.plugin_host import capabilities_of
from billhead.web.admin.area import admin, found
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["abilities"]

_SAID = (
    ("bouquets", marked("bouquets")),
    ("connections", marked("connections")),
    ("listing", marked("list of its lines")),
    ("pairs", marked("boxes that follow a stream line")),
    ("owners", marked("resellers")),
    ("owner_credits", marked("their credits")),
    ("balance", marked("our credit there")),
    ("countries", marked("holding a line to one country")),
    ("viewings", marked("viewing history")),
    ("live", marked("who watches now")),
    ("kick", marked("cutting a session")),
    ("messages", marked("messages on the screen")),
    ("commands", marked("telling a box to restart")),
    ("proof", marked("trying a line as its box or player")),
)


def abilities(able: Capabilities) -> dict[str, bool]:
    """For the panel's page, which says it: what → whether."""
    return {label: bool(getattr(able, name)) for name, label in _SAID}


class OwnersForm(Form):
    on = TextAreaField(
        later("Resellers"),
        description=later(
            "One a row: our reseller's code, its id on the panel, and if you like its name there. - in place of a "
            "code is the house itself. Whoever is not named stands under the next one above."
        ),
        render_kw={"rows": 10},
    )
    policy = SelectField(
        later("A line that has another owner"),
        choices={
            "enforce": later("is put right"),
            "report": later("is reported, and stays as it is"),
            "accept": later("is left alone"),
        },
    )

    def owners(self) -> list[NamedOwner]:
        named = []
        for row in filter(None, map(str.strip, (self.on.data or "").splitlines())):
            code, *rest = row.split(maxsplit=2)
            if not rest:
                raise InvalidInput("on", say("%(row)s does not name a reseller and its id on the panel", row=repr(row)))
            named.append(NamedOwner(code, *rest))
        return named


@admin.route("/panels/<int:key>/owners", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_owners(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
        form = _form(row, _named(session, key))
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                named = name_owners(tx, key, form.owners(), form.policy.data).named
            flash(say("Saved: %(count)s named. Compare all lines to bring them in step.", count=named), "good")
            return redirect(url_for("admin.panel", key=key), 303)
    return _page(row, form, None), 422 if form.is_submitted() else 200


@admin.post("/panels/<int:key>/owners/read")
@allow("staff", permission="panels.write")
def read_panel_owners(key: int) -> ResponseReturnValue:
    """Asks the panel and fills in whoever has the same name on both sides. Nothing is saved yet."""
    read = read_owners(current_ctx(), key)
    with reading() as session:
        row = found(session, Panel, key, "panel")
        named = _named(session, key)
        form = _form(row, [*named, *_guessed(session, row, named, read.owners)], formdata=None)
        lines = _lines_of(session, key)
    return _page(row, form, read, lines)


def _lines_of(session: Session, panel_id: int) -> dict[str, int]:
    """The panel's id of a reseller → lines of ours that are theirs there, as they were seen last."""
    owner = Service.observed["owner"].as_string()
    lines = select(owner, func.count()).where(Service.panel_id == panel_id, Service.lifecycle != "gone")
    return {remote: count for remote, count in session.execute(lines.group_by(owner)) if remote}


def _named(session: Session, panel_id: int) -> list[NamedOwner]:
    rows = session.execute(
        select(Reseller.code, PanelOwner.remote, PanelOwner.name)
        .join_from(PanelOwner, Reseller, Reseller.id == PanelOwner.reseller_id, isouter=True)
        .where(PanelOwner.panel_id == panel_id)
        .order_by(Reseller.code)
    )
    return [NamedOwner(code or HOUSE, remote, name) for code, remote, name in rows]


def _guessed(session: Session, row: Panel, named: Iterable[NamedOwner], owners: Sequence[Owner]) -> list[NamedOwner]:
    """Resellers that are not named yet and are called the same on the panel."""
    known = {owner.reseller for owner in named}
    by_name = {owner.name.strip().casefold(): owner for owner in owners}
    guessed = []
    ours = select(Reseller.code, Reseller.name).where(Reseller.seller_id == row.seller_id)
    for code, name in session.execute(ours.order_by(Reseller.code)):
        same = by_name.get(name.casefold()) or by_name.get(code.casefold())
        if same is not None and code not in known:
            guessed.append(NamedOwner(code, same.remote_id, same.name))
    return guessed


def _form(row: Panel, named: Iterable[NamedOwner], **more: Any) -> OwnersForm:
    text = "\n".join(f"{owner.reseller} {owner.remote} {owner.name}".rstrip() for owner in named)
    return OwnersForm(data={"on": text, "policy": row.managed.get("owner", "enforce")}, **more)


def _page(row: Panel, form: OwnersForm, read: OwnersRead | None, lines: Mapping[str, int] | None = None) -> str:
    able = capabilities_of(row)
    return page("admin/panel_owners.html", panel=row, form=form, read=read, able=able, lines=lines or {})
