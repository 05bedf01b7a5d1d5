"""The billing run: due → rate → write, chunk by chunk, until nothing is due. It owns its transactions.

A run can be killed at any moment and started again: what it has billed is no longer due. Two runs at once bill each
subscription once: the later one finds it changed since it was read and looks again. A dry run is the same without the
last step.
"""

import gc
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from time import sleep

from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError, OperationalError

from billhead import clock
from billhead.actions.billing._arrears import arrears_chunk, read_arrears_again
from billhead.actions.billing._band import Limits, Sum, Unusual, mark_answered, read_limits, refuse_unanswered, unusual
from billhead.actions.billing._band_alike import Alike, alike, prices_before, unlike
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._failed_items import any_failed, clear_failed, record_failed
from billhead.actions.billing._rated import Chunk, Failure, Rated
from billhead.actions.billing._rating import Contributions, Rater
from billhead.actions.billing._reading import AsOf, DueScope, read_again, shared_credit
from billhead.actions.billing.due import due_chunk
from billhead.actions.billing.rate import rate
from billhead.actions.billing.write import write_documents
from billhead.actions.documents._place_credit import place_credit_note
from billhead.bulk import collector_at_rest
from billhead.crash import crash_point
from billhead.db import Tx, db, in_session, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, PluginFailed, RunNeedsConfirmation
from billhead.models.documents import BillingRun
from billhead.plugin_host import plugins

__all__ = ["RunReport", "Sums", "run_billing"]

_CHUNK = {"sqlite": 2500, "postgresql": 2500}
_PAUSE_MS = {"sqlite": 5, "postgresql": 0}
_ATTEMPTS = 4
_DEAD_AFTER = timedelta(minutes=15)  # without a batch; one takes seconds


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one currency, in minor units. `credit` is what account credit has paid, `owed` what is left to collect."""

    net: int = 0
    tax: int = 0
    total: int = 0
    credit: int = 0
    owed: int = 0
    invoices: int = 0

    def plus(self, invoices: Sequence[Rated]) -> "Sums":
        total, credit = sum([one.total_minor for one in invoices]), sum([one.credit_minor for one in invoices])
        return Sums(
            self.net + sum([one.net_minor for one in invoices]),
            self.tax + sum([one.tax_minor for one in invoices]),
            self.total + total,
            self.credit + credit,
            self.owed + total - credit,
            self.invoices + len(invoices),
        )


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did, or a dry run would do. `sums` are of invoices by currency; proformas are offers and not in them.

    `unusual` names a currency whose figures are outside of the expected band.
    """

    as_of: str
    dry_run: bool
    run_id: int | None = None
    considered: int = 0
    invoices: int = 0
    proformas: int = 0
    failed: int = 0
    sums: dict[str, Sums] = field(default_factory=dict)
    unusual: str | None = None

    def plus(self, rated: Sequence[Rated], failed: int) -> "RunReport":
        sums = dict(self.sums)
        kinds = Counter([one.kind for one in rated])
        for currency in {one.currency for one in rated}:
            invoices = [one for one in rated if one.kind == "invoice" and one.currency == currency]
            if invoices:
                sums[currency] = sums.get(currency, _NOTHING).plus(invoices)
        return replace(
            self,
            considered=self.considered + sum([len(one.shares) or 1 for one in rated]) + failed,
            invoices=self.invoices + kinds["invoice"],
            proformas=self.proformas + kinds["proforma"],
            failed=self.failed + failed,
            sums=sums,
        )

    def totals(self) -> dict[str, int]:
        return {currency: sums.total for currency, sums in sorted(self.sums.items())}

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


_NOTHING = Sums()


def run_billing(
    as_of: date | datetime | None = None,
    *,
    dry_run: bool = False,
    confirmed: bool = False,
    seller_id: int | None = None,
    partition: tuple[int, int] = (0, 1),
    only: tuple[int, ...] | None = None,
    chunk_size: int | None = None,
    progress: Callable[[RunReport], None] | None = None,
    host: Contributions | None = None,
) -> RunReport:
    """Bill all that is due at an instant (each customer by the date in their zone) or on a date (for everybody).

    Several processes share a run with `partition=(0, 2)` and `(1, 2)`; `only` tries some subscriptions again. Raises
    RunNeedsConfirmation when what it bills leaves the expected band: what was written until then stands, and
    `confirmed=True` goes on from there. So does every later run that is not confirmed, before it writes anything,
    until a confirmed one is done; `only` is what somebody has picked and never waits.
    """
    if in_session():
        raise RuntimeError("a billing run owns its transactions: never start it inside of one")
    engine = db.engine.dialect.name
    at = AsOf(as_of if as_of is not None else clock.business_now())
    scope, size = DueScope(seller_id, partition, only), chunk_size or _CHUNK[engine]
    run = _Run(at, scope, dry_run, confirmed, size, progress, host or plugins())
    with collector_at_rest():
        return run.go(pause_ms=0 if dry_run else _PAUSE_MS[engine])


