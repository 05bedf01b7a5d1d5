"""Credits of the panel's own resellers: read, changed once, read back; what is not known is never called done."""

from dataclasses import replace

import pytest
from fault_tables import first_table
from spoiling import FAULTS, Spoiling

from billhead.plugin import NotAuthorised, Owner, PanelOutcomeUnknown, PanelRejected, PanelUnreachable
from billhead_xtream.credits import balance_in, price_in

CALLS = {"xui_admin": "adjust_credits", "classic": "reg_user.credits"}
READS = {"xui_admin": "get_user", "classic": "reg_user.list"}
REASON = "paid by transfer"


@pytest.fixture(params=CALLS)
def dialect(request):
    return request.param


@pytest.fixture
def to(dialect, connect, classic, sandbox):
    """A connection in this dialect; the panel's reseller 2 has 100 credits."""
    sandbox.state.store.update("users", {"credits": 100}, "id = 2", ())
    return connect if dialect == "xui_admin" else classic


@pytest.fixture
def credit(sandbox):
    return lambda: sandbox.state.store.row("SELECT credits FROM users WHERE id = 2")["credits"]


@pytest.fixture
def rita(module, to):
    return next(one for one in module.owners(to()) if one.remote_id == "2")


def test_credits_are_given_and_taken_and_read_back(module, to, rita, credit, sandbox, dialect):
    more = module.change_credits(to(), rita, 50_00, REASON)
    assert more == replace(rita, credits_minor=150_00)
    less = module.change_credits(to(), more, -20_00, REASON)
    assert (less.credits_minor, credit()) == (130_00, 130)
    logged = sandbox.state.store.rows("SELECT reason FROM users_credits_logs")
    assert [row["reason"] for row in logged] == ([REASON, REASON] if dialect == "xui_admin" else [])


@pytest.mark.parametrize(
    ("owner", "amount", "why"),
    [
        (Owner("2", "rita", 99_00), 50_00, "another credit"),  # somebody was faster, or this was sent already
        (Owner("2", "rita", 100_00), -101_00, "fewer credits"),
        (Owner("2", "rita", 100_00), 50, "whole numbers"),
        (Owner("77", "nobody", 100_00), 50_00, "no reseller 77"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_sent(module, to, credit, calls, dialect, owner, amount, why):
    calls()
    with pytest.raises(PanelRejected, match=why):
        module.change_credits(to(), owner, amount, REASON)
    assert (credit(), CALLS[dialect] in {name.removeprefix("classic.") for name in calls()}) == (100, False)


def outcome(fault):
    """What the panel did shows in the credit; what it did not do may still come."""
    return "done" if FAULTS[fault][0] else "unknown"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_change_whose_answer_was_lost(module, to, rita, credit, connect, dialect, fault):
    panel, spoiling = to(), Spoiling(CALLS[dialect], fault)
    spoilt = replace(panel, http=panel.http.through(spoiling))
    if outcome(fault) == "done":
        assert module.change_credits(spoilt, rita, 50_00, REASON).credits_minor == 150_00
    else:
        with pytest.raises(PanelOutcomeUnknown):
            module.change_credits(spoilt, rita, 50_00, REASON)
    spoilt.http.close()
    assert spoiling.struck
    done = credit()
    assert done == (150 if outcome(fault) == "done" else 100)
    if done == 150:  # and the same form once more
        with pytest.raises(PanelRejected, match="another credit"):
            module.change_credits(panel, rita, 50_00, REASON)
        assert credit() == 150


def before_it(dialect, fault):
    return "not authorised" if (dialect, fault) == ("classic", "empty") else "unreachable"


def test_a_question_before_it_that_fails_sends_nothing(module, to, rita, credit, dialect):
    for fault in FAULTS:
        panel, spoiling = to(), Spoiling(READS[dialect], fault)
        spoilt = replace(panel, http=panel.http.through(spoiling))
        with pytest.raises(NotAuthorised if before_it(dialect, fault) == "not authorised" else PanelUnreachable):
            module.change_credits(spoilt, rita, 50_00, REASON)
        spoilt.http.close()
        assert (spoiling.struck, credit()) == (True, 100)


def test_a_change_that_can_not_be_read_back_is_in_doubt(module, to, rita, dialect):
    panel = to()
    spoilt = replace(panel, http=panel.http.through(Spoiling(READS[dialect], "HTML", skip=1)))
    with pytest.raises(PanelOutcomeUnknown):
        module.change_credits(spoilt, rita, 50_00, REASON)
    spoilt.http.close()


def test_another_change_in_the_same_moment_is_in_doubt(module, to, rita, sandbox, monkeypatch):
    real = sandbox.state.store.update

    def update(table, row, *where):
        return real(table, {"credits": row["credits"] + 7} if "credits" in row else row, *where)

    monkeypatch.setattr(sandbox.state.store, "update", update)
    with pytest.raises(PanelOutcomeUnknown, match="shows another credit"):
        module.change_credits(to(), rita, 50_00, REASON)


def test_the_table_in_the_docs_is_this_matrix():
    cells = [outcome(fault) for fault in FAULTS]
    rows = [[call, *cells, "`test_a_change_whose_answer_was_lost`"] for call in CALLS.values()]
    for dialect, call in READS.items():
        cells = [before_it(dialect, fault) for fault in FAULTS]
        rows.append([f"{call}, before it", *cells, "`test_a_question_before_it_that_fails_sends_nothing`"])
    assert first_table("### Credits of resellers") == [["call", *FAULTS, "test"], *rows]


@pytest.mark.parametrize(
    ("written", "there", "asked"),
    [
        (7, 700, 700),
        ("3.10", 310, 310),
        ("3.105", 310, 311),
        ("0.004", 0, 1),  # not free
        ("-2.505", -250, -251),
        (None, None, None),
        ("NaN", None, None),
        ("Infinity", None, None),
        ("many", None, None),
    ],
)
def test_a_balance_is_never_more_than_there_is_and_a_price_never_less_than_is_asked(written, there, asked):
    assert (balance_in(written), price_in(written)) == (there, asked)
