"""Measure a dry run of adoption: lines that stand on the sandbox's portal and panel already, judged one by one.

Every plan and bouquet of the sandbox is sold here, so that each line finds its plan; nothing is written but findings.
"""

import json
import sys
import tempfile
from datetime import date
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.adopting._wish import AdoptionWish
from billhead.actions.adopting.adopt_panel import adopt_panel
from billhead.actions.adopting.ask_adoption import ask_adoption
from billhead.bench.sandbox_panel import CTX, bench_app, calls_of, measured_process, peak_memory, sandbox_panel
from billhead.db import Tx, db, reading, writing
from billhead.migrations import upgrade_core
from billhead.models.adoptions import Adoption, AdoptionLine
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet, Price, PriceBook
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service
from billhead.plugin_host import panel_connection, plugins, store_settings

__all__ = ["measure_adopt"]

_UNLIMITED_UNTIL = date(2035, 1, 1)
_MODULES = ("stalker", "xtream")


def measure_adopt(lines: int) -> dict[str, Any]:
    """So many foreign lines on a Stalker portal and an Xtream panel: what a dry run finds, its seconds and calls."""
    with tempfile.TemporaryDirectory(prefix="billhead-bench-") as home, sandbox_panel(home, lines) as url:
        measured_process(__name__, "build", home, url)
        found = {}
        for module in _MODULES:
            calls_of(url, forget=True)
            told = json.loads(measured_process(__name__, module, home, url))
            found[module] = {**told, "calls": calls_of(url)}
    return found


def _build(url: str) -> None:
    upgrade_core(db.engine)
    stalker = {"url": f"{url}/stalker_portal", "login": "stalker", "password": "sandbox", "zone": "Europe/London"}
    xtream = {"url": f"{url}/sandbox/", "api_key": "0123456789abcdef0123456789abcdef"}
    with writing(CTX) as tx:
        seller = Seller(code="bench", name="Bench", legal_name="Bench", country="FI", currency="EUR")
        tx.session.add(seller)
        tx.session.flush()
        book = PriceBook(seller_id=seller.id, code="eur", currency="EUR")
        panels = {code: Panel(seller_id=seller.id, code=code, name=code, module=code) for code in _MODULES}
        for code, settings in (("stalker", stalker), ("xtream", xtream)):
            store_settings(plugins().module(code).settings_type, panels[code], settings)
        tx.session.add_all([book, *panels.values()])
        tx.session.flush()
        offered = {code: plugins().module(code).catalogue(panel_connection(panels[code])) for code in _MODULES}
        for plan in offered["stalker"].plans:
            _sell(tx, book, "stalker", "mag", plan)
        for bouquet in offered["xtream"].bouquets:
            _bring(tx, panels["xtream"], _sell(tx, book, "xtream", "stream", bouquet, plan_there=""), bouquet)


def _sell(tx: Tx, book: PriceBook, panel: str, kind: str, code: str, plan_there: str | None = None) -> Plan:
    template = {"kind": kind, "panel": panel, "panel_plan": code if plan_there is None else plan_there}
    plan = Plan(
        seller_id=book.seller_id, code=f"{panel}-{code}".lower(), name=code, kind=kind, connections=1,
        details={"services": [template]},
    )  # fmt: skip
    tx.session.add(plan)
    tx.session.flush()
    tx.session.add(Price(book_id=book.id, plan_id=plan.id, term="1 month", amount_minor=1000))
    return plan


def _bring(tx: Tx, panel: Panel, plan: Plan, remote: str) -> None:
    bouquet = Bouquet(seller_id=plan.seller_id, code=f"b{remote}", name=remote)
    tx.session.add(bouquet)
    tx.session.flush()
    tx.session.add_all([
        PanelBouquet(panel_id=panel.id, bouquet_id=bouquet.id, remote=remote),
        PlanBouquet(plan_id=plan.id, bouquet_id=bouquet.id),
    ])  # fmt: skip


def _adopt(module: str) -> dict[str, Any]:
    started = clock.perf_counter()
    with writing(CTX) as tx:
        panel_id = tx.session.scalars(select(Panel.id).where(Panel.code == module)).one()
        wish = AdoptionWish(writes=("expires_at",), unlimited_until=_UNLIMITED_UNTIL)
        asked = ask_adoption(tx, panel_id, wish, dry_run=True, mapping="", queue=False)
    adopt_panel(CTX, asked.adoption_id)
    seconds = clock.perf_counter() - started
    with reading() as session:
        row = session.get_one(Adoption, asked.adoption_id)
        made = session.scalar(select(func.count()).select_from(Service))
        counts = {name: getattr(row, name) for name in ("state", "lines", "adopted", "known", "refused")}
        mine = AdoptionLine.adoption_id == row.id, AdoptionLine.code != ""
        why = select(AdoptionLine.code, func.count()).where(*mine).group_by(AdoptionLine.code)
        counts["why"] = dict(session.execute(why).all())
    return {**counts, "services_made": made, "seconds": round(seconds, 2), **peak_memory()}


def _main(what: str, home: str, url: str) -> None:
    with bench_app(home).app_context():
        if what == "build":
            _build(url)
        else:
            print(json.dumps(_adopt(what)))  # noqa: T201 the measuring process reads it


if __name__ == "__main__":
    _main(*sys.argv[1:])
