"""What must hold after each step: see `check`. The sums are made of the rows themselves, by no code that wrote them."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from any_order import Life
from any_order_shop import A_MINUTE, Begun
from billing_shop import SYSTEM
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing.recognise import recognise
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.seal import seal
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import reading
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerEntry
from billhead.models.usage import UsageMeter
from billhead.reports import ask, report_of, tabled

__all__ = ["check", "check_books", "written_lines"]

_WRITTEN = ("final", "partly_paid", "paid")


def check(life: Life) -> None:
    """The days decide what is due; the books as below."""
    check_books(life)
    _the_days_decide(life)


def check_books(life: Begun) -> None:
    """Nobody pays for a day twice; a second run writes nothing; the books are balanced and sealed; documents, gateway,
    tax report and ledger agree to the cent."""
    _a_second_run_writes_nothing(life)
    _no_day_twice(life)
    _the_books_are_sound(life)
    faults = verify_billing().faults
    assert faults == [], faults


def _a_second_run_writes_nothing(life: Begun) -> None:
    counted = [_count(Document), _count(LedgerEntry)]
    report = life.shop.run(clock.business_now())
    assert (report.considered, report.failed) == (0, 0)
    assert [_count(Document), _count(LedgerEntry)] == counted


def _count(model: Any) -> int:
    with reading() as session:
        return int(session.scalar(select(func.count()).select_from(model)) or 0)


def written_lines() -> list[tuple[Document, DocumentLine]]:
    with reading() as session:
        lines = select(Document, DocumentLine).join(DocumentLine, DocumentLine.document_id == Document.id)
        rows = session.execute(lines.where(Document.state.in_(_WRITTEN), Document.kind != "proforma"))
        return [(row[0], row[1]) for row in rows.all()]


def _sign(document: Document) -> int:
    return -1 if document.kind == "credit_note" else 1


def _the_days_decide(life: Life) -> None:
    """What was invoiced less what was credited, with the tax where prices have it in them."""
    billed: dict[int, int] = defaultdict(int)
    watched = 0
    for document, line in written_lines():
        minor = _sign(document) * (line.net_minor + (line.tax_minor if document.tax_inclusive else 0))
        if line.kind.startswith("usage:"):
            watched += minor
        else:
            billed[document.customer_id] += minor
    assert {who: minor for who, minor in billed.items() if minor} == {
        who: minor for who, minor in life.days.owed().items() if minor
    }
    with reading() as session:
        until = session.scalar(select(UsageMeter.through)) or date.min
    assert watched == A_MINUTE * sum(minutes for day, minutes in life.minutes if life.days.begins <= day < until)


def _no_day_twice(life: Begun) -> None:
    """Each day of a part stands on one line at most, but for those that were given back."""
    back: dict[int, set[date]] = defaultdict(set)
    for _, line in written_lines():
        if line.corrects_line_id is not None:
            back[line.corrects_line_id] |= set(_days(line))
    charged: Counter[tuple[int | None, date]] = Counter()
    for document, line in written_lines():
        if line.kind in ("recurring", "trial") and _sign(document) * line.net_minor > 0:
            charged.update((line.component_id, day) for day in set(_days(line)) - back[line.id])
    assert [one for one, times in charged.items() if times > 1] == []


def _days(line: DocumentLine) -> list[date]:
    if line.period_start is None or line.period_end is None:
        return []
    return [line.period_start + timedelta(days=n) for n in range((line.period_end - line.period_start).days)]


def _the_books_are_sound(life: Begun) -> None:
    recognise(SYSTEM, clock.business_now())
    seal(SYSTEM)
    with reading() as session:
        ledger = verify_ledger(session)
    assert ledger.faults == []
    assert ledger.sealed == ledger.entries
    balances = defaultdict(int, life.balances())
    rows = written_lines()
    documents = {document.id: document for document, _ in rows}.values()
    for document in documents:
        lines = [line for one, line in rows if one.id == document.id]
        assert sum(line.net_minor for line in lines) == document.net_minor
        assert sum(line.tax_minor for line in lines) == document.tax_minor
    total = sum(_sign(one) * one.total_minor for one in documents)
    tax = sum(_sign(one) * one.tax_minor for one in documents)
    # 20 % of each line, or what is in it, rounded once
    assert abs(tax * 5 - (total - tax)) * 2 <= 6 * max(len(rows), 1)
    came = life.cards.total() + life.transferred_in
    assert balances["clearing"] == came
    assert balances["receivable"] + balances["credit_bought"] + balances["credit_gifted"] == total - came
    assert balances["receivable"] == sum(one.total_minor - one.settled_minor for one in life.open_ones())
    assert balances["credit_bought"] == -sum(lot.remaining_minor for lot in life.shop.all(CustomerCredit))
    assert -balances["tax"] == tax == _tax_report(life)


def _tax_report(life: Begun) -> int:
    with reading() as session:
        report = report_of("tax")
        table = tabled(session, report, ask(session, report.report, {"from": "2020-01-01"}, life.today))
    assert [tie for tie in table.ties if tie.difference] == []
    return sum(row[-1].minor for row in table.first_rows)
