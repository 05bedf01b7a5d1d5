"""Events from files, their correction, the rejects' second chance, and what customers are told of their allowance."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from billing_shop import SYSTEM, open_shop
from metered_shop import billed, events, meter, meter_of, metric, rejects, tell, used
from warm_process import WarmProcess

from billhead import clock
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.usage import drop_rejects as dropping
from billhead.actions.usage._rejects import ChosenRejects, reject_figures
from billhead.actions.usage.correct_event import correct_event
from billhead.actions.usage.current_usage import current_usage
from billhead.actions.usage.drop_every_reject import drop_every_reject
from billhead.actions.usage.import_events import BATCH, import_events
from billhead.actions.usage.retry_rejects import retry_rejects
from billhead.actions.usage.watch_allowances import watch_allowances
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry, Event, Notice

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
LATER = datetime(2026, 11, 25, tzinfo=UTC)
AT = datetime(2026, 11, 10, 12, tzinfo=UTC)


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path / "home") as shop:
        shop.url, shop.home = database_url, tmp_path / "home"
        tv = shop.plan("tv", 1000)
        meter(shop, tv, metric(shop), "standard", unit="0.01", included="100")
        shop.anna = shop.subscribe(shop.customer(), tv, anchor=NOVEMBER, due=DECEMBER, external_ref="S1")
        yield shop


def imported(path: Path, text: str, name="events.csv"):
    file = path / name
    file.write_text(text, encoding="utf-8")
    with clock.business_time(LATER):
        return import_events(SYSTEM, "file", file)


def test_a_csv_file_with_broken_lines(shop, tmp_path):
    text = (
        "id,reference,metric,quantity,at\n"
        "a,S1,minutes,30,2026-11-10T12:00:00Z\n"
        "b,S1,minutes\n"
        "\n"
        "c,S2,minutes,5,2026-11-10T12:00:00Z\n"
        '"d",S1,minutes,70,2026-11-11T13:00:00+02:00\n'
    )
    done = imported(tmp_path, text)
    assert (done.accepted, done.rejected, done.unreadable) == (2, 1, 1)
    assert done.shown == [{"line": 3, "why": "it has 3 fields, the header 5"}]
    assert events(shop.anna) == [("a", 30), ("d", 70)]
    assert imported(tmp_path, text).duplicates == 2


def test_a_file_of_json_lines_keeps_numbers_exact(shop, tmp_path):
    metric(shop, "hours", decimals=2)
    text = (
        '{"id": "a", "subscription": %d, "metric": "hours", "quantity": 0.1, "at": "2026-11-10T12:00:00Z", '
        '"properties": {"channel": "news"}}\n'
        '{"id": "b", "metric": "hours", "quantity": NaN, "reference": "S1", "at": "2026-11-10T12:00:00Z"}\n'
        '{"id": "c"}\n[1]\n{"id": "d", "metric": "hours", "at": "x", "price": 5}\nnot json\n'
    )
    done = imported(tmp_path, text % shop.anna, "events.ndjson")
    assert (done.accepted, done.rejected, done.unreadable) == (1, 1, 4)
    assert events(shop.anna) == [("a", 10)]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("events.txt", "", "neither .csv nor .ndjson"),
        ("events.csv", "id,metric,at\n", "says not whose"),
        ("events.csv", "id,login,metric\n", "no column at"),
        ("events.csv", "id,login,metric,at,colour\n", "unknown column 'colour'"),
        ("events.csv", "", "no column id"),
    ],
)
def test_a_file_that_is_none_is_refused(name, text, why, tmp_path):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InvalidInput, match=why):
        import_events(SYSTEM, "file", file)
    with pytest.raises(InvalidInput, match="no such file"):
        import_events(SYSTEM, "file", tmp_path / "missing.csv")


@pytest.mark.parametrize("point", ["usage.recorded", "usage.committed"])
def test_an_import_that_is_killed_and_begun_again_counts_each_event_once(shop, tmp_path, point, monkeypatch):
    rows = [f"e{n},S1,minutes,1,2026-11-{n % 20 + 1:02d}T12:00:00Z" for n in range(2 * BATCH + 500)]
    (tmp_path / "events.csv").write_text("\n".join(["id,reference,metric,quantity,at", *rows]))
    env = {
        "BILLHEAD_HOME": str(shop.home),
        "BILLHEAD_DATABASE_URL": shop.url,
        "BILLHEAD_SECRET_KEY": "k" * 32,
    }

    def importing(**more):
        words = ["usage", "import", str(tmp_path / "events.csv"), "--source", "file"]
        return WarmProcess("billhead.cli:main", words, env=env | more, folder=tmp_path)

    assert importing(BILLHEAD_CRASH_AT=f"{point}:2").was_killed()
    assert len(events(shop.anna)) == (BATCH if point == "usage.recorded" else 2 * BATCH)
    again = importing()
    assert again.ended() == 0, again.said()
    assert len(events(shop.anna)) == 2 * BATCH + 500


def corrected(shop, event, quantity, at=AT, now=LATER):
    with clock.business_time(now), writing(SYSTEM) as tx:
        return correct_event(tx, "panel", event.id, event.whose, event.metric, at, quantity)


def test_an_event_is_corrected_by_its_id_before_and_after_it_was_billed(shop):
    event = used(shop.anna, 500, AT)
    tell(event)
    assert corrected(shop, event, 300).quantity_before == 500
    shop.run(DECEMBER)
    assert billed(shop.anna) == [(NOVEMBER, DECEMBER, 0, 1, 300, 200)]
    corrected(shop, event, "150", now=datetime(2026, 12, 5, tzinfo=UTC))
    assert meter_of(shop.anna)[2] is not None
    shop.run(JANUARY)
    # 50 over the allowance instead of 200: 1.50 less, on the invoice over January
    assert shop.lines(shop.anna)[-2:] == [
        ("recurring", JANUARY, date(2027, 2, 1), 1000, 200),
        ("usage:minutes", NOVEMBER, DECEMBER, -150, -30),
    ]


def test_who_has_left_gets_what_was_charged_too_much_as_credit(shop):
    from billhead.models.subscriptions import Subscription

    event = used(shop.anna, 500, AT)
    tell(event)
    shop.change(Subscription, shop.anna, state="canceled", billing_ends_on=DECEMBER, next_bill_on=None)
    shop.run(DECEMBER)
    corrected(shop, event, 0, now=datetime(2026, 12, 5, tzinfo=UTC))
    shop.run(date(2026, 12, 10))
    invoice, note = shop.all(Document)
    assert (invoice.kind, invoice.total_minor, note.kind, note.total_minor) == ("invoice", 480, "credit_note", 480)
    assert invoice.settled_minor == 480  # nothing of it was paid, so nothing is owed any more


def test_a_correction_of_nothing_is_refused(shop):
    event = used(shop.anna, 500, AT)
    tell(event)
    with pytest.raises(NotFound):
        corrected(shop, event, 5, at=datetime(2026, 11, 10, 13, tzinfo=UTC))
    with pytest.raises(NotFound):
        corrected(shop, event._replace(whose="login:nobody"), 5)
    with pytest.raises(InvalidInput):
        corrected(shop, event, -5)


def test_what_was_rejected_is_taken_once_its_metric_exists(shop):
    tell(used(shop.anna, 5, AT, code="films", id="a"), used(shop.anna, "NaN", AT, id="b"), now=LATER)
    metric(shop, "films", "sum")
    with clock.business_time(LATER), writing(SYSTEM) as tx:
        done = retry_rejects(tx, ChosenRejects(), upto=1000)
    assert (done.taken, done.left) == (1, 1)
    assert rejects() == [("b", "quantity")]


def test_what_was_rejected_is_dropped_and_may_be_told_again(shop):
    """Two deliveries: of the first, what nobody counts is dropped; it is told again once that is counted."""
    told = used(shop.anna, 5, AT, code="films", id="a")
    first = tell(told, used(shop.anna, "NaN", AT, id="b"), now=LATER)
    tell(used(shop.anna, 7, AT, code="films", id="c"), now=LATER)
    chosen = ChosenRejects("unknown_metric", batch_id=first.batch_id)
    with reading() as session:
        figures = reject_figures(session, chosen)
        every = reject_figures(session, ChosenRejects())
    assert (figures.events, figures.reasons, every.reasons) == (
        1, {"unknown_metric": 1}, {"unknown_metric": 2, "quantity": 1},
    )  # fmt: skip
    tell(used(shop.anna, 9, AT, code="films", id="d"), now=LATER)  # after it was shown: it stays
    with pytest.raises(InvalidInput, match="reason: say why"):
        drop_every_reject(SYSTEM, ChosenRejects(), every.upto)
    because = replace(SYSTEM, reason="a test of the panel")
    assert drop_every_reject(because, chosen, figures.upto) == 1
    assert rejects() == [("b", "quantity"), ("c", "unknown_metric"), ("d", "unknown_metric")]
    metric(shop, "films", "sum")
    assert tell(told, now=LATER).accepted == 1
    assert drop_every_reject(because, ChosenRejects(), every.upto) == 2
    assert rejects() == [("d", "unknown_metric")]
    trail = shop.all(AuditEntry, AuditEntry.action == "usage.drop_rejects")
    assert {(one.reason, one.actor) for one in trail} == {("a test of the panel", SYSTEM.actor)}


def test_many_rejected_events_are_dropped_some_at_a_time(shop, monkeypatch):
    monkeypatch.setattr(dropping, "AT_ONCE", 2)
    tell(*(used(shop.anna, 5, AT, code="films") for _ in range(5)), now=LATER)
    with reading() as session:
        upto = reject_figures(session, ChosenRejects()).upto
    asked = replace(SYSTEM, reason="nobody counts films", idempotency_key="form-1")
    assert drop_every_reject(asked, ChosenRejects(), upto) == 5
    assert drop_every_reject(asked, ChosenRejects(), upto) == 5, "sent twice, it tells the same"
    assert rejects() == []


def test_customers_are_told_at_eighty_percent_and_at_all_of_it_once(shop):
    def watch():
        with clock.business_time(LATER), writing(SYSTEM) as tx:
            while watch_allowances(tx) is not None:
                pass

    tell(used(shop.anna, 79, AT))
    watch()
    assert shop.all(Notice) == []
    tell(used(shop.anna, 4, AT))
    watch()
    tell(used(shop.anna, 1, AT))
    watch()
    (first,) = shop.all(Notice)
    assert first.data["percent"] == 80
    with clock.business_time(LATER), reading() as session:
        words = render("allowance", gather(session, first))
    assert words.subject == "84 % used: Viewing time, tv"
    assert "of the 100 minutes that tv includes up to 30 November 2026, 84 are used." in words.text
    tell(used(shop.anna, 40, AT))
    watch()
    watch()
    assert [notice.data["percent"] for notice in shop.all(Notice)] == [80, 100]
    assert len(shop.all(Event, Event.type == "usage.threshold")) == 2


def test_what_is_used_so_far(shop):
    tell(used(shop.anna, 350, AT))
    with clock.business_time(LATER), reading() as session:
        (now,) = current_usage(session, [shop.anna])[shop.anna]
    assert (now.used, now.allowance, now.percent, now.amount.minor) == ("350", "100", 350, 250)
    assert (now.starts_on, now.ends_on) == (NOVEMBER, DECEMBER)
