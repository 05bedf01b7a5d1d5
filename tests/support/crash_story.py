"""A small operator lives through two days in a process that may be killed at any moment and begun again.

`prepare` makes the operator: some fourteen subscribers on both panels, whose cards pay, decline, hang up, answer late
or twice; one who pays by transfer, one whose trial ends, one who leaves, one who is new. `live` is the two days:
billing, collecting, callbacks over HTTP, dunning, converging. `tell` says what came of it, less ids and record times.
"""

import io
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx

EVE = datetime(2026, 11, 22, 9, tzinfo=UTC)
# A day's moments in minutes: what a crash leaves undecided is looked up, charged again and brought to the panels later
# the same day.
MOMENTS = tuple(
    datetime(2026, 11, day, 6, tzinfo=UTC) + timedelta(minutes=minutes)
    for day in (23, 24)
    for minutes in (0, 20, 40, 90, 180, 420, 480)
)
HEADER = (
    "external_ref,name,email,country,zone,currency,plan,kind,login,password,mac,started_on,paid_through,payment_method,"
    "balance"
)
PEOPLE = """\
S01,Aino,a@example.org,FI,Europe/Helsinki,EUR,basic-stream-1m,stream,aino1,pw000001,,2026-10-23,2026-11-23,tok_ok_01,
S02,Ben,b@example.org,DE,Europe/Berlin,EUR,basic-mag-1m,mag,ben1,pw000002,00:1A:79:00:00:02,2026-10-23,2026-11-23,tok_ok_02,
S03,Cleo,c@example.org,FR,Europe/Paris,EUR,basic-paired-1m,paired,cleo1,pw000003,00:1A:79:00:00:03,2026-10-23,2026-11-23,tok_ok_03,
S04,Dag,d@example.org,SE,Europe/Stockholm,EUR,basic-stream-1m,stream,dag1,pw000004,,2026-10-23,2026-11-23,tok_insufficient_04,
S05,Eva,e@example.org,DE,Europe/Berlin,EUR,family-stream-1m,stream,eva1,pw000005,,2026-10-23,2026-11-23,tok_unknown_05,
S06,Finn,f@example.org,FI,Europe/Helsinki,EUR,family-mag-1m,mag,finn1,pw000006,00:1A:79:00:00:06,2026-10-23,2026-11-23,tok_processing_06,
S07,Gus,g@example.org,DE,Europe/Berlin,EUR,basic-stream-1m,stream,gus1,pw000007,,2026-10-23,2026-11-23,tok_flaky_1_07,
S08,Hal,h@example.org,FR,Europe/Paris,EUR,basic-mag-1m,mag,hal1,pw000008,00:1A:79:00:00:08,2026-10-23,2026-11-23,tok_lost_08,
S09,Ida,i@example.org,FI,Europe/Helsinki,EUR,basic-stream-1m,stream,ida1,pw000009,,2026-10-24,2026-11-24,none,
S10,Jin,j@example.org,JP,Asia/Tokyo,JPY,basic-stream-1m,stream,jin1,pw000010,,2026-10-24,2026-11-24,tok_ok_10,500
S11,Kim,k@example.org,DE,Europe/Berlin,EUR,basic-mag-1m,mag,kim1,pw000011,00:1A:79:00:00:11,2026-10-24,2026-11-24,tok_ok_11,
S12,Lou,l@example.org,US,Pacific/Honolulu,USD,basic-stream-1m,stream,lou1,pw000012,,2026-10-24,2026-11-24,tok_ok_12,
S13,Max,m@example.org,DE,Europe/Berlin,EUR,trial-stream-1m,stream,max1,pw000013,,2026-11-16,2026-11-23,tok_ok_13,
"""
LEAVES, PAYS_BY_TRANSFER = "S11", "S09"


class Place(NamedTuple):
    """Where a story takes place. `home` outlives its processes, as a server's disk would."""

    database_url: str
    home: Path
    sandbox_url: str
    port: int


