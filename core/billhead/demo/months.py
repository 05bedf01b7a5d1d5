"""Put NorthCable through months: each simulated day bills, collects, duns, converges and reconciles, as it would be.

The business clock and the panels' own clocks are moved together. In the middle both panels are down for an hour.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.ledger.seal import seal
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.provisioning.reconcile import reconcile_panel
from billhead.db import reading
from billhead.demo.calendar import FIRST_DAY
from billhead.demo.panels import SandboxPanels
from billhead.demo.payers import Payers
from billhead.domain.context import Context
from billhead.jobs.schedule import queue_periodic
from billhead.jobs.work import drain
from billhead.models.documents import Document
from billhead.models.operations import Job
from billhead.models.panels import Panel
from billhead.models.payments import Payment, PaymentAttempt
from billhead.models.subscriptions import Service, SubscriptionEvent

__all__ = ["Months"]

_THREADS = 3


@dataclass(slots=True)
class Months:
    panels: SandboxPanels
    payers: Payers
    tell: Callable[[str], None]
    unknown_in_outage: int = 0
    outages: int = 0

    def run(self, days: int) -> None:
        """Live through `days` days from FIRST_DAY on."""
        outage = days // 2
        for number in range(1, days + 1):
            now = FIRST_DAY + timedelta(days=number)
            self._move(now)
            if number == outage:
                self._outage(now)
            self._live()
            if number % 30 == 0:
                self.tell(f"{now:%d %b %Y}: {self._so_far()}")
        self._settle_down()

    def lead_up(self, days: int, last: datetime, meanwhile: Callable[[int], None]) -> None:
        """Live through `days` days that end with `last`. `meanwhile` is told how many are left, and does on each what
        people do beside paying."""
        for left in reversed(range(days)):
            self._move(last - timedelta(days=left))
            meanwhile(left)
            self._live()

    def _live(self) -> None:
        self._day()
        self.payers.act(clock.business_now().date())
        self._callbacks()

    def _move(self, now: datetime) -> None:
        clock.move_business_clock(now)
        self.panels.set_clock(now)

    def _day(self) -> None:
        queue_periodic()
        drain(threads=_THREADS)

    def _callbacks(self) -> None:
        """What customers did at the card processor comes back as callbacks, a moment later."""
        drain(threads=_THREADS)

    def _outage(self, now: datetime) -> None:
        """Both panels refuse every call for an hour, in the middle of the day's billing; what is tried again fails."""
        self.panels.take_down()
        self.outages += 2
        self._day()
        self._move(now + timedelta(minutes=30))
        drain(threads=_THREADS)
        with reading() as session:
            unknown = select(func.count()).select_from(Service).where(Service.sync == "unknown")
            self.unknown_in_outage += int(session.scalar(unknown) or 0)
        self.tell(f"{now:%d %b %Y}: panels down, {self.unknown_in_outage} lines unknown")
        self._move(now + timedelta(hours=1))
        self.panels.bring_up()

    def _settle_down(self) -> None:
        """Let everything that waits for a time come to its time, without another billing day."""
        for _ in range(3):
            self._move(clock.business_now() + timedelta(hours=1))
            drain(threads=_THREADS)

    def _so_far(self) -> str:
        with reading() as session:
            documents = session.scalar(select(func.count()).select_from(Document).where(Document.kind == "invoice"))
            payments = session.scalar(select(func.count()).select_from(Payment))
        return f"{documents} invoices, {payments} payments"

    def figures(self) -> dict[str, Any]:
        """What came of it: seal and verify the ledger, compare both panels with what should be, and count."""
        ctx = Context.system("demo")
        seal(ctx)
        with reading() as session:
            ledger = verify_ledger(session)
            panel_ids = session.scalars(select(Panel.id)).all()
        reports = [reconcile_panel(ctx, panel_id, repair=False) for panel_id in panel_ids]
        with reading() as session:
            counted = _count(session)
        return {
            "ledger_verified": ledger.verified,
            "panel_differences": sum(report.differences for report in reports),
            "panel_lines": sum(report.lines for report in reports),
            **counted,
            "outage": {"panels_down": self.outages, "lines_unknown": self.unknown_in_outage},
            "late_payers": {"transfers": self.payers.transfers, "cards": self.payers.late_cards},
        }


def _count(session: Any) -> dict[str, Any]:
    def grouped(column: Any, *where: Any) -> dict[str, int]:
        rows = session.execute(select(column, func.count()).where(*where).group_by(column).order_by(column))
        return {str(name): int(count) for name, count in rows}

    money = session.execute(select(Payment.currency, func.sum(Payment.amount_minor)).group_by(Payment.currency))
    healed = (
        select(func.count(func.distinct(PaymentAttempt.document_id)))
        .join(Document, Document.id == PaymentAttempt.document_id)
        .where(PaymentAttempt.state == "failed", Document.state.in_(["paid", "settled"]))
    )
    history = grouped(SubscriptionEvent.kind, SubscriptionEvent.kind.in_(["suspend", "resume", "expire", "cancel"]))
    return {
        "documents": grouped(Document.kind),
        "document_states": grouped(Document.state),
        "payments": {
            "count": int(session.scalar(select(func.count()).select_from(Payment))),
            "minor_by_currency": {currency: int(total) for currency, total in money},
            "attempts": grouped(PaymentAttempt.state),
        },
        "suspended": history.get("suspend", 0),
        "restored": history.get("resume", 0),
        "expired": history.get("expire", 0),
        "ended": history.get("cancel", 0),
        "failures_healed": int(session.scalar(healed)),
        "services": grouped(Service.sync),
        "jobs": grouped(Job.state),
    }