class _Run:
    def __init__(
        self,
        as_of: AsOf,
        scope: DueScope,
        dry_run: bool,
        confirmed: bool,
        chunk_size: int,
        progress: Callable[[RunReport], None] | None,
        host: Contributions,
    ) -> None:
        self._as_of, self._scope, self._chunk_size, self._progress = as_of, scope, chunk_size, progress
        self._dry_run, self._confirmed = dry_run, confirmed
        self._catalogue = Catalogue()
        self._rater = Rater(self._catalogue, host, self._issued_on)
        self._observers = host.observers()
        self._ctx = Context.system("job:billing.run")
        self._report = RunReport(str(as_of.at), dry_run)
        self._limits = Limits()
        self._alike: dict[str, Alike] = {}
        self._clear = False
        self._found: Unusual | None = None
        self._stopped = False  # staff have asked for that
        self._failed: set[int] = set()  # so that who came up early, in company, is not counted twice
        self._used_credit: dict[int, int] = {}  # of a dry run: lot → left, for who has more than one due

    def _issued_on(self, seller_id: int) -> date:
        return self._as_of.local(self._catalogue.sellers[seller_id].zone)

    def go(self, *, pause_ms: int) -> RunReport:
        for chunks in (due_chunk, arrears_chunk):
            if not self._stopped:
                self._all_of(chunks, pause_ms)
        self._end("canceled" if self._stopped else "done", asdict(self._found) if self._found else None)
        if self._confirmed and not (self._stopped or self._dry_run):
            with writing(self._ctx) as tx:
                mark_answered(tx, self._scope.seller_id)
        return self._report

    def _all_of(self, chunks: Callable[..., Chunk | None], pause_ms: int) -> None:
        after: tuple[date, int] | None = None
        while True:
            with reading() as session:
                chunk = chunks(session, self._catalogue, self._as_of, self._scope, after, self._chunk_size)
                if chunk is not None and after is None:
                    mine = self._report.run_id
                    self._limits = read_limits(session, self._scope.seller_id, self._as_of.day, mine)
                    if self._scope.only is not None:  # what somebody has picked is looked at alone
                        self._limits = replace(self._limits, so_far={})
                    self._clear = any_failed(session)
                if chunk is not None and self._dry_run:
                    chunk = self._as_if_written(chunk, shared_credit(session, chunk, self._as_of))
            if chunk is None:
                break
            if self._failed:
                chunk = chunk._replace(items=[item for item in chunk.items if item.subscription_id not in self._failed])
            self._begin()
            self._bill(chunk)
            after = chunk.last
            del chunk  # its own tuples go by themselves, and are not looked through for what SQLAlchemy leaves behind
            gc.collect(0)
            if self._progress is not None:
                self._progress(self._report)
            if self._stopped:
                break
            if pause_ms:
                sleep(pause_ms / 1000)

    def _begin(self) -> None:
        if self._dry_run or self._report.run_id is not None:
            return
        with writing(self._ctx) as tx:
            if not self._confirmed and self._scope.only is None:
                refuse_unanswered(tx.session, self._scope.seller_id)
            dead = update(BillingRun).where(
                BillingRun.state == "running", BillingRun.alive_at < clock.now() - _DEAD_AFTER
            )
            tx.session.execute(dead.values(state="aborted"))
            row = {
                "seller_id": self._scope.seller_id,
                "as_of": self._as_of.day,
                "state": "running",
                "started_at": clock.now(),
                "alive_at": clock.now(),
            }
            run_id = tx.session.execute(insert(BillingRun).values(**row).returning(BillingRun.id)).scalar_one()
        self._report = replace(self._report, run_id=run_id)

    def _end(self, state: str = "done", found: dict[str, object] | None = None) -> None:
        if self._report.run_id is not None:
            with writing(self._ctx) as tx:
                self._store(tx, self._report, state=state, finished_at=clock.now(), unusual=found)

    def _bill(self, chunk: Chunk, attempt: int = 1) -> None:
        rated, failures = rate(chunk, self._rater)
        self._failed.update(failure.subscription_id for failure in failures)
        self._compare(rated)
        if self._dry_run:
            self._report = self._looked_at(self._report.plus(rated, len(failures)))
            self._used_credit.update(
                (taken.lot_id, taken.before_minor - taken.minor)
                for one in rated
                for taken in one.taken
                if taken.lot_id in self._used_credit
            )
            return
        stale = self._write(rated, failures, chunk.last)
        if stale and attempt < _ATTEMPTS:
            with reading() as session:
                look = read_arrears_again if chunk.arrears else read_again
                again = look(session, self._catalogue, self._as_of, stale)
            if again.items:
                self._bill(again, attempt + 1)

    def _write(self, rated: Sequence[Rated], failures: Sequence[Failure], last: tuple[date, int] | None) -> list[int]:
        """One transaction for the batch; when the database refuses it, halves, until the bad item stands alone."""
        if not rated and not failures:
            return []
        try:
            return self._write_batch(rated, failures, last)
        except RunNeedsConfirmation:
            self._end("needs_confirmation", asdict(self._found) if self._found else None)
            raise
        except (DBAPIError, BillheadError, ValueError, ArithmeticError, LookupError) as error:
            if isinstance(error, OperationalError) and not _is_deadlock(error):
                raise
            if len(rated) > 1:
                middle = len(rated) // 2
                return [
                    *self._write(rated[:middle], failures, last),
                    *self._write(rated[middle:], (), last),
                ]
            if not rated:
                raise
            self._failed.update(rated[0].subscriptions())
            bad = [Failure(id, _plugin(error), _reason(error)) for id in rated[0].subscriptions()]
            return self._write((), [*failures, *bad], last)

    def _write_batch(
        self, rated: Sequence[Rated], failures: Sequence[Failure], last: tuple[date, int] | None
    ) -> list[int]:
        crash_point("billing.before_batch")
        run_id = self._report.run_id
        assert run_id is not None, "a run is begun before its first batch"
        with writing(self._ctx) as tx:
            written = write_documents(tx, rated, self._catalogue, observers=self._observers, run_id=run_id)
            for note in written.documents:
                if note.rated.kind == "credit_note":  # more usage was taken back than the rest comes to
                    place_credit_note(tx, note.document_id)
            gone = set(written.stale)
            kept = [one for one in rated if not gone.intersection(one.subscriptions())] if gone else rated
            report = self._looked_at(self._report.plus(kept, len(failures)))
            record_failed(tx.session, failures, run_id)
            if self._clear and kept:
                clear_failed(tx.session, [id for one in kept for id in one.subscriptions()])
            self._store(tx, report, cursor=last[1] if last else None)
            crash_point("billing.batch_written")
        crash_point("billing.batch_committed")
        self._report = report
        return written.stale

    def _store(self, tx: Tx, report: RunReport, **values: object) -> None:
        values = {name: value for name, value in values.items() if value is not None}
        asked = tx.session.execute(
            update(BillingRun)
            .where(BillingRun.id == report.run_id)
            .values(
                considered=report.considered,
                documents=report.invoices + report.proformas,
                failed=report.failed,
                totals=report.totals(),
                invoices={currency: sums.invoices for currency, sums in report.sums.items()},
                alive_at=clock.now(),
                **values,
            )
            .returning(BillingRun.cancel_asked)
            .execution_options(synchronize_session=False)
        )
        self._stopped = bool(asked.scalar_one())

    def _compare(self, rated: Sequence[Rated]) -> None:
        """With what the same was billed for last, while there are too few days to compare with."""
        if self._limits.days or self._limits.answered or not any(one.kind == "invoice" for one in rated):
            return
        with reading() as session:
            before = prices_before(session, rated)
        self._alike = alike(self._alike, rated, before, self._catalogue)

    def _looked_at(self, report: RunReport) -> RunReport:
        found = unusual(self._limits, {of: Sum(sums.total, sums.invoices) for of, sums in sorted(report.sums.items())})
        found = found or unlike(self._alike)
        if found is None:
            return report
        self._found = found
        if not self._confirmed and not self._dry_run:
            raise RunNeedsConfirmation(
                f"the run as of {self._as_of.at} would bill {found}",
                hint="look at a dry run; if it is right, run again with --confirm",
            )
        return replace(report, unusual=found.currency)

    def _as_if_written(self, chunk: Chunk, shared: set[int]) -> Chunk:
        """What a dry run's earlier chunks have used of the credit of customers with several subscriptions is gone."""
        lots = dict(chunk.lots)
        for customer_id in shared:
            for lot in lots.get(customer_id, ()):
                self._used_credit.setdefault(lot.id, lot.remaining.minor)
            lots[customer_id] = [
                replace(lot, remaining=replace(lot.remaining, minor=self._used_credit[lot.id]))
                for lot in lots.get(customer_id, ())
            ]
        return chunk._replace(lots=lots)


def _is_deadlock(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", "") in ("40P01", "40001")


def _plugin(error: Exception) -> str:
    return error.plugin if isinstance(error, PluginFailed) else ""


def _reason(error: Exception) -> str:
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return f"{type(error).__name__}: {text}"[:500]