def prepare(place: Place) -> None:
    """The operator on the eve of the story, with every line in step."""
    from billhead import clock
    from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
    from billhead.actions.importing.catalog_file import read_catalog
    from billhead.actions.importing.import_subscribers import import_subscribers
    from billhead.actions.importing.subscriber_rows import GoodRow, read_rows
    from billhead.db import writing
    from billhead.demo import northcable
    from billhead.demo.panels import SandboxPanels
    from billhead.domain.context import Context
    from billhead.domain.dunning import RetrySchedule, Stage, StageAction
    from billhead.jobs.work import drain
    from billhead.models.sellers import Seller

    with _app(place).app_context(), clock.business_time(EVE):
        panels = SandboxPanels(place.sandbox_url, place.sandbox_url)
        seller_id = northcable.load(panels, place.home / "mail", subscribers=0).seller_id
        catalog = read_catalog(northcable.example_folder() / "catalog.toml", panels.settings())
        rows = list(read_rows(io.BytesIO(f"{HEADER}\n{PEOPLE}".encode()), catalog.assortment))
        refused = [row for row in rows if not isinstance(row, GoodRow)]
        assert not refused, refused
        with writing(Context.system("story")) as tx:
            import_subscribers(tx, seller_id, rows)
            # who does not pay is stopped on the second day already
            seller = tx.session.get_one(Seller, seller_id)
            seller.terms_days = 0
            stages = (Stage(0, StageAction.REMIND), Stage(1, StageAction.SUSPEND))
            save_policy(tx, PolicyEntry(seller_id, stages=stages, retries=RetrySchedule((1, 3))))
        with writing(Context.system("story")) as tx:
            _somebody_leaves_and_somebody_comes(tx, seller_id)
        drain(threads=2)


def _somebody_leaves_and_somebody_comes(tx: Any, seller_id: int) -> None:
    from sqlalchemy import select

    from billhead import clock
    from billhead.actions.subscriptions.cancel import cancel
    from billhead.actions.subscriptions.start import Order, start_subscription
    from billhead.models.people import Customer
    from billhead.models.subscriptions import Subscription

    leaving = select(Subscription.id).join(Customer, Customer.id == Subscription.customer_id)
    cancel(tx, tx.session.scalars(leaving.where(Customer.external_ref == LEAVES)).one(), "end_of_term")
    new = Customer(
        seller_id=seller_id, external_ref="S99", name="Zoe", email="z@example.org", country="FI", currency="EUR",
        zone="Europe/Helsinki", created_at=clock.now(),
    )  # fmt: skip
    tx.session.add(new)
    tx.session.flush()
    start_subscription(tx, Order(customer_id=new.id, plan="family-mag", term="1 month", mac="00:1A:79:00:00:99"))


def live(place: Place, crash_at: str = "", kill_at_statement: int = 0) -> None:
    """Go on where the story stood, to its end, unless the process is killed before."""
    from billhead import clock, crash
    from billhead.jobs.queue import give_back_all
    from billhead.jobs.schedule import queue_periodic
    from billhead.jobs.work import drain

    crash._wanted, _, count = crash_at.partition(":")
    crash._left = int(count or 1)
    statements = _count_statements(kill_at_statement)
    stood = place.home / "moment"
    at = int(stood.read_text()) if stood.exists() else 0
    app = _app(place)
    with app.app_context(), _served(app, place.port):
        give_back_all()
        for number in range(at, len(MOMENTS)):
            _keep(stood, str(number))
            clock.move_business_clock(MOMENTS[number])
            httpx.post(f"{place.sandbox_url}/_sandbox/clock", json={"now": MOMENTS[number].isoformat()}, timeout=60)
            queue_periodic()
            drain(threads=2)
            _transfers_arrive()
            _callbacks_arrive(place.sandbox_url)
            drain(threads=2)
    (place.home / "statements").write_text(str(statements[0]))
    tell(app, place.home)


