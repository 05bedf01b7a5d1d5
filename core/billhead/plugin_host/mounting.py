"""Mount what plugins bring: blueprints under /x/<plugin>/, their words, files of themes, commands.

A blueprint is first registered on a scratch application, where its views can be seen: one view that does not say who
may call it, or anything that reaches beyond its own address, and the plugin is broken.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, request, send_from_directory
from werkzeug.routing import Rule

from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.plugin import allow
from billhead.plugin_host.checks import Refused
from billhead.plugin_host.discovery import Plugin
from billhead.plugin_host.dispatch import PluginHost
from billhead.wording import PluginWords, add_plugin_words, read_plugin_words

__all__ = ["mount_plugins"]

_ROLES = frozenset({"anyone", *(role.value for role in Role)})


def mount_plugins(app: Flask, host: PluginHost) -> None:
    """Register the views of all loaded plugins; those of a plugin that is switched off answer 404."""
    owners: dict[str, str] = app.extensions.setdefault("billhead_owners", {})
    for plugin in host.all():
        if plugin.broken:
            continue
        blueprints = plugin.offers.get("blueprints", ())
        try:
            words = _words(plugin)
            for blueprint in blueprints:
                _check(app, plugin, blueprint)
        except Refused as refusal:
            host.refuse(plugin.name, refusal.why, refusal.mend)
            continue
        add_plugin_words(plugin.name, words)
        for blueprint in blueprints:
            app.register_blueprint(blueprint, url_prefix=_prefix(plugin))
            owners[blueprint.name] = plugin.name
            _open_static_files(app, blueprint)
    _serve_themes(app, host)

    @app.before_request
    def only_active_plugins() -> None:
        owner = owners.get((request.blueprint or "").split(".")[0])
        if owner is not None and owner not in host.active_names():
            abort(404)


def _prefix(plugin: Plugin) -> str:
    return f"/x/{plugin.name}"


def _words(plugin: Plugin) -> PluginWords:
    source = getattr(plugin.module, "__file__", None)
    if not source:
        return PluginWords({}, ())
    try:
        return read_plugin_words(Path(source).with_name("locale"))
    except ValueError as error:
        raise Refused(f"its words can't be read: {error}", "mend that file in its package") from error


def _check(app: Flask, plugin: Plugin, blueprint: Blueprint) -> None:
    if blueprint.name in app.blueprints:
        raise Refused(f"a blueprint called {blueprint.name!r} is there already", f"call it {plugin.name}")
    # told its folders: Flask looks through all of Python's path for them else
    scratch = Flask("scratch", static_folder=None, root_path=app.root_path, instance_path=app.instance_path)
    untouched = _app_wide(scratch)
    try:
        scratch.register_blueprint(blueprint, url_prefix=_prefix(plugin))
    except Exception as error:
        raise Refused(f"its blueprint {blueprint.name} can't be mounted: {type(error).__name__}: {error}") from error
    if _app_wide(scratch) != untouched:
        raise Refused(f"its blueprint {blueprint.name} reaches beyond its own views (an app-wide hook)")
    for rule in scratch.url_map.iter_rules():
        _check_rule(plugin, blueprint, rule, scratch.view_functions[rule.endpoint])


def _app_wide(app: Flask) -> list[int]:
    hooks: list[Any] = [
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.template_context_processors,
        app.url_value_preprocessors,
        app.url_default_functions,
    ]
    handlers = sum(len(by_class) for by_class in app.error_handler_spec.get(None, {}).values())
    return [*(len(table.get(None, ())) for table in hooks), handlers, len(app.jinja_env.globals)]


def _check_rule(plugin: Plugin, blueprint: Blueprint, rule: Rule, view: Callable[..., Any]) -> None:
    if not rule.rule.startswith(f"{_prefix(plugin)}/"):
        raise Refused(f"its address {rule.rule} is outside {_prefix(plugin)}/")
    if rule.endpoint == f"{blueprint.name}.static":
        return
    roles, _permission = getattr(view, "billhead_allow", (frozenset(), ""))
    if not roles:
        raise Refused(f"its view {rule.endpoint} does not say who may call it", 'write @allow("staff") above the view')
    if unknown := sorted(roles - _ROLES):
        raise Refused(f"its view {rule.endpoint} allows {unknown[0]!r}, but roles are {', '.join(sorted(_ROLES))}")


def _open_static_files(app: Flask, blueprint: Blueprint) -> None:
    if blueprint.has_static_folder:

        @allow("anyone")
        def static_file(filename: str) -> Response:
            return blueprint.send_static_file(filename)

        app.view_functions[f"{blueprint.name}.static"] = static_file


def _serve_themes(app: Flask, host: PluginHost) -> None:
    @app.get("/theme/<code>/<path:filename>", endpoint="theme_file")
    @allow("anyone")
    def theme_file(code: str, filename: str) -> Response:
        try:
            line = host.theme_line(code)
        except NotFound:
            abort(404)
        owner = next((theme for theme in line if (theme.root / "static" / filename).is_file()), line[0])
        return send_from_directory(owner.root / "static", filename, max_age=86400)
