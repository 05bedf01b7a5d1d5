"""Panels: their health and lines, one with its report and settings, adding one, checking, comparing, resting."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead import clock
from billhead.actions.panels.ask_reconcile import ask_reconcile
from billhead.actions.panels.check_panel import check_panel
from billhead.actions.panels.save_panel import MOST_CALLS, MOST_NIGHTS, PanelEntry, save_panel
from billhead.actions.panels.set_maintenance import set_maintenance
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.models.operations import Job
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.plugin import allow
from billhead.plugin_host import capabilities_of, plugins
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, badge, code, instant, number, text
from billhead.web.admin.listing import Listing
from billhead.web.admin.panel_owners import abilities
from billhead.web.admin.services import TROUBLE
from billhead.web.admin.settings import EntryForm, entered, settings_page_form
from billhead.web.affected import of_panel
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, signed_in, submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["PANELS", "health_of"]


def health_of(row: Any) -> str:
    """well, resting (maintenance), resting by itself (breaker open), shaky (failures in a row), or not seen yet."""
    if row.maintenance:
        return "maintenance"
    if row.open_until is not None and row.open_until > clock.business_now():
        return "breaker open"
    if row.failures:
        return "shaky"
    return "well" if row.last_ok_at is not None else "not called yet"


_TONES = {"maintenance": "suspended", "breaker open": "failed", "shaky": "unknown", "well": "ok", "not called yet": ""}


def health_badge(row: Any) -> Any:
    word = health_of(row)
    return badge(_TONES[word], word)


def _credit(row: Any) -> str:
    return "" if row.balance_minor is None else str(Money(row.balance_minor, CREDITS))


def _counted(*conditions: Any) -> Any:
    lines = select(func.count()).select_from(Service).where(Service.panel_id == Panel.id, *conditions)
    return lines.scalar_subquery()


PANELS = Listing(
    name="panels",
    title=marked("Panels"),
    query=select(
        Panel.id,
        Panel.code,
        Panel.name,
        Panel.module,
        Panel.group,
        Panel.capacity,
        Panel.maintenance,
        Panel.failures,
        Panel.open_until,
        Panel.last_ok_at,
        Panel.reconciled_at,
        Panel.reconcile_report,
        Panel.balance_minor,
        _counted(Service.lifecycle != "gone").label("lines"),
        _counted(Service.lifecycle != "gone", Service.sync.in_(TROUBLE)).label("trouble"),
    ),
    key=Panel.id,
    columns=(
        text(marked("Panel"), "name", to="panel"),
        code(marked("Code"), "code"),
        text(marked("Module"), "module"),
        text(marked("Group"), "group"),
        Column(marked("Health"), health_of, health_badge),
        number(marked("Lines"), "lines"),
        number(marked("Not in step"), "trouble"),
        Column(
            marked("Room for"),
            lambda row: row.capacity,
            lambda row: row.capacity or say("any number"),
            "num",
        ),
        Column(marked("Our credit"), lambda row: _credit(row), lambda row: _credit(row) or "–", "num"),
        instant(marked("Answered last"), "last_ok_at"),
        instant(marked("Compared last"), "reconciled_at"),
        Column(
            marked("Differences"),
            lambda row: row.reconcile_report.get("differences", ""),
            lambda row: row.reconcile_report.get("differences", "–"),
            "num",
        ),
    ),
    search=lambda typed: Panel.code.icontains(typed, autoescape=True) | Panel.name.icontains(typed, autoescape=True),
    search_label=marked("Name or code"),
    empty=marked("Add the first one: its address and credentials are asked for by its module."),
)


class PanelForm(EntryForm):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("Give it a name.")), Length(max=80)]
    )
    group = StringField(
        later("Group"), filters=[stripped], description=later("Plans may name a group instead of one panel.")
    )
    capacity = IntegerField(
        later("Room for so many lines"),
        default=0,
        validators=[InputRequired(), NumberRange(0)],
        description=later("0 is no limit."),
    )
    weight = IntegerField(
        later("Weight"),
        default=1,
        validators=[InputRequired(), NumberRange(1, 1000)],
        description=later("Of two panels of a group, one of twice the weight gets twice the lines."),
    )
    calls_per_second = IntegerField(
        later("Calls a second, at most"),
        default=0,
        validators=[InputRequired(), NumberRange(0, MOST_CALLS)],
        description=later(
            "0 is no limit. It holds for all processes of Billhead together. Some panels shut out an address "
            "that calls too often: an Xtream panel at more than 20 a second."
        ),
    )
    bouquet_nights = IntegerField(
        later("Nights in which bouquets are compared"),
        default=7,
        validators=[InputRequired(), NumberRange(0, MOST_NIGHTS)],
        description=later(
            "Where the panel's list leaves bouquets out, they are read line by line, all within so many "
            "nights: a call each. 0: never."
        ),
    )


class NewPanelForm(PanelForm):
    code = StringField(
        later("Code"),
        filters=[stripped],
        validators=[DataRequired(later("Give it a code.")), Length(max=40)],
        description=later("Small letters, digits and -. It stays as it is."),
    )


@admin.get("/panels")
@allow("staff")
def panels() -> ResponseReturnValue:
    return PANELS.answer(
        add=url_for("admin.choose_panel_module"), add_label=say("Add a panel"), add_needs="panels.write"
    )


@admin.get("/panels/<int:key>")
@allow("staff")
def panel(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
        counts = dict(
            session.execute(
                select(Service.sync, func.count())
                .where(Service.panel_id == key, Service.lifecycle != "gone")
                .group_by(Service.sync)
            ).all()
        )
        waiting = session.scalar(
            select(func.count()).select_from(Job).where(Job.lane == f"panel:{key}", Job.state == "queued")
        )
        handles = [*row.reconcile_report.get("missing", ()), *row.reconcile_report.get("differing", ())]
        known = session.execute(
            select(Service.handle, Service.id, Service.login).where(
                Service.panel_id == key, Service.handle.in_(handles[:400])
            )
        ).all()
        trail = trail_of(session, f"panel:{key}")
    able = capabilities_of(row)
    return page(
        "admin/panel.html",
        panel=row,
        health=health_badge(row),
        counts=counts,
        waiting=waiting,
        services_by_handle={handle: (id_, login) for handle, id_, login in known},
        trail=trail,
        able=able,
        abilities=abilities(able) if able is not None else {},
    )


@admin.get("/panels/new")
@allow("staff", permission="panels.write")
def choose_panel_module() -> ResponseReturnValue:
    modules = [
        (say(thing.label), url_for("admin.new_panel", module=thing.code), plugin)
        for plugin, thing in plugins().offers("provisioning_modules")
    ]
    return page(
        "admin/choose.html",
        title=say("Add a panel"),
        nothing=say("No module is there"),
        things=modules,
        back=url_for("admin.panels"),
    )


@admin.route("/panels/new/<module>", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def new_panel(module: str) -> ResponseReturnValue:
    offered = plugins().module(module)
    blank = Panel(module=module, settings={}, secrets="")
    form, settings = NewPanelForm(), settings_page_form(offered.settings_type, blank)
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            login = signed_in()
            assert login is not None, "the guard lets only staff in"
            with writing(current_ctx()) as tx:
                _refuse_taken(tx.session, form.code.data)
                key = save_panel(tx, login.seller_id, module, _entry(form, form.code.data), settings.values())
            flash(say("Added. Check now whether it answers."), "good")
            return redirect(url_for("admin.panel", key=key), 303)
    title = say("Add a panel: %(label)s", label=say(offered.label))
    shown = page("admin/settings.html", title=title, form=form, settings=settings, back=url_for("admin.panels"))
    return shown, 422 if form.is_submitted() else 200


@admin.route("/panels/<int:key>/settings", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_settings(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
    form, settings = PanelForm(obj=row), settings_page_form(plugins().module(row.module).settings_type, row)
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            with writing(current_ctx()) as tx:
                save_panel(tx, row.seller_id, row.module, _entry(form, row.code), settings.values())
            flash(say("Saved. They are used from the next call on."), "good")
            return redirect(url_for("admin.panel", key=key), 303)
    back = url_for("admin.panel", key=key)
    shown = page(
        "admin/settings.html", title=say("Settings of %(name)s", name=row.name), form=form, settings=settings, back=back
    )
    return shown, 422 if form.is_submitted() else 200


def _entry(form: PanelForm, panel_code: str) -> PanelEntry:
    return PanelEntry(
        panel_code,
        form.name.data,
        form.group.data or "",
        form.capacity.data,
        form.weight.data,
        form.calls_per_second.data,
        form.bouquet_nights.data,
    )


def _refuse_taken(session: Session, panel_code: str) -> None:
    if session.scalar(select(Panel.id).where(Panel.code == panel_code)) is not None:
        raise InvalidInput("code", say("%(code)s is another panel's", code=panel_code))


@admin.post("/panels/<int:key>/check")
@allow("staff", permission="panels.write")
def check_one_panel(key: int) -> ResponseReturnValue:
    """One harmless call; it does not ask."""
    checked = check_panel(current_ctx(), key)
    told = (
        say("It answers: %(said)s", said=checked.said)
        if checked.ok
        else say("It is not well: %(said)s", said=checked.said)
    )
    flash(told, "good" if checked.ok else "bad")
    return redirect(url_for("admin.panel", key=key), 303)


@admin.post("/panels/<int:key>/reconcile")
@allow("staff", permission="panels.write")
def reconcile_panel_now(key: int) -> ResponseReturnValue:
    """Reads the panel's list and queues free steps only; it does not ask."""
    with writing(submit_ctx()) as tx:
        asked_for = ask_reconcile(tx, key)
    flash(say("Queued as job %(job)s. The report below is renewed when it is done.", job=asked_for.job), "good")
    return redirect(url_for("admin.panel", key=key), 303)


@admin.route("/panels/<int:key>/maintenance", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_maintenance(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
        touched = of_panel(session, key)
    turn_on = not row.maintenance

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            set_maintenance(tx, key, turn_on)
        return say("%(name)s rests.", name=row.name) if turn_on else say("%(name)s is back in service.", name=row.name)

    title = (
        say("Put %(name)s under maintenance?", name=row.name)
        if turn_on
        else say("Put %(name)s back in service?", name=row.name)
    )
    text_ = (
        say("Nothing is written to it and no new line is put on it. What is wanted meanwhile waits in the queue.")
        if turn_on
        else say("What has waited in the queue is done from now on.")
    )
    text_ = f"{text_} {touched}"
    question = Question(
        title, text_, say("Let it rest") if turn_on else say("Back in service"), url_for("admin.panel", key=key)
    )
    return asked(question, ReasonForm(), act)
