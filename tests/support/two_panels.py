"""An operator with a Stalker portal and an Xtream panel, both real servers on sockets, and the words to tell stories.

`operator.line(...)` is a paid line of a customer, `work()` lets the workers run until nothing is due, `wait(...)` lets
time pass, and `on(panel)` is what the panel itself has stored: the truth to compare with.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from apps import SECRET_KEY

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)  # midnight in London too, so both panels can say it
BOX = "00:1A:79:AA:BB:01"
KEY = "0123456789abcdef0123456789abcdef"
# what our bouquets are called on the panels; "late" is sold, but was never named on either of them
NAMES = {"sport": ("PKG_SPORT", "3"), "kids": ("PKG_KIDS", "5"), "late": None}


@dataclass
class Held:
    """A line as a panel has stored it, in our words."""

    ref: str
    login: str
    mac: str | None
    blocked: bool
    ends: datetime | None
    bouquets: set[str]
    plan: str = ""
    connections: int = 1


def panel_app(database_url: str, home: Path) -> Flask:
    """The application without its web: database, plugins, vault and jobs."""
    import billhead.jobs.tasks  # noqa: F401 registers the kinds of job
    from billhead.app import Billhead
    from billhead.config import Config
    from billhead.db import init_db
    from billhead.plugin_host import PluginHost, Vault, provide_facade

    home.mkdir(exist_ok=True)
    app = Flask("two_panels", static_folder=None)
    init_db(app, database_url)
    config = Config(home=home, database_url=database_url, broker_url="memory://", secret_key=SECRET_KEY, testing=True)
    vault = Vault.from_secret(SECRET_KEY)
    app.extensions["billhead"] = Billhead(config=config, plugins=PluginHost.load(), vault=vault, celery=None)
    provide_facade(app)
    return app


@dataclass
class Operator:
    app: Flask
    sandbox: Any
    panels: dict[str, int] = field(default_factory=dict)
    bouquets: dict[str, int] = field(default_factory=dict)
    seller_id: int = 0
    customer_id: int = 0
    plan_id: int = 0
    lines: int = 0

    # -- our side ------------------------------------------------------------------------------------------------------

    def change(self, table: Any, row_id: int, **columns: Any) -> None:
        with self._writing() as tx:
            row = tx.session.get_one(table, row_id)
            for name, value in columns.items():
                setattr(row, name, value)

    def line(self, on: str = "xtream", *, paid_until: datetime | None = NEW_YEAR, **columns: Any) -> int:
        """Order a line and, unless `paid_until` is None, pay it; returns the service's id."""
        from billhead.actions.provisioning.want import want
        from billhead.models.subscriptions import Service, Subscription
        from billhead.plugin_host import vault

        self.lines += 1
        bouquets = sorted(self.bouquets[code] for code in columns.pop("bouquets", ()))
        password = vault().encrypt(columns.pop("password", "correct-horse"))
        columns = {"kind": "stream", "login": f"viewer{self.lines}", "handle": f"line{self.lines}", **columns}
        with self._writing() as tx:
            subscription = Subscription(
                seller_id=self.seller_id, customer_id=self.customer_id, plan_id=self.plan_id, currency="EUR",
                state="pending", term="1 month", anchor=date(2026, 11, 22), started_on=date(2026, 11, 22), zone="UTC",
                created_at=NOW,
            )  # fmt: skip
            tx.session.add(subscription)
            tx.session.flush()
            service = Service(
                subscription_id=subscription.id, panel_id=self.panels[on], password=password,
                desired_plan="BASIC" if on == "stalker" else "", desired_bouquets=bouquets, **columns,
            )  # fmt: skip
            tx.session.add(service)
            tx.session.flush()
            if paid_until is not None:
                want(tx, service, desired_expires_at=paid_until)
            return int(service.id)

    def want(self, service_id: int, **changes: Any) -> None:
        from billhead.actions.provisioning.want import want
        from billhead.models.subscriptions import Service
        from billhead.plugin_host import vault

        if "password" in changes:
            changes["password"] = vault().encrypt(changes["password"])
        if "bouquets" in changes:
            changes["desired_bouquets"] = sorted(self.bouquets[code] for code in changes.pop("bouquets"))
        with self._writing() as tx:
            want(tx, tx.session.get_one(Service, service_id), **changes)

    def work(self, threads: int = 1) -> None:
        from billhead.jobs.work import drain

        drain(threads=threads)

    def wait(self, **passing: float) -> None:
        """Let business time pass, on the panels too."""
        from billhead import clock

        then = clock.business_now() + timedelta(**passing)
        clock.move_business_clock(then)
        self.sandbox.state.clock.set(then.timestamp(), frozen=False)

    def heal(self) -> None:
        """The panel answers again, and time passes until whoever waits for it looks."""
        self.sandbox.state.faults.clear()
        for _ in range(2):
            self.wait(minutes=11)
            self.work()

    def converge(self, service_id: int) -> Any:
        from billhead.actions.provisioning.converge import converge

        return converge(self.ctx, service_id)

    def reconcile(self, on: str, *, repair: bool = True) -> Any:
        from billhead.actions.provisioning.reconcile import reconcile_panel

        return reconcile_panel(self.ctx, self.panels[on], repair=repair)

    def service(self, service_id: int) -> Any:
        from billhead.models.subscriptions import Service

        return self._read(lambda s: s.get_one(Service, service_id))

    def panel(self, on: str) -> Any:
        from billhead.models.panels import Panel

        return self._read(lambda s: s.get_one(Panel, self.panels[on]))

    def jobs(self, service_id: int) -> list[Any]:
        from billhead.models.operations import Job

        mine = select(Job).where(Job.key == f"converge:{service_id}").order_by(Job.id)
        return self._read(lambda s: list(s.scalars(mine)))

    def events(self, kind: str) -> list[Any]:
        from billhead.models.operations import Event

        return self._read(lambda s: list(s.scalars(select(Event).where(Event.type == kind).order_by(Event.id))))

    @property
    def ctx(self) -> Any:
        from billhead.domain.context import Context

        return Context.system("test")

    def _writing(self) -> Any:
        from billhead.db import writing

        return writing(self.ctx)

    def _read(self, question: Any) -> Any:
        from billhead.db import reading

        with reading() as session:
            return question(session)

    # -- the panels' side ----------------------------------------------------------------------------------------------

    def fault(self, kind: str, match: str, **more: Any) -> None:
        self.sandbox.state.faults.add(kind=kind, match=match, **more)

    def calls(self) -> dict[str, int]:
        """What the panels were asked since the last time."""
        seen = dict(self.sandbox.state.calls)
        self.sandbox.state.clear_calls()
        return seen

    def on(self, panel: str) -> list[Held]:
        rows = [row for row in self.sandbox.state.lines() if row["panel"] == panel]
        return [self._stalker(row) if panel == "stalker" else _xtream(row) for row in rows]

    def only(self, panel: str) -> Held:
        (only,) = self.on(panel)
        return only

    def lets_in(self, panel: str, login: str, password: str) -> bool:
        """Whether a viewer's app gets in, on the panel's device side."""
        if panel == "stalker":
            form = {"grant_type": "password", "username": login, "password": password}
            answer = httpx.post(f"{self.sandbox.url}/stalker_portal/auth/token.php", data=form)
            return "access_token" in answer.json()
        query = {"username": login, "password": password}
        return httpx.get(f"{self.sandbox.url}/player_api.php", params=query).status_code == 200

    def tamper(self, panel: str, login: str, **columns: Any) -> None:
        """Somebody changes a line on the panel behind our back."""
        table, name = ("stalker_accounts", "login") if panel == "stalker" else ("lines", "username")
        assert self.sandbox.state.store.update(table, columns, f"{name} = ?", (login,)) == 1

    def _stalker(self, row: dict[str, Any]) -> Held:
        ends = row["end_date"]
        packages = {package["id"]: package["external_id"] for package in self.sandbox.state.catalogue.packages}
        subscribed = self.sandbox.state.store.rows(
            "SELECT package_id FROM stalker_subscriptions WHERE account_id = ?", (row["id"],)
        )
        return Held(
            ref=row["account_number"],
            login=row["login"],
            mac=row["stb_mac"] or None,
            blocked=bool(row["blocked"]),
            ends=None if ends.startswith("0000") else datetime.fromisoformat(ends[:10]).replace(tzinfo=UTC),
            bouquets={packages[each["package_id"]] for each in subscribed},
            plan=row["tariff_plan"],
        )


