"""Usage in the admin area: a file of events is sent, looked into, run dry and counted; what is refused comes back."""

import csv
import io
import re
from datetime import timedelta

import pytest
from counted_minutes import count_minutes
from metered_shop import events, rejects
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.usage import run_usage_import as running
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.usage import UsageImport, UsageImportRefusal, UsageMetric, UsageReject, UsageSource

NEW = "/admin/usage/new"
HEADER = "id,subscription,metric,quantity,at,item\n"


def now() -> str:
    return clock.now().isoformat(timespec="seconds")


def lines(*quantities, metric="minutes", whose=1) -> str:
    return HEADER + "".join(f"e{n},{whose},{metric},{much},{now()},\n" for n, much in enumerate(quantities))


def send(counter, content, name="use.csv", source="panel-log"):
    data = content if isinstance(content, bytes) else content.encode()
    return counter.staff.post(NEW, {"source": source, "file": (io.BytesIO(data), name)}, page=NEW)


def sent(counter, content, **fields):
    answer = send(counter, content, **fields)
    assert answer.status_code == 303, answer.text
    return answer.location


def figures(counter, key=1):
    row = counter.row(UsageImport, key)
    return row.state, row.dry_run, row.accepted, row.duplicates, row.refused


def counted(counter):
    with counter.shop.app.app_context():
        return sorted(quantity for _, quantity in events(1))


@pytest.fixture
def metered(any_counter):
    count_minutes(any_counter.shop)
    return any_counter


def test_a_file_is_looked_into_run_dry_and_counted(metered):
    counter = metered
    assert "Send a CSV or NDJSON file" in counter.get("/admin/usage").text
    text = lines(30, 45) + f"bad,1,minutes,-4,{now()},\nshort,1\nwho,=7,minutes,5,{now()},<b>\n"
    where = sent(counter, text)
    shown = counter.get(where).text
    assert "it has 2 fields, the header 6" in shown
    assert "&lt;b&gt;" in shown
    assert counted(counter) == []

    counter.post(f"{where}/dry-run")
    assert 'data-look="/admin/usage/1' in counter.get(where).text
    counter.shop.work()
    assert figures(counter) == ("done", True, 2, 0, 3)
    assert (counted(counter), counter.get("/admin/rejected-usage").text.count("panel-log")) == ([], 0)
    assert "Would be counted" in counter.get(where).text

    counter.confirm(f"{where}/start", "november")
    counter.shop.work()
    assert figures(counter) == ("done", False, 2, 0, 3)
    assert counted(counter) == [30, 45]
    assert [(who, to) for who, to, _ in counter.trail("usage.start_import")] == [("staff:2", "usage_import:1")] * 2
    told = counter.get("/admin/usage/told").text
    assert "panel-log" in told
    assert "Nothing fits" in counter.get("/admin/usage/told?refused=no").text

    # handed back, mended, sent again: the two that are counted are in no file any more
    back = counter.get(f"{where}/refused.csv").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(back)))
    assert [row["refused_because"].partition(":")[0] for row in rows] == ["4", "5", "6"]
    assert (rows[0]["id"], rows[2]["subscription"]) == ("bad", "'=7")
    mended = io.StringIO()
    writer = csv.DictWriter(mended, rows[0].keys())
    writer.writeheader()
    writer.writerow(rows[0] | {"quantity": "4"})
    writer.writerow(rows[2] | {"subscription": "1"})
    counter.confirm(sent(counter, mended.getvalue()) + "/start")
    counter.shop.work()
    assert figures(counter, 2) == ("done", False, 2, 0, 0)
    assert counted(counter) == [4, 5, 30, 45]
    assert "not kept any more" in counter.get("/admin/usage/2").text
    assert counter.post("/admin/usage/2/dry-run").status_code == 422
    counter.confirm(f"{where}/start", "again")
    counter.shop.work()
    assert figures(counter) == ("done", False, 0, 2, 3)


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (HEADER, "use.txt", "neither .csv nor .ndjson"),
        (b"", "use.csv", "empty"),
        (b"PK\x03\x04", "use.csv", "workbook"),
        ("id,metric,at\n1,2,3\n", "use.csv", "says not whose"),
        ("id,login,metric,at,colour\n", "use.csv", "unknown column"),
        (HEADER.encode() + b"\xff,1,minutes,1,x,\n", "use.csv", "not UTF-8"),
    ],
    ids=["ending", "empty", "workbook", "whose", "column", "encoding"],
)
def test_a_file_that_is_none_of_events_is_refused_with_its_reason(counter, content, name, why):
    answer = send(counter, content, name=name)
    assert answer.status_code == 422
    assert why in answer.text
    assert send(counter, lines(1), source=" ").status_code == 422
    assert send(counter, lines(1), source="s" * 41).status_code == 422
    assert counter.row(UsageImport, 1) is None


def test_a_file_that_breaks_off_after_its_first_event_has_a_page_all_the_same(counter):
    """Its second event has a field larger than a CSV may have."""
    where = sent(counter, lines(30) + f"big,1,minutes,4,{now()},{'x' * 140_000}\n")
    shown = counter.get(where)
    assert shown.status_code == 200
    assert "is no CSV: field larger than field limit" in shown.text
    counter.post(f"{where}/dry-run")
    counter.shop.work()
    assert figures(counter) == ("failed", True, 0, 0, 0)
    assert counter.get(where).status_code == 200
    assert "is removed" in counter.confirm(f"{where}/remove").text


