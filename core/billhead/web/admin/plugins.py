"""Plugins: what is installed, what is broken and how to mend it, switching one on or off, and its own settings."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.plugins.save_plugin_settings import save_plugin_settings
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.operations import PluginState
from billhead.plugin import allow
from billhead.plugin_host import Plugin
from billhead.plugin_host import plugins as host
from billhead.plugin_host.discovery import code_of
from billhead.web.admin.area import admin
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.settings import EntryForm, entered, settings_page_form
from billhead.web.affected import of_plugin
from billhead.web.csv_export import csv_response
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import say

__all__ = ["state_of"]

STATES = ("active", "off", "broken")


def state_of(plugin: Plugin, active: set[str]) -> str:
    if plugin.broken:
        return "broken"
    return "active" if plugin.name in active else "off"


def _offers(plugin: Plugin) -> list[str]:
    return sorted({code_of(thing) for things in plugin.offers.values() for thing in things})


@admin.get("/plugins")
@allow("staff")
def plugins() -> ResponseReturnValue:
    """In loading order, all on one page: an installation has a dozen or two."""
    active = set(host().active_names())
    wanted, typed = request.args.get("state", ""), request.args.get("q", "").strip().lower()
    rows = [
        (plugin, state, _offers(plugin))
        for plugin in host().all()
        if (state := state_of(plugin, active)) == wanted or wanted not in STATES
        if typed in plugin.name.lower()
    ]
    if request.args.get("format") == "csv":
        lines = ([p.name, p.distribution, p.version, state, " ".join(o), p.broken] for p, state, o in rows)
        return csv_response("plugins", ["Plugin", "Distribution", "Version", "State", "Offers", "Broken"], lines)
    return page("admin/plugins.html", rows=rows, states=STATES)


@admin.route("/plugins/<name>/enable", methods=["GET", "POST"])
@allow("staff", permission="plugins.write")
def enable_plugin(name: str) -> ResponseReturnValue:
    host().get(name)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            host().enable(tx, name)
        return say("%(name)s is on.", name=name)

    text = say("Its modules, gateways and rules are used from now on.")
    question = Question(
        say("Switch %(name)s on?", name=name), text, say("Switch on"), url_for("admin.plugins"), danger=False
    )
    return asked(question, ReasonForm(), act)


@admin.route("/plugins/<name>/disable", methods=["GET", "POST"])
@allow("staff", permission="plugins.write")
def disable_plugin(name: str) -> ResponseReturnValue:
    plugin = host().get(name)
    with reading() as session:
        touched = of_plugin(session, plugin)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            host().disable(tx, name)
        return say("%(name)s is off; what it stored is kept.", name=name)

    text = say("Nothing of it is called any more: panels and accounts that need it stand still. What it stored stays.")
    text = f"{text} {touched}".strip()
    question = Question(say("Switch %(name)s off?", name=name), text, say("Switch off"), url_for("admin.plugins"))
    return asked(question, ReasonForm(), act)


@admin.route("/plugins/<name>/settings", methods=["GET", "POST"])
@allow("staff", permission="plugins.write")
def plugin_settings(name: str) -> ResponseReturnValue:
    settings_type = host().get(name).settings_type
    if settings_type is None:
        raise NotFound("settings of the plugin", name)
    with reading() as session:
        row = session.get(PluginState, name) or PluginState(name=name, settings={}, secrets="")
    form, settings = EntryForm(), settings_page_form(settings_type, row)
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            with writing(current_ctx()) as tx:
                save_plugin_settings(tx, name, settings.values())
            flash(say("The settings of %(name)s are saved.", name=name), "good")
            return redirect(url_for("admin.plugins"), 303)
    back = url_for("admin.plugins")
    shown = page(
        "admin/settings.html", title=say("Settings of %(name)s", name=name), form=form, settings=settings, back=back
    )
    return shown, 422 if form.is_submitted() else 200