def _xtream(row: dict[str, Any]) -> Held:
    return Held(
        ref=(row["admin_notes"] or "").removeprefix("billhead:").split(" ")[0],
        login=row["username"],
        mac=row["mac"],
        blocked=not row["enabled"],
        ends=datetime.fromtimestamp(row["exp_date"], UTC) if row["exp_date"] else None,
        bouquets={str(each) for each in json.loads(row["bouquet"])},
        connections=row["max_connections"],
    )


def _open(operator: Operator) -> None:
    from billhead.models.catalogue import Bouquet, Plan
    from billhead.models.panels import Panel, PanelBouquet
    from billhead.models.people import Customer
    from billhead.models.sellers import Seller
    from billhead.plugin_host import plugins, store_settings

    url = operator.sandbox.url
    settings = {
        "stalker": {"url": f"{url}/stalker_portal", "login": "stalker", "password": "sandbox", "zone": "Europe/London"},
        "xtream": {"url": f"{url}/sandbox/", "api_key": KEY},
    }
    with operator._writing() as tx:
        seller = Seller(code="north", name="North", legal_name="North Oy", country="FI", currency="EUR")
        tx.session.add(seller)
        tx.session.flush()
        customer = Customer(
            seller_id=seller.id, name="Ann", email="ann@example.com", country="FI", currency="EUR", created_at=NOW
        )
        plan = Plan(seller_id=seller.id, code="tv", name="TV", kind="stream")
        tx.session.add_all([customer, plan])
        for code, values in settings.items():
            panel = Panel(seller_id=seller.id, code=f"{code}-{operator.sandbox.server.server_address[1]}", name=code,
                          module=code)  # fmt: skip
            store_settings(plugins().module(code).settings_type, panel, {**values, "timeout_seconds": 2})
            tx.session.add(panel)
            tx.session.flush()
            operator.panels[code] = panel.id
        for code, names in NAMES.items():
            bouquet = Bouquet(seller_id=seller.id, code=code, name=code.capitalize())
            tx.session.add(bouquet)
            tx.session.flush()
            operator.bouquets[code] = bouquet.id
            for panel_id, remote in zip(operator.panels.values(), names or (), strict=False):
                tx.session.add(PanelBouquet(panel_id=panel_id, bouquet_id=bouquet.id, remote=remote))
        tx.session.flush()
        operator.seller_id, operator.customer_id, operator.plan_id = seller.id, customer.id, plan.id


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Iterator[Operator]:
    """An operator with two panels, on each database in turn; it is noon of 22 November 2026 in London."""
    from billhead import clock
    from billhead.db import db
    from billhead.plugin_host import close_connections
    from billhead_sandbox.panel.server import start

    app = panel_app(database_url, tmp_path / "home")
    with app.app_context(), start() as sandbox, clock.business_time(NOW):
        sandbox.state.clock.set(NOW.timestamp(), frozen=False)
        operator = Operator(app, sandbox)
        _open(operator)
        yield operator
        close_connections()
        db.engine.dispose()