def test_a_killed_import_goes_on_where_it_was_and_one_that_is_called_off_stops(metered, monkeypatch):
    counter = metered
    monkeypatch.setattr(running, "_BATCH", 2)
    where = sent(counter, lines(1, 2, 4, -1, 8))
    counter.confirm(f"{where}/start")
    take, died = running._take, []

    def dies(ctx, run, batch):
        if len(died) == 1:
            died.append(batch)
            raise KeyboardInterrupt
        died.append(batch)
        return take(ctx, run, batch)

    monkeypatch.setattr(running, "_take", dies)
    with counter.shop.app.app_context():
        with pytest.raises(KeyboardInterrupt):
            running.run_usage_import(Context.system("test"), 1)
        assert counter.row(UsageImport, 1).through == 3
        monkeypatch.setattr(running, "_take", take)
        running.run_usage_import(Context.system("test"), 1)
    assert figures(counter) == ("done", False, 4, 0, 1)
    assert counted(counter) == [1, 2, 4, 8]

    counter.confirm(f"{where}/start")
    assert counter.post(f"{where}/dry-run").status_code in (409, 422), "one at a time"
    counter.confirm(f"{where}/cancel")
    counter.shop.work()
    assert counter.row(UsageImport, 1).state == "canceled"
    counter.confirm(f"{where}/remove")
    assert (counter.row(UsageImport, 1), counter.row(UsageImportRefusal, 1)) == (None, None)
    assert counted(counter) == [1, 2, 4, 8], "what was counted stays"


def test_rejected_events_are_narrowed_and_tried_again(metered):
    counter = metered
    for source in ("one", "two"):
        where = sent(counter, lines(3, metric="films"), source=source)
        counter.confirm(f"{where}/start")
        counter.shop.work()
    with counter.shop.app.app_context(), reading() as session:
        one = session.scalars(select(UsageSource.id).where(UsageSource.code == "one")).one()
    first = counter.get(f"/admin/rejected-usage?source={one}&reason=unknown_metric").text
    assert first.count("<code>e0</code>") == 1
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(UsageMetric(seller_id=1, code="films", name="Films", aggregation="count"))
    counter.answer(f"/admin/rejected-usage/retry?source={one}&reason=unknown_metric", "the metric is there now")
    counter.shop.work()
    with counter.shop.app.app_context():
        assert (len(rejects()), counted(counter)) == (1, [1])
    assert counter.get("/admin/rejected-usage/retry?source=999999").status_code == 404


def test_rejected_events_of_one_delivery_are_dropped_as_they_were_shown(metered):
    """The browser sends the answer to where the question is narrowed to."""
    counter = metered
    for source in ("one", "two"):
        where = sent(counter, lines(1, 2, 4, metric="films"), source=source)
        counter.confirm(f"{where}/start")
        counter.shop.work()
    with counter.shop.app.app_context(), reading() as session:
        first = session.scalar(select(func.min(UsageReject.batch_id)))
    assert f'href="/admin/rejected-usage?delivery={first}">3</a>' in counter.get("/admin/usage/told").text
    narrowed = counter.get(f"/admin/rejected-usage?delivery={first}").text
    assert f"Delivery {first}" in narrowed
    page = f"/admin/rejected-usage/drop?delivery={first}"
    assert page in narrowed
    shown = counter.get(page).text
    assert "Drop 3 rejected events?" in shown
    assert f"Those of delivery {first}." in shown
    assert "3 × unknown metric" in shown
    assert f'action="{page}"' in shown
    upto = re.search(r'name="upto"[^>]*value="(\d+)"', shown)[1]
    assert counter.post(page, upto=upto, reason="").status_code == 422
    assert "3 rejected events are dropped." in counter.confirm(page, "sent by mistake", upto=upto).text
    with counter.shop.app.app_context():
        assert len(rejects()) == 3
    assert "There are none." in counter.get(page).text
    for wrong in ("delivery=99", "delivery=first", "source=one"):  # never all of them
        assert counter.get(f"/admin/rejected-usage/drop?{wrong}").status_code == 404
    assert "Rejected usage dropped" in counter.get("/admin/audit").text


def test_what_a_subscription_has_used_by_day_and_tier(metered):
    counter = metered
    page = "/admin/subscriptions/1/usage"
    assert "Nothing was used in this period yet." in counter.get(page).text
    counter.confirm(sent(counter, lines(650, 90)) + "/start")
    counter.shop.work()
    assert f'href="{page}"' in counter.get("/admin/subscriptions/1").text
    shown = counter.get(page).text
    # 740 used, 600 included: 100 × 0.02 + 40 × 0.015 = 2.60
    for words in (
        "740 minutes",
        "€2.60",
        "0.02 up to 100 minutes",
        "€2.00",
        "0.015 a unit",
        "€0.60",
        "Viewing time by day",
    ):
        assert words in shown, words
    long_ago = (clock.now() - timedelta(days=400)).date()
    assert "No period lies there" in counter.get(f"{page}?on={long_ago}").text
    assert counter.get("/admin/subscriptions/99/usage").status_code == 404