def _keep(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def _count_statements(kill_at: int) -> list[int]:
    """Count what goes to the database, and die right before one: a moment that another run finds again."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    counted, lock = [0], threading.Lock()

    def one(*_: Any) -> None:
        with lock:
            counted[0] += 1
            if counted[0] == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", one)
    event.listen(Engine, "commit", one)
    return counted


def _transfers_arrive() -> None:
    """Staff book what they see in the bank, for who pays that way and for the newcomer."""
    from sqlalchemy import select

    from billhead.actions.payments.book_transfer import book_transfer
    from billhead.db import reading, writing
    from billhead.domain.context import Context
    from billhead.models.documents import Document
    from billhead.models.payments import GatewayAccount
    from billhead.models.people import Customer

    with reading() as session:
        bank_id = session.scalars(select(GatewayAccount.id).where(GatewayAccount.gateway == "bank_transfer")).one()
        offers = session.execute(
            select(Document.id, Document.total_minor, Document.currency, Customer.external_ref)
            .join(Customer, Customer.id == Document.customer_id)
            .where(Document.kind == "proforma", Document.state == "open")
            .where(Customer.external_ref.in_(["S99", PAYS_BY_TRANSFER]))
            .order_by(Document.id)
        ).all()
    for document_id, total, currency, who in offers:
        with writing(Context.system("story:staff")) as tx:
            book_transfer(tx, document_id, bank_id, total, currency, f"statement-{who}")


def _callbacks_arrive(sandbox_url: str) -> None:
    """Wait until the card processor has nothing more to say."""
    patience = time.monotonic() + 20
    while time.monotonic() < patience:
        cards = httpx.get(f"{sandbox_url}/_sandbox/cards", timeout=60).json()
        waiting = [c for c in cards["callbacks"] if c["state"] in ("waiting", "held")]
        if not waiting and not [c for c in cards["charges"] if c["status"] == "processing"]:
            return
        time.sleep(0.02)
    raise AssertionError("the card processor did not come to an end within 20 seconds")


def tell(app: Any, home: Path) -> None:
    """Write what came of it to `told.json`."""
    from sqlalchemy import select

    from billhead import clock
    from billhead.actions.ledger.seal import seal
    from billhead.actions.ledger.verify import verify_ledger
    from billhead.actions.provisioning.reconcile import reconcile_panel
    from billhead.db import reading
    from billhead.domain.context import Context
    from billhead.models.panels import Panel

    ctx = Context.system("story")
    with app.app_context(), clock.business_time(MOMENTS[-1]):
        seal(ctx)
        with reading() as session:
            told = _books(session) | {"ledger_verified": verify_ledger(session).verified}
            panel_ids = session.scalars(select(Panel.id).order_by(Panel.id)).all()
        reports = [reconcile_panel(ctx, panel_id, repair=False).as_dict() for panel_id in panel_ids]
    told["panels"] = [{name: report[name] for name in ("panel", "lines", "differences")} for report in reports]
    (home / "told.json").write_text(json.dumps(told, default=str))


def _books(session: Any) -> dict[str, Any]:
    from sqlalchemy import select

    from billhead.models.documents import Document, DocumentLine
    from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
    from billhead.models.operations import Job
    from billhead.models.payments import Payment
    from billhead.models.people import Customer
    from billhead.models.subscriptions import Service, Subscription

    who = {c.id: c.external_ref for c in session.scalars(select(Customer))}
    lines: dict[int, list[Any]] = {}
    for line in session.scalars(select(DocumentLine).order_by(DocumentLine.document_id, DocumentLine.position)):
        facts = (line.kind, line.description, line.period_start, line.period_end, line.quantity, line.unit_minor,
                 line.net_minor, line.tax_minor, line.tax_code, line.revision)  # fmt: skip
        lines.setdefault(line.document_id, []).append(facts)
    legs: dict[int, list[Any]] = {}
    postings = select(LedgerPosting, LedgerAccount).join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
    for posting, account in session.execute(postings):
        facts = (account.code, account.subject, account.currency, posting.side, posting.amount_minor,
                 who.get(posting.customer_id, ""))  # fmt: skip
        legs.setdefault(posting.entry_id, []).append(facts)
    documents = session.scalars(select(Document)).all()
    return {
        "documents": _sorted(
            (who[d.customer_id], d.kind, d.state, d.currency, d.net_minor, d.tax_minor, d.total_minor, d.settled_minor,
             d.issued_on, d.due_on, lines[d.id])
            for d in documents
        ),
        "numbers": _sorted(d.number_text for d in documents if d.number is not None),
        "entries": _sorted((e.kind, e.day, _sorted(legs[e.id])) for e in session.scalars(select(LedgerEntry))),
        "payments": _sorted(
            (who[p.customer_id], p.amount_minor, p.currency, p.fee_minor) for p in session.scalars(select(Payment))
        ),
        "subscriptions": _sorted(
            (who[s.customer_id], s.state, s.suspended_for, s.phase, s.paid_through, s.billed_through, s.next_bill_on)
            for s in session.scalars(select(Subscription))
        ),
        "services": _sorted(
            (s.lifecycle, s.desired_expires_at, s.desired_blocked, s.sync, s.converged_version == s.desired_version)
            for s in session.scalars(select(Service))
        ),
        "stuck": _sorted((j.kind, j.state, j.error) for j in session.scalars(
            select(Job).where(Job.state.not_in(["done", "queued"])))),
    }  # fmt: skip


def _sorted(facts: Any) -> list[Any]:
    return sorted(facts, key=repr)


def _app(place: Place) -> Any:
    from apps import build_app

    return build_app(place.database_url, place.home / "app", port=place.port)


@contextmanager
def _served(app: Any, port: int) -> Iterator[None]:
    """The web side, where callbacks come in."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: Any) -> None:
            """Callbacks come in by the dozen."""

    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
