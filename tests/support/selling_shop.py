"""An operator whose panel sells time for credits, and the words to tell its stories; the panel is a real server.

`upstream.line()` is a paid line, `upstream.pay(line, until)` pays a further period, `upstream.bought()` is what the
panel itself has sold; `upstream.break_buying(Break.BEFORE_ANSWER)` loses the answer of the next purchase.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pretend_plugins import plugin_point
from sqlalchemy import select
from warm_process import WarmProcess

from apps import SECRET_KEY

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEXT_MONTH = date(2026, 12, 22)
PLUGIN = """
from selling_panel import SellingModule
@hookimpl
def provisioning_modules():
    return [SellingModule()]
"""


def selling_app(database_url: str, home: Path) -> Flask:
    """The application without its web, with one plugin: that of the selling panel."""
    import billhead.jobs.tasks  # noqa: F401 registers the kinds of job
    from billhead.app import Billhead
    from billhead.config import Config
    from billhead.db import init_db
    from billhead.plugin_host import PluginHost, Vault, provide_facade

    home.mkdir(exist_ok=True)
    app = Flask("selling_shop", static_folder=None)
    init_db(app, database_url)
    config = Config(home=home, database_url=database_url, broker_url="memory://", secret_key=SECRET_KEY, testing=True)
    host = PluginHost.load([plugin_point("selling", PLUGIN)])
    app.extensions["billhead"] = Billhead(config=config, plugins=host, vault=Vault.from_secret(SECRET_KEY), celery=None)
    provide_facade(app)
    return app


@dataclass
class Shop:
    app: Flask
    panel: Any
    breaks: Any
    url: str = ""
    home: Path = Path()
    seller_id: int = 0
    panel_id: int = 0
    customer_id: int = 0
    plan_id: int = 0
    lines: int = 0

    # -- what is ordered and paid --------------------------------------------------------------------------------------

    def line(self, *, paid_until: date | None = NEXT_MONTH, term: str = "1 month", **columns: Any) -> int:
        from billhead.actions.provisioning.want import want
        from billhead.models.subscriptions import Service, Subscription
        from billhead.plugin_host import vault

        self.lines += 1
        phase = columns.pop("phase", "recurring")
        columns = {"kind": "stream", "login": f"viewer{self.lines}", "handle": f"line{self.lines}", **columns}
        with self.writing() as tx:
            subscription = Subscription(
                seller_id=self.seller_id, customer_id=self.customer_id, plan_id=self.plan_id, currency="EUR",
                state="active", term=term, phase=phase, anchor=NOW.date(), started_on=NOW.date(), zone="UTC",
                created_at=NOW,
            )  # fmt: skip
            tx.session.add(subscription)
            tx.session.flush()
            service = Service(subscription_id=subscription.id, panel_id=self.panel_id,
                              password=vault().encrypt("correct-horse"), trial=phase == "trial", **columns)  # fmt: skip
            tx.session.add(service)
            tx.session.flush()
            if paid_until is not None:
                subscription.paid_through = paid_until
                want(tx, service, desired_expires_at=_instant(paid_until))
            return int(service.id)

    def pay(self, line: int, until: date, **changes: Any) -> None:
        """The customer has paid until then."""
        from billhead.actions.provisioning.want import want
        from billhead.models.subscriptions import Service, Subscription

        with self.writing() as tx:
            service = tx.session.get_one(Service, line)
            tx.session.get_one(Subscription, service.subscription_id).paid_through = until
            want(tx, service, desired_expires_at=_instant(until), **changes)

    def want(self, line: int, **changes: Any) -> None:
        from billhead.actions.provisioning.want import want
        from billhead.models.subscriptions import Service

        with self.writing() as tx:
            want(tx, tx.session.get_one(Service, line), **changes)

    def set_panel(self, **columns: Any) -> None:
        from billhead.models.panels import Panel

        with self.writing() as tx:
            panel = tx.session.get_one(Panel, self.panel_id)
            for name, value in columns.items():
                setattr(panel, name, value)

    # -- what happens --------------------------------------------------------------------------------------------------

    def work(self, threads: int = 1) -> None:
        from billhead.jobs.work import drain

        drain(threads=threads)

    def wait(self, **passing: float) -> None:
        from billhead import clock

        clock.move_business_clock(clock.business_now() + timedelta(**passing))

    def heal(self) -> None:
        """The panel answers again, and time passes until whoever waits for it has looked."""
        self.breaks.mend()
        for _ in range(4):
            self.wait(minutes=25)
            self.work()

    def converge(self, line: int) -> Any:
        from billhead.actions.provisioning.converge import converge

        return converge(self.ctx, line)

    def killed_while_buying(self, line: int, point: str) -> None:
        """Another process brings the line in step, and is killed at that point."""
        from billhead import clock

        arguments = self.url, str(self.home), str(line), clock.business_now().isoformat()
        env = {"BILLHEAD_CRASH_AT": point}
        worker = WarmProcess("selling_process:bring_in_step", *arguments, env=env, folder=self.home)
        assert worker.was_killed(), f"it did not come to {point}: {worker.said()}"

    def break_buying(self, at: Any) -> None:
        """Break the next purchase at this moment: look up and credit are asked before it, the purchase is the third."""
        self.breaks.break_request(3, at)

    # -- what came of it -----------------------------------------------------------------------------------------------

    def bought(self) -> list[tuple[str, str]]:
        return list(self.panel.bought)

    def service(self, line: int) -> Any:
        from billhead.models.subscriptions import Service

        return self.read(lambda session: session.get_one(Service, line))

    def purchases(self) -> list[Any]:
        from billhead.models.panels import UpstreamPurchase

        return self.read(lambda session: list(session.scalars(select(UpstreamPurchase).order_by(UpstreamPurchase.id))))

    def states(self) -> list[str]:
        return [row.state for row in self.purchases()]

    def row(self) -> Any:
        from billhead.models.panels import Panel

        return self.read(lambda session: session.get_one(Panel, self.panel_id))

    def events(self, kind: str) -> list[Any]:
        from billhead.models.operations import Event

        return self.read(lambda session: list(session.scalars(select(Event).where(Event.type == kind))))

    @property
    def ctx(self) -> Any:
        from billhead.domain.context import Context

        return Context.system("test")

    def writing(self) -> Any:
        from billhead.db import writing

        return writing(self.ctx)

    def read(self, question: Any) -> Any:
        from billhead.db import reading

        with reading() as session:
            return question(session)


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def furnish(shop: Shop) -> None:
    from billhead.models.catalogue import Plan
    from billhead.models.panels import Panel, PanelPackage
    from billhead.models.people import Customer
    from billhead.models.sellers import Seller
    from billhead.plugin_host import plugins, store_settings

    with shop.writing() as tx:
        seller = Seller(code="north", name="North", legal_name="North Oy", country="FI", currency="EUR")
        tx.session.add(seller)
        tx.session.flush()
        customer = Customer(
            seller_id=seller.id, name="Ann", email="ann@example.com", country="FI", currency="EUR", created_at=NOW
        )
        plan = Plan(seller_id=seller.id, code="tv", name="TV", kind="stream")
        panel = Panel(seller_id=seller.id, code=f"selling-{shop.panel.url.rpartition(':')[2]}", name="Upstream",
                      module="selling")  # fmt: skip
        values = {"url": shop.panel.url, "token": shop.panel.token}
        store_settings(plugins().module("selling").settings_type, panel, values)
        tx.session.add_all([customer, plan, panel])
        tx.session.flush()
        for term, package, length, cost in (
            ("1 month", "p30", "30 days", 100), ("3 months", "p90", "90 days", 300), ("trial", "p30", "30 days", 100),
        ):  # fmt: skip
            tx.session.add(PanelPackage(panel_id=panel.id, plan_id=plan.id, term=term, package=package, name=length,
                                        package_term=length, cost_minor=cost))  # fmt: skip
        shop.seller_id, shop.panel_id, shop.customer_id, shop.plan_id = seller.id, panel.id, customer.id, plan.id


@pytest.fixture
def breaks_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A breaking proxy between us and every panel."""
    from billhead.actions.provisioning import _desired
    from billhead.testing import BreakingProxy

    with BreakingProxy() as proxy:
        transport, real, made = proxy.transport(), _desired.panel_connection, []

        def through(panel: Any) -> Any:
            connection = real(panel)
            made.append(connection.http.through(transport))
            return replace(connection, http=made[-1])

        monkeypatch.setattr(_desired, "panel_connection", through)
        yield proxy
        for http in made:
            http.close()


@pytest.fixture
def upstream(sqlite_url: str, tmp_path: Path, breaks_of: Any) -> Iterator[Shop]:
    """It is noon of 22 November 2026."""
    yield from _opened(sqlite_url, tmp_path, breaks_of)


@pytest.fixture
def upstream_on_both(database_url: str, tmp_path: Path, breaks_of: Any) -> Iterator[Shop]:
    """The same, on each database in turn."""
    yield from _opened(database_url, tmp_path, breaks_of)


def _opened(url: str, folder: Path, breaks: Any) -> Iterator[Shop]:
    from billhead import clock
    from billhead.db import db
    from billhead.plugin_host import close_connections
    from billhead.testing import FakePanel

    app = selling_app(url, folder / "home")
    with app.app_context(), FakePanel() as panel, clock.business_time(NOW):
        shop = Shop(app, panel, breaks, url=url, home=folder / "home")
        furnish(shop)
        yield shop
        close_connections()
        db.engine.dispose()
