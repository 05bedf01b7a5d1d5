"""Every state against every event: what the table allows happens, everything else is refused by name."""

from itertools import product

import pytest

from billhead.domain import document, payment, service, subscription, support, upstream
from billhead.domain.errors import IllegalTransition, InvalidInput
from billhead.domain.payment import AttemptState, RefundState, forward, forward_refund
from billhead.domain.service import Label, Seen, Work, label
from billhead.domain.state import events_from, next_state

# name → (states, events, table, where it begins, where nothing more happens)
TABLES = {
    "document": (document.State, document.Event, document.TRANSITIONS, "draft", {"void"}),
    "proforma": (
        document.ProformaState,
        document.ProformaEvent,
        document.PROFORMA_TRANSITIONS,
        "open",
        {"settled", "void"},
    ),
    "subscription": (
        subscription.State,
        subscription.Event,
        subscription.TRANSITIONS,
        "pending",
        {"canceled"},
    ),
    "ticket": (support.State, support.Event, support.TRANSITIONS, "open", set()),
    "upstream purchase": (upstream.State, upstream.Event, upstream.TRANSITIONS, "sent", {"bought"}),
    "service": (service.State, service.Event, service.TRANSITIONS, "wanted", {"gone"}),
    "attempt": (
        payment.AttemptState,
        payment.AttemptEvent,
        payment.ATTEMPT_TRANSITIONS,
        "created",
        {"succeeded"},
    ),
    "payment": (payment.PaymentState, payment.PaymentEvent, payment.PAYMENT_TRANSITIONS, "received", set()),
    "refund": (
        payment.RefundState,
        payment.RefundEvent,
        payment.REFUND_TRANSITIONS,
        "created",
        {"failed", "reversed"},
    ),
}
PAIRS = [
    pytest.param(table, state, event, id=f"{name}-{state}-{event}")
    for name, (states, events, table, _, _) in TABLES.items()
    for state, event in product(states, events)
]


@pytest.mark.parametrize(("table", "state", "event"), PAIRS)
def test_every_pair(table, state, event):
    if (state, event) in table:
        assert next_state(table, state, event) is table[state, event]
    else:
        with pytest.raises(IllegalTransition) as refused:
            next_state(table, state, event)
        assert (refused.value.state, refused.value.event) == (state, event)


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reached_and_every_event_happens(name):
    states, events, table, start, _ = TABLES[name]
    reached, frontier = set(), {states(start)}
    while frontier:
        reached |= frontier
        frontier = {target for (origin, _), target in table.items() if origin in reached} - reached
    assert reached == set(states)
    assert {event for _, event in table} == set(events)


@pytest.mark.parametrize("name", TABLES)
def test_where_it_ends(name):
    states, _, table, _, final = TABLES[name]
    assert {state.value for state in states if not events_from(table, state)} == final


def test_a_refusal_says_what_would_be_possible():
    with pytest.raises(IllegalTransition) as refused:
        next_state(document.TRANSITIONS, document.State.PAID, document.Event.VOID)
    assert refused.value.as_dict() == {
        "code": "illegal_transition",
        "message": "Not possible from the state paid: void.",
        "hint": "Possible from here: return_part, return_all.",
    }


def test_a_state_read_from_the_database_is_as_good_as_the_enum():
    assert next_state(document.TRANSITIONS, "final", document.Event.PAY_FULL) is document.State.PAID


def test_what_a_settlement_does_to_a_document():
    event = document.settlement_event
    assert event(1190, 0, 1190) is document.Event.PAY_FULL
    assert event(1190, 0, 500) is document.Event.PAY_PART
    assert event(1190, 500, 1190) is document.Event.PAY_FULL
    assert event(1190, 1190, 500) is document.Event.RETURN_PART
    assert event(1190, 500, 0) is document.Event.RETURN_ALL
    assert event(1190, 500, 500) is None
    assert event(0, 0, 0) is document.Event.PAY_FULL  # a free first month is paid at once
    for settled in (-1, 1191):
        with pytest.raises(InvalidInput, match="settled"):
            event(1190, 0, settled)


