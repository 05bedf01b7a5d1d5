"""What a plugin gets back from core: queries, a few whitelisted commands, storage, tasks and route guards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from billhead.plugin.http import HttpClient
from billhead.plugin.provisioning import Access
from billhead.plugin.usage import UsageReading

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

__all__ = ["Host", "OpenLine", "PeriodicJob", "Theme", "allow", "current_host"]


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """`run` is called with the host every `every_minutes`, by a job that is leased and retried like any other."""

    code: str
    every_minutes: int
    run: Callable[["Host"], None]


@dataclass(frozen=True, slots=True)
class OpenLine:
    """What a line is watched by, as its panel's module tells it, and the panel's own client to ask about it with: its
    calls are spaced with all others to that panel. Ask of this line alone: for names that it does not know, a panel
    may shut us out."""

    access: Access
    http: HttpClient


@dataclass(frozen=True, slots=True)
class Theme:
    """`tokens` are CSS custom properties without the leading --, `dark` those that differ in the dark; `root` may hold
    `templates/` that win over core's (in `templates/mail/` those of mails) and `static/` that is served under the
    theme's code.

    A child names its `parent` by code: it has the parent's tokens, templates and static files where it has none itself.
    """

    code: str
    label: str
    root: Path
    tokens: Mapping[str, str] = field(default_factory=dict)
    dark: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""


class Host(Protocol):
    """The facade of one plugin: what it stores and schedules is its own."""

    plugin: str

    def settings(self) -> Any:
        """The plugin's own settings object, or None if it declares no `Settings` dataclass."""

    def now(self) -> datetime:
        """The instant, in UTC, at which the business is: a simulation moves it."""

    def get(self, key: str, default: Any = None) -> Any:
        """A value of the plugin's key-value storage (JSON)."""

    def put(self, key: str, value: Any) -> None:
        """Store a JSON value; its own transaction."""

    def change(self, key: str, change: Callable[[Any], Any], default: Any = None) -> None:
        """Store what `change` makes of the stored value, or of `default`, in one transaction: of two changes at once
        the second sees what the first has stored. `change` only computes; what it raises leaves the value as it was."""

    def tables(self, *, write: bool = False) -> "AbstractContextManager[Connection]":
        """A connection for the plugin's own tables (x_<plugin>_…): `with host.tables() as connection: …`.

        Only to read, unless `write`: then the block is one transaction, committed at its end.
        """

    def customer(self, customer_id: int) -> Mapping[str, Any]:
        """A customer as a plain mapping; raises NotFound."""

    def subscription(self, subscription_id: int) -> Mapping[str, Any]:
        """A subscription with plan code, state and dates; raises NotFound."""

    def document(self, document_id: int) -> Mapping[str, Any]:
        """A document with its lines; raises NotFound."""

    def line(self, *, service_id: int | None = None, login: str = "", ref: str = "") -> OpenLine:
        """A line that may be watched now. Give one of the three: the number or the login for work that staff began,
        which stands in the audit trail; the reference of its handle for whoever was given it.

        Raises NotFound (no such line, or it has ended), Conflict (more than one has the login; or it is stopped, or not
        on its panel yet), or PanelUnreachable (maintenance, or the panel has not answered: not to be asked now)."""

    def record_usage(self, readings: Sequence[UsageReading]) -> Mapping[str, int]:
        """Record events of metered use, the plugin being their source: each id is counted once, however often it is
        told. Some ten thousand at a time. Returns how many were accepted, duplicates, rejected (kept for staff with the
        reason) and late (for days that are billed already)."""

    def gateway_accounts(self) -> Mapping[str, str]:
        """The accounts at this plugin's gateways: code → name."""

    def audit(self, action: str, subject: str, *, reason: str = "", details: Mapping[str, Any] | None = None) -> None:
        """A line in the audit trail, in the name of who is signed in to the view that runs, else of the plugin.
        `details` hold ids and values, never secrets."""

    def notify(self, customer_id: int, kind: str, key: str, data: Mapping[str, Any]) -> None:
        """Queue a notice to a customer, once per key."""


_providers: list[Callable[[str], Host]] = []


def current_host(plugin: str) -> Host:
    """The facade for `plugin` in the running application; raises RuntimeError outside one."""
    if not _providers:
        raise RuntimeError("no Billhead application is running: current_host() works inside hooks, views and jobs only")
    return _providers[-1](plugin)


def provide_host(provider: Callable[[str], Host]) -> None:
    """Called by core at start-up; not part of the API."""
    _providers[:] = [provider]


def allow(*roles: str, permission: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """State who may call a view: role names, or "anyone". Core refuses to mount a view that does not say it."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.billhead_allow = (frozenset(roles), permission)  # type: ignore[attr-defined]
        return view

    return mark
