"""One simulation from its copy to its result. It is driven from outside by `days()`, one day at a time, and writes down
after each how far it has come: one that was killed goes on there, in the same copy."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from billhead import clock
from billhead.app import create_app
from billhead.config import Config
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.simulation import Order
from billhead.jobs.schedule import queue_periodic
from billhead.models.documents import BillingRun
from billhead.simulate.copying import copy_database
from billhead.simulate.counting import Books, Flow, failed_items, monthly_revenue, states
from billhead.simulate.habits import Habits
from billhead.simulate.learning import learn
from billhead.simulate.outside import barred
from billhead.simulate.payers import Payers
from billhead.simulate.preparing import prepare, take_out_reconciling
from billhead.simulate.pretend import PretendHost
from billhead.simulate.proofs import prove
from billhead.simulate.working import Worked, do_due_jobs

__all__ = ["Rehearsal"]

_CTX = Context.system("simulation")
_NOON = time(12, 0, tzinfo=UTC)
_MOST_TOLD = 50
_COPY, _STATE = "copy.sqlite3", "state.json"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Told:
    """What has been found so far; plain values, so that it can be written down after each day."""

    lived_until: str
    books: dict[str, Any]
    first_document: int
    notes: list[str]
    months: dict[str, dict[str, Any]] = field(default_factory=dict)
    days: list[dict[str, Any]] = field(default_factory=list)
    notices: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    exceptions: list[str] = field(default_factory=list)
    confirmed_runs: int = 0
    paid_by_hand: int = 0
    rehearsed: list[str] = field(default_factory=list)
    first_run: int = 0


class Rehearsal:
    """A folder with a copy and what is known of it. `config` and `source` are the living installation's."""

    def __init__(self, config: Config, folder: Path, order: Order, today: datetime) -> None:
        self._config = config
        self._folder = folder
        self._order = order
        self._began = today
        self._told: _Told | None = None
        self._habits: Habits | None = None
        self._app: Flask | None = None

    @property
    def copy(self) -> Path:
        return self._folder / _COPY

    def number_of(self, day: date) -> int:
        """1 for the day on which it began."""
        return (day - self._began.date()).days + 1

    def total_days(self) -> int:
        return self.number_of(self._order.last)

    def make_copy(self, source: Any, tell: Callable[[str], None]) -> None:
        """Nothing to do for one that goes on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        if not self.copy.exists():
            (self._folder / _STATE).unlink(missing_ok=True)
            copy_database(source, self.copy, tell)

    def days(self) -> Iterator[date]:
        """Live day after day; each is finished, counted and written down when it is yielded."""
        app = self._opened()
        with app.app_context(), clock.business_time(self._began), barred():
            self._open(app)
            for day in self._to_live():
                self._live(day)
                yield day

    def result(self) -> dict[str, Any]:
        """Everything that was found, with the proofs. After the last day."""
        told = self._told
        assert told is not None, "days() was gone through"
        with self._opened().app_context(), barred():
            proofs = prove(told.first_document, told.first_run)
            db.engine.dispose()
        return {
            "from": self._order.first.isoformat(),
            "to": self._order.last.isoformat(),
            "payments": self._order.payments.source,
            "seed": self._order.seed,
            "months": list(told.months.values()),
            "days": told.days,
            "notices": told.notices,
            "jobs": told.jobs,
            "paid_by_hand": told.paid_by_hand,
            "confirmed_runs": told.confirmed_runs,
            "refused": told.refused,
            "exceptions": told.exceptions,
            "notes": told.notes,
            **proofs,
        }

    # -- the copy, opened ---------------------------------------------------------------------------------------------

    def _opened(self) -> Flask:
        if self._app is not None:
            return self._app
        app = create_app(replace(self._config, database_url=f"sqlite:///{self.copy}", broker_url="memory://"))
        with app.app_context():
            # nobody minds if a power cut costs the copy: it is made again
            event.listen(db.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        self._app = app
        return app

    def _open(self, app: Flask) -> None:
        state = self._folder / _STATE
        with reading() as session:
            learnt = learn(session, self._order.payments, self._order.seed, self._began.date())
        if state.exists():
            kept = json.loads(state.read_text("utf-8"))
            self._habits = Habits(**kept.pop("habits"))
            self._told = _Told(**kept)
        else:
            self._habits = learnt.habits
            self._told = self._first_look([*learnt.notes])
        billhead = app.extensions["billhead"]
        billhead.plugins = PretendHost(billhead.plugins, self._habits)

    def _first_look(self, notes: list[str]) -> _Told:
        with writing(_CTX) as tx:
            notes = prepare(tx) + notes
        with reading() as session:
            books = Books.opened(session)
            last_run = int(session.scalar(select(func.max(BillingRun.id))) or 0)
        yesterday = self._began.date() - timedelta(days=1)
        return _Told(yesterday.isoformat(), asdict(books), books.document, notes, first_run=last_run)

    def _to_live(self) -> Iterator[date]:
        assert self._told is not None
        day = date.fromisoformat(self._told.lived_until)
        while day < self._order.last:
            day += timedelta(days=1)
            yield day

    # -- a day --------------------------------------------------------------------------------------------------------

    def _live(self, day: date) -> None:
        told, habits = self._told, self._habits
        assert told is not None
        assert habits is not None
        clock.hold_business_clock(max(datetime.combine(day, _NOON), self._began))
        worked = Worked(rehearsed=set(told.rehearsed))
        payers = Payers.of(habits)
        queue_periodic()
        with writing(_CTX) as tx:
            take_out_reconciling(tx)
        do_due_jobs(worked)
        payers.act(day)
        do_due_jobs(worked)
        self._count(day)
        self._note(worked, payers)
        told.lived_until = day.isoformat()
        self._write_down()

    def _count(self, day: date) -> None:
        told = self._told
        assert told is not None
        books = Books(**told.books)
        with reading() as session:
            flows, notices = books.day(session), books.notices(session)
            by_state = states(session)
            told.books = asdict(books)
            if day < self._order.first:
                return
            told.notices = dict(Counter(told.notices) + notices)
            month = told.months.setdefault(f"{day:%Y-%m}", {"month": f"{day:%Y-%m}", "currencies": {}, "failed": {}})
            for currency, flow in flows.items():
                before = Flow(**{n: v for n, v in month["currencies"].get(currency, {}).items() if n != "mrr"})
                month["currencies"][currency] = before.plus(flow).as_dict()
            month["subscriptions"] = by_state
            month["failed"] = {**month["failed"], **failed_items(session, month["failed"])}
            if (day + timedelta(days=1)).day == 1 or day == self._order.last:
                for currency, minor in monthly_revenue(session, day).items():
                    month["currencies"].setdefault(currency, Flow().as_dict())["mrr"] = minor
        told.days.append(
            {
                "day": day.isoformat(),
                "subscriptions": by_state,
                "currencies": {
                    c: {"money_in": f.money_in, "owed": f.owed, "lost": f.lost} for c, f in sorted(flows.items())
                },
            }
        )

    def _note(self, worked: Worked, payers: Payers) -> None:
        told = self._told
        assert told is not None
        told.jobs = dict(Counter(told.jobs) + worked.done)
        refused = Counter({f"{kind}: {why}": count for (kind, why), count in worked.refused.items()})
        told.refused = dict((Counter(told.refused) + refused + Counter(payers.refused)).most_common(_MOST_TOLD))
        told.exceptions = (told.exceptions + worked.exceptions)[:_MOST_TOLD]
        told.confirmed_runs += worked.confirmed_runs
        told.paid_by_hand += payers.paid
        told.rehearsed = sorted(worked.rehearsed)

    def _write_down(self) -> None:
        assert self._told is not None
        assert self._habits is not None
        partial = self._folder / f"{_STATE}.partial"
        partial.write_text(json.dumps({**asdict(self._told), "habits": asdict(self._habits)}), "utf-8")
        partial.replace(self._folder / _STATE)
