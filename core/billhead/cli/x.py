"""`billhead x <plugin> …`: the commands that plugins bring."""

from typing import Any

import click

from billhead.cli import current_app_of
from billhead.plugin_host import plugins

__all__ = ["group"]


class OfPlugin(click.Group):
    """The commands of one plugin; each runs inside the application's context."""

    def invoke(self, ctx: click.Context) -> Any:
        with current_app_of(ctx).app_context():
            return super().invoke(ctx)


class OfPlugins(click.Group):
    """One group for each active plugin that brings commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._offered(ctx))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        offered = self._offered(ctx).get(name)
        return OfPlugin(name, commands=offered, help=f"Commands of the plugin {name}.") if offered else None

    def _offered(self, ctx: click.Context) -> dict[str, list[click.Command]]:
        commands: dict[str, list[click.Command]] = {}
        with current_app_of(ctx).app_context():
            for plugin, command in plugins().offers("cli_commands"):
                commands.setdefault(plugin, []).append(command)
        return commands


@click.group(cls=OfPlugins)
def group() -> None:
    """Commands that plugins bring."""