@pytest.mark.parametrize("total", [0, 1, 2, 1190])
def test_events_lead_to_the_state_that_the_amounts_say(total):
    levels = sorted({0, 1, total // 2, total} & set(range(total + 1)))
    for before, after in product(levels, levels):
        state = document.settled_state(total, before) if total else document.State.FINAL
        event = document.settlement_event(total, before, after)
        if event is not None:
            state = next_state(document.TRANSITIONS, state, event)
        assert state is document.settled_state(total, after)


def test_pitfall_07_money_that_comes_late_is_never_refused():
    for state in (document.State.FINAL, document.State.PARTLY_PAID, document.State.WRITTEN_OFF):
        assert next_state(document.TRANSITIONS, state, document.Event.PAY_FULL) is document.State.PAID
    for state in set(AttemptState) - {AttemptState.SUCCEEDED}:
        assert forward(state, AttemptState.SUCCEEDED) is AttemptState.SUCCEEDED
    expired = document.ProformaState.EXPIRED
    assert next_state(document.PROFORMA_TRANSITIONS, expired, document.ProformaEvent.SETTLE) == "settled"


def test_reports_in_any_order_only_lead_forward():
    assert forward(AttemptState.CREATED, AttemptState.REQUIRES_ACTION) is AttemptState.REQUIRES_ACTION
    assert forward(AttemptState.PROCESSING, AttemptState.REQUIRES_ACTION) is AttemptState.PROCESSING
    assert forward(AttemptState.REQUIRES_ACTION, AttemptState.CREATED) is AttemptState.REQUIRES_ACTION
    for outcome in AttemptState:
        assert forward(AttemptState.SUCCEEDED, outcome) is AttemptState.SUCCEEDED
        assert forward(forward(AttemptState.CREATED, outcome), outcome) is forward(AttemptState.CREATED, outcome)
        if outcome is not AttemptState.SUCCEEDED:
            assert forward(AttemptState.FAILED, outcome) is AttemptState.FAILED


def test_an_unknown_attempt_blocks_another_but_an_open_checkout_page_does_not():
    assert {"unknown", "processing", "created"} == payment.BLOCKS_ANOTHER
    assert payment.BLOCKS_ANOTHER < payment.UNRESOLVED
    assert AttemptState.REQUIRES_ACTION in payment.UNRESOLVED


def test_a_refund_hears_the_same_words_as_an_attempt():
    assert forward_refund(RefundState.CREATED, AttemptState.PROCESSING) is RefundState.PROCESSING
    assert forward_refund(RefundState.PROCESSING, AttemptState.UNKNOWN) is RefundState.UNKNOWN
    assert forward_refund(RefundState.UNKNOWN, AttemptState.SUCCEEDED) is RefundState.SUCCEEDED
    assert forward_refund(RefundState.CREATED, AttemptState.CANCELED) is RefundState.FAILED
    assert forward_refund(RefundState.SUCCEEDED, AttemptState.FAILED) is RefundState.SUCCEEDED
    assert forward_refund(RefundState.CREATED, AttemptState.CREATED) is RefundState.CREATED


def test_payment_lifts_only_a_suspension_for_debt():
    lifted = {reason for reason in subscription.SuspendedBy if subscription.lifted_by_payment(reason)}
    assert lifted == {subscription.SuspendedBy.DEBT}
    assert subscription.lifted_by_payment("debt")
    assert not subscription.lifted_by_payment("staff")


@pytest.mark.parametrize(
    ("lifecycle", "blocked", "seen", "work", "expected"),
    [
        ("wanted", False, Seen.NEVER, Work.NONE, Label.PENDING),
        ("wanted", False, Seen.NEVER, Work.QUEUED, Label.PROVISIONING),
        ("wanted", False, Seen.ABSENT, Work.QUEUED, Label.PROVISIONING),
        ("wanted", False, Seen.OPEN, Work.NONE, Label.ACTIVE),
        ("wanted", False, Seen.OPEN, Work.QUEUED, Label.ACTIVE),  # renewing
        ("wanted", True, Seen.OPEN, Work.QUEUED, Label.SUSPENDING),
        ("wanted", True, Seen.OPEN, Work.NONE, Label.SUSPENDING),
        ("wanted", True, Seen.BLOCKED, Work.NONE, Label.SUSPENDED),
        ("wanted", True, Seen.BLOCKED, Work.QUEUED, Label.SUSPENDED),
        ("wanted", False, Seen.BLOCKED, Work.QUEUED, Label.PROVISIONING),  # being restored
        ("wanted", False, Seen.BLOCKED, Work.NONE, Label.SUSPENDED),  # by the panel's staff: not ours to lift
        ("wanted", False, Seen.OPEN, Work.FAILED, Label.FAILED),
        ("wanted", True, Seen.OPEN, Work.UNKNOWN, Label.UNKNOWN),
        ("unwanted", False, Seen.OPEN, Work.QUEUED, Label.TERMINATING),
        ("unwanted", True, Seen.ABSENT, Work.NONE, Label.TERMINATING),
        ("unwanted", False, Seen.OPEN, Work.FAILED, Label.FAILED),
        ("gone", False, Seen.ABSENT, Work.NONE, Label.TERMINATED),
        ("gone", False, Seen.OPEN, Work.UNKNOWN, Label.TERMINATED),
    ],
)
def test_the_word_on_the_screen(lifecycle, blocked, seen, work, expected):
    assert label(lifecycle, blocked=blocked, seen=seen, work=work) is expected


def test_pitfalls_26_and_27_no_word_claims_what_the_panel_has_not_confirmed():
    shown = set()
    for lifecycle, blocked, seen, work in product(service.State, (False, True), Seen, Work):
        word = label(lifecycle, blocked=blocked, seen=seen, work=work)
        shown.add(word)
        if word is Label.ACTIVE:
            assert seen is Seen.OPEN
        if word is Label.SUSPENDED:
            assert seen is Seen.BLOCKED
        assert (word is Label.TERMINATED) == (lifecycle is service.State.GONE)
    assert shown == set(Label)


def test_doubt_about_a_payment_is_polled_for_five_days_and_then_shown_to_a_person():
    polls = [payment.next_poll(done) for done in range(8)]
    assert [poll and poll.total_seconds() for poll in polls] == [
        300, 3600, 86_400, 172_800, 259_200, 345_600, 432_000, None,
    ]  # fmt: skip
