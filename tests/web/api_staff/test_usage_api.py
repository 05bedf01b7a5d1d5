"""Programs tell what was used, in batches: each event is counted once and answered for; what it comes to is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from counted_minutes import count_minutes
from metered_shop import events, rejects
from staff_program import Program, fits, make
from web_shop import Browser, Shop

from billhead import clock
from billhead.models.operations import AuditEntry
from billhead.web.api_staff.description import DESCRIPTION
from billhead.web.api_staff.usage import MOST_EVENTS


@pytest.fixture
def sam(any_shop: Shop) -> Browser:
    count_minutes(any_shop)
    ada = any_shop.customer()
    any_shop.order(ada)
    any_shop.pay()
    any_shop.work()
    return any_shop.person("staff", "sam@example.com", "keys.write", "usage.write")


@pytest.fixture
def meter(any_shop: Shop, sam: Browser) -> Program:
    return Program(any_shop, make(sam, "usage.write"))


def used(key: object, minutes: object = 1, **more: object) -> dict[str, object]:
    event = {"id": key, "subscription": 1, "metric": "minutes", "quantity": minutes, "at": clock.now().isoformat()}
    return event | more


def told(*events: object) -> dict[str, object]:
    return {"source": "set-top", "events": list(events)}


def outcomes(answer) -> list[tuple[str, str | None]]:
    return [(one["outcome"], one["reason"]) for one in answer["events"]]


def test_each_event_is_answered_for_and_counted_once(any_shop: Shop, meter: Program):
    batch = told(
        used("a", 650), used("b", login="nobody", subscription=None), used("c", -4), used("d", "60"), used("a", 650),
        used("e", price=5), "f", used("g", metric="\0"), used("h", at="yesterday"), used("i", 0.5),
        used("j", metric="films"),
    )  # fmt: skip
    answer = meter.post("/usage", batch, "first")
    assert outcomes(answer) == [
        ("accepted", None), ("rejected", "unknown_subscription"), ("rejected", "quantity"), ("accepted", None),
        ("duplicate", None), ("rejected", "unreadable"), ("rejected", "unreadable"), ("rejected", "unreadable"),
        ("rejected", "at"), ("rejected", "quantity"), ("rejected", "unknown_metric"),
    ]  # fmt: skip
    assert [one["id"] for one in answer["events"]] == ["a", "b", "c", "d", "a", "e", None, "g", "h", "i", "j"]
    assert answer["events"][5]["message"] == "it has an unknown field 'price'"
    assert (answer["accepted"], answer["duplicates"], answer["rejected"], answer["late"]) == (2, 1, 8, 0)
    fits(
        answer, DESCRIPTION["paths"]["/usage"]["post"]["responses"]["200"]["content"]["application/json"]["schema"], ""
    )
    # sent again as no answer came: the first result; as a new request: known, all of it
    assert meter.post("/usage", batch, "first") == answer
    minute_later = {"at": (clock.now() + timedelta(minutes=1)).isoformat()}
    others = told(used("d", "60", **minute_later), used("a", 9, **minute_later))
    assert outcomes(meter.post("/usage", others, "later")) == [("accepted", None)] * 2, "of another instant, others"
    same = told(batch["events"][0], batch["events"][3])
    assert outcomes(meter.post("/usage", same, "again")) == [("duplicate", None)] * 2
    with any_shop.app.app_context():
        assert sorted(quantity for _, quantity in events(1)) == [9, 60, 60, 650]
        assert [reason for _, reason in rejects()] == [
            "unknown_subscription", "quantity", "at", "quantity", "unknown_metric",
        ], "kept for another try, but for what is no event at all"  # fmt: skip
    (acted, *_) = any_shop.rows(AuditEntry, AuditEntry.action == "usage.record_events")
    assert acted.actor == "staff_key:1"


def test_what_it_comes_to_so_far_by_day_and_tier(any_shop: Shop, meter: Program):
    meter.post("/usage", told(used("a", 650), used("b", 90)), "first")
    answer = meter.get("/subscriptions/1/usage")
    schema = DESCRIPTION["paths"]["/subscriptions/{id}/usage"]["get"]["responses"]["200"]
    fits(answer, schema["content"]["application/json"]["schema"], "")
    (minutes,) = answer["usage"]
    # 740 used, 600 included: 100 × 0.02 + 40 × 0.015 = 2.00 + 0.60
    assert (minutes["used"], minutes["included"], minutes["amount"], minutes["billed"]) == ("740", "600", "2.60", None)
    assert [(tier["up_to"], tier["price"], tier["used"], tier["amount"]) for tier in minutes["tiers"]] == [
        ("100", "0.02", "100", "2.00"), (None, "0.015", "40", "0.60"),
    ]  # fmt: skip
    assert [(of["events"], of["used"]) for of in minutes["days"] if of["events"]] == [(2, "740")]
    # over the cap of 15.00: 2.00 + 2400 × 0.015 = 38.00
    meter.post("/usage", told(used("c", 2360)), "more")
    (minutes,) = meter.get("/subscriptions/1/usage")["usage"]
    assert (minutes["amount"], minutes["adjusted"]) == ("15.00", "-23.00")
    began = date.fromisoformat(minutes["starts_on"])
    assert meter.get(f"/subscriptions/1/usage?on={began}")["usage"] == [minutes]
    assert meter.get(f"/subscriptions/1/usage?on={began - timedelta(days=1)}")["usage"] == []


def test_what_is_wrong_is_told_and_nothing_is_written(any_shop: Shop, sam: Browser, meter: Program):
    reader = Program(any_shop, make(sam))
    assert reader.post("/usage", told(used("a")), "r", 403)["code"] == "not_allowed"
    assert reader.get("/subscriptions/1/usage")["usage"], "what is looked at needs none"
    for number, (body, field) in enumerate((
        ({"source": "", "events": [used("a")]}, "source"), ({"source": "s" * 41, "events": [used("a")]}, "source"),
        ({"source": "s\0", "events": [used("a")]}, "source"), ({"events": [used("a")]}, "source"),
        ({"source": "s"}, "events"), ({"source": "s", "events": []}, "events"),
        ({"source": "s", "events": {}}, "events"),
        ({"source": "s", "events": [{}] * (MOST_EVENTS + 1)}, "events"), ({"source": "s", "event": 1}, "event"),
        ([], "body"),
    )):  # fmt: skip
        assert meter.post("/usage", body, f"w{number}", 422)["field"] == field, body
    assert meter.post("/usage", told(used("a")), "", 422)["field"] == "Idempotency-Key"
    odd = told(*(used("x", quantity) for quantity in (True, None, "", [], {}, "NaN", 10**400, "1e999999")),
               used(["x"]), used("x" * 65), used("\ud800"), used("x", at=5), used("x", subscription="1 OR 1=1"),
               used("x", subscription=10**40), used("x", item="y" * 201), used("x", properties=[1]),
               {**used("x"), "subscription": ""})  # fmt: skip
    assert {one["outcome"] for one in meter.post("/usage", odd, "odd")["events"]} == {"rejected"}
    raw = {"Authorization": f"Bearer {meter.key}", "Idempotency-Key": "n", "Content-Type": "application/json"}
    for body in (
        "[" * 100_000,
        '{"source": NaN',
        "",
        '{"source": "s", "events": 1e99999999999999999999}',
        '{"source": 1.5, "events": [1]}',
    ):
        assert meter.client.post("/api/staff/v1/usage", data=body, headers=raw).status_code == 422
    for path in ("?on=soon", "?of=2026-01-01", "?on="):
        assert meter.get(f"/subscriptions/1/usage{path}", 422)["code"] == "invalid_input"
    assert meter.get("/subscriptions/99/usage", 404)
    with any_shop.app.app_context():
        assert events(1) == []


def test_a_thousand_are_written_in_as_many_statements_as_one(any_shop: Shop, meter: Program):
    def asked(count: int, once: str) -> int:
        batch = told(*(used(f"{once}{number}") for number in range(count)))
        with any_shop.asking() as statements:
            assert meter.post("/usage", batch, once)["accepted"] == count
        return len(statements)

    asked(1, "warm")
    assert asked(MOST_EVENTS, "many") <= asked(1, "one")


def test_two_that_tell_the_same_at_once_have_each_event_accepted_once(any_shop: Shop, meter: Program):
    batch = [used(f"e{number}") for number in range(40)]

    def tell(number: int) -> list[str]:
        mine = batch if number % 2 else batch[::-1]
        return [one["outcome"] for one in meter.post("/usage", told(*mine), f"at-once-{number}")["events"]]

    with ThreadPoolExecutor(4) as pool:
        found = [outcome for told_by_one in pool.map(tell, range(4)) for outcome in told_by_one]
    assert (found.count("accepted"), found.count("duplicate")) == (40, 120)
