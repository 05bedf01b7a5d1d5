"""`billhead …`: every module of this package that has a `group` or a `command` is one.

    # billhead/cli/ledger.py  →  billhead ledger verify
    @click.group()
    def group() -> None:
        "The ledger."

    @group.command("verify")
    @json_option
    @in_app
    def verify(as_json: bool) -> None:
        show(verify_ledger(), as_json)  # a mapping

The application is created when a command that is marked `in_app` runs, so `billhead --help` needs no database.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from billhead.domain.errors import BillheadError, Conflict

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["current_app_of", "in_app", "json_option", "main", "show"]

P = ParamSpec("P")
R = TypeVar("R")

_JSON = f"{__name__}.json"  # key of click's `meta`, which a command shares with its groups


def _asked_for_json(ctx: click.Context, _option: click.Parameter, given: bool) -> bool:
    ctx.meta[_JSON] = given
    return given


json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_asked_for_json, help="Print one JSON object and nothing else."
)


class Commands(click.Group):
    """Commands are found by module name and imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
        return sorted(name.replace("_", "-") for name in names if _command_in(name) is not None)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        known = {module.name for module in iter_modules(__path__)}
        module = name.replace("-", "_")
        return _command_in(module) if module in known else None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BillheadError as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 what is none of the database's is raised again
            refusal = _explained(error)
        _tell(refusal, as_json=ctx.meta.get(_JSON, False))
        ctx.exit(1)


def _command_in(module: str) -> click.Command | None:
    found = import_module(f"{__name__}.{module}")
    command: click.Command | None = getattr(found, "group", None) or getattr(found, "command", None)
    return command


def _explained(error: Exception) -> BillheadError:
    """A database that is not there, or not migrated, is an operator's matter; every other error is raised as the bug
    that it is, or as what click makes of it."""
    from sqlalchemy.exc import DBAPIError, OperationalError  # late: a version and a usage error need no database

    if not isinstance(error, DBAPIError):
        raise error
    said = str(error.orig).strip().splitlines()[0]
    if "no such table" in said or "UndefinedTable" in type(error.orig).__name__:
        return Conflict(f"The database is not migrated ({said}).", hint="Run: billhead db upgrade")
    if isinstance(error, OperationalError):
        return Conflict(
            f"The database can't be used: {said}", hint="Check BILLHEAD_DATABASE_URL, then: billhead doctor"
        )
    raise error


def _tell(error: BillheadError, as_json: bool) -> None:
    """A refusal is told in words on standard error, and as the one JSON object where JSON was asked for; a traceback is
    kept for what is a bug."""
    if as_json:
        click.echo(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
    click.echo(f"Error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="billhead")
def main() -> None:
    """Billhead bills IPTV and OTT subscribers and keeps the lines on the panels in step with what is paid."""


def current_app_of(ctx: click.Context) -> "Flask":
    """The application of this invocation: the one that a test passed as `obj`, else created once from the settings."""
    root = ctx.find_root()
    if root.obj is None:
        from billhead.app import create_app  # late: it loads everything, and --help needs nothing

        root.obj = create_app()
    app: Flask = root.obj
    return app


def in_app(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command inside the application's context. Put it below click's own decorators."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with current_app_of(click.get_current_context()).app_context():
            return command(*args, **kwargs)

    return run


def show(result: Mapping[str, Any], as_json: bool, lines: Iterable[str] | None = None) -> None:
    """Print a result: as one JSON object, else as `lines`, else name by name."""
    if as_json:
        click.echo(json.dumps(result, default=str, ensure_ascii=False))
        return
    for line in lines if lines is not None else (f"{name}: {value}" for name, value in result.items()):
        click.echo(line)
