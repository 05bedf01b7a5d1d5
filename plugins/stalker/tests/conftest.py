"""A sandbox portal on a real socket, the module, and a line that is brought in step as core would do it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billhead.plugin import (
    Absent,
    Desired,
    Found,
    Free,
    Handle,
    HttpClient,
    LineKind,
    Observed,
    PanelConnection,
    load_settings,
)
from billhead_sandbox.panel.server import Running, start
from billhead_stalker.module import StalkerModule
from billhead_stalker.settings import StalkerSettings

MAC = "00:1A:79:AA:BB:01"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with start() as running:
        yield running


@dataclass
class Bench:
    """The module beside one portal. `converge` does what core does and counts the calls that the portal saw."""

    sandbox: Running
    settings: dict[str, Any]
    module: StalkerModule = field(default_factory=StalkerModule)
    http: HttpClient = field(default_factory=lambda: HttpClient("the portal", timeout_seconds=5))

    def connection(self, **changes: Any) -> PanelConnection:
        settings = load_settings(StalkerSettings, {**self.settings, **changes})
        return PanelConnection("portal", settings, self.http)

    def converge(self, desired: Desired, **settings: Any) -> tuple[Observed, Desired]:
        """Observed, and desired with the handle as core would have stored it."""
        panel = self.connection(**settings)
        answer = self.module.look_up(panel, desired)
        assert isinstance(answer, Found | Absent), answer
        seen = answer.observed if isinstance(answer, Found) else None
        for step in self.module.plan(panel, desired, seen):
            assert isinstance(step, Free), step
            seen = self.module.apply(panel, step)
        assert seen is not None
        kept = replace(desired, handle=replace(desired.handle, data=dict(seen.handle_data)))
        assert self.module.plan(panel, kept, seen) == []
        return seen, kept

    def calls(self) -> dict[str, int]:
        """What the portal was asked since the last time, by name: {"accounts.GET": 1}."""
        seen = {name.removeprefix("stalker."): times for name, times in self.sandbox.state.calls.items()}
        self.sandbox.state.calls.clear()
        return seen

    def accounts(self) -> list[dict[str, Any]]:
        return self.sandbox.state.store.rows("SELECT * FROM stalker_accounts ORDER BY id")

    def account(self) -> dict[str, Any]:
        (only,) = self.accounts()
        return only

    def stands(self, **columns: Any) -> int:
        """An account that was on the portal before us."""
        return self.sandbox.state.store.insert("stalker_accounts", columns)

    def portal_settings(self, **changes: Any) -> None:
        self.sandbox.state.change_settings({"stalker": changes})


@pytest.fixture
def bench(sandbox: Running) -> Iterator[Bench]:
    settings = {
        "url": f"{sandbox.url}/stalker_portal",
        "login": "stalker",
        "password": "sandbox",
        "zone": "Europe/London",
    }
    bench = Bench(sandbox, settings)
    yield bench
    bench.http.close()


@pytest.fixture
def alice() -> Desired:
    return Desired(
        handle=Handle("a2b3c4d5e6f"),
        kind=LineKind.MAG,
        login="alice",
        password="correct-horse",
        mac=MAC,
        plan="BASIC",
        expires_at=datetime(2026, 12, 31, 12, 0, tzinfo=UTC),
    )


@pytest.fixture
def scripted() -> Iterator[Callable[..., PanelConnection]]:
    """A portal that gives one fixed answer: what no sandbox would say."""
    import httpx

    clients = []

    def connect(status: int = 200, body: str | bytes = b"", **headers: str) -> PanelConnection:
        answer = httpx.MockTransport(lambda request: httpx.Response(status, content=body, headers=headers))
        clients.append(HttpClient("the portal", transport=answer))
        settings = StalkerSettings("http://portal.example", "billing", "api-secret", "Europe/London")
        return PanelConnection("portal", settings, clients[-1])

    yield connect
    for client in clients:
        client.close()
