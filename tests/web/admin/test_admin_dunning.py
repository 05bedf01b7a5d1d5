"""Dunning behind the counter: the table of stages, who it would affect, promises, credit and late fees."""

from datetime import timedelta

import pytest

from billhead import clock
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import DunningPolicy, DunningStep
from billhead.web.formatting import day_in_words

STAGES = {
    "name": "Everybody", "plan_id": "", "price_group": "", "retry_days": "1, 3", "promise_days": "7",
    "promise_most": "50.00 EUR", "promise_every_days": "30", "promise_restores": "y",
    "stages-0-days": "-2", "stages-0-action": "remind",
    "stages-1-days": "3", "stages-1-action": "warn", "stages-1-fee": "2.50 EUR", "stages-1-share": "5",
    "stages-2-days": "5", "stages-2-action": "suspend",
    "stages-3-days": "", "stages-3-action": "",
}  # fmt: skip


@pytest.fixture
def debt(counter):
    """An invoice of Ada's over 12.00 that was due ten days ago."""
    (first,) = [counter.row(Document, key) for key in (2,)]
    today = clock.business_now().date()
    values = {c.key: getattr(first, c.key) for c in Document.__table__.columns if c.key not in ("id", "number")}
    values |= {"number": 77, "number_text": "X-77", "state": "final", "settled_minor": 0, "proforma_id": None}
    values |= {"issued_on": today - timedelta(days=20), "due_on": today - timedelta(days=10), "entry_id": None}
    (key,) = counter.add(Document(**values))
    return key


def test_stages_are_previewed_then_saved_and_count(counter, debt):
    page = counter.get("/admin/dunning").text
    assert "Nothing of its own: the defaults of the house" in page
    shown = counter.post("/admin/dunning/policies/new?seller=1", preview="1", **STAGES)
    assert shown.status_code == 200
    assert "Nothing is saved yet." in shown.text
    assert "X-77" in shown.text
    assert "remind, warn, late fee" in shown.text.replace("\n", " ")
    saved = counter.post("/admin/dunning/policies/new?seller=1", **STAGES)
    assert saved.status_code == 303
    policy = counter.row(DunningPolicy, 1)
    assert [(stage["after_days"], stage["action"]) for stage in policy.stages] == [
        (-2, "remind"),
        (3, "warn"),
        (5, "suspend"),
    ]
    assert policy.stages[1]["fee"] == {"fixed": {"EUR": 250}, "ppm": 50000, "most": {}}
    assert (policy.retry_days, policy.promise_most) == ([1, 3], {"EUR": 5000})
    again = counter.get("/admin/dunning/policies/1").text
    assert 'value="2.50 EUR"' in again
    assert "fee 2.50 EUR and 5 %" in counter.get("/admin/dunning").text
    assert "Removed: Everybody." in counter.confirm("/admin/dunning/policies/1/remove").text
    assert counter.row(DunningPolicy, 1) is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"stages-2-days": "3", "stages-2-action": "warn"}, "Day 3 has warn twice"),
        ({"stages-2-days": ""}, "Say on which day to suspend"),
        ({"stages-1-fee": "two EUR"}, "is not an amount"),
        ({"stages-1-share": "150"}, "The share must be from 0 to 100 percent"),
        ({"retry_days": "soon"}, "are no days"),
        ({"promise_most": "1.00 XXX"}, "is not a currency"),
    ],
)
def test_what_makes_no_sense_is_refused_and_kept_on_the_page(counter, wrong, why):
    answer = counter.post("/admin/dunning/policies/new?seller=1", **{**STAGES, **wrong})
    assert answer.status_code == 422
    assert why in answer.text
    assert 'value="-2"' in answer.text


def test_credit_is_given_seen_and_taken_back(counter):
    told = counter.confirm("/admin/customers/1/credit", amount="7.00", reason="the outage").text
    assert "€7.00 given; €7.00 of it is left" in told
    assert "Credit that came and went" in told
    assert counter.row(CustomerCredit, 1).reason == "the outage"
    assert "€3.00 taken back." in counter.confirm("/admin/customers/1/credit/take", amount="3.00").text
    too_much = counter.post("/admin/customers/1/credit/take", amount="5.00", reason="x")
    assert "Only 4.00 EUR of what was given is left" in too_much.text
    assert ("1", "the outage") not in counter.trail("credits.take")


def test_the_history_of_a_debt_stands_on_its_document(counter, debt):
    today = clock.business_now().date()
    counter.add(
        DunningStep(document_id=debt, action="warn", after_days=3, day=today, created_at=clock.now(), result="done")
    )
    text = counter.get(f"/admin/documents/{debt}").text
    assert "warn 3 days after" in text


def test_a_promise_by_phone_is_taken_with_its_day_in_words(counter, debt):
    counter.post("/admin/dunning/policies/new?seller=1", **STAGES)
    part = {"position": 1, "subscription_id": 1, "kind": "recurring", "description": "Basic"}
    counter.add(DocumentLine(document_id=debt, **part, unit_minor=999, net_minor=999))
    today = clock.business_now().date()
    question = counter.get("/admin/subscriptions/1/promise").text
    assert f"at the latest {day_in_words(today + timedelta(days=7))}." in question
    day = today + timedelta(days=3)
    told = counter.confirm("/admin/subscriptions/1/promise", day=day.isoformat(), reason="on the phone").text
    assert f"by {day_in_words(day)}." in told
    assert counter.get("/admin/subscriptions/1/promise").status_code == 409


def test_a_promise_by_phone_needs_something_overdue(counter):
    answer = counter.get("/admin/subscriptions/1/promise")
    assert answer.status_code == 409
    assert counter.get("/admin/promises").status_code == 200
