"""The reseller API, trap by trap: what is bought is bought once, foreign lines are left alone, nothing is guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billhead.plugin import (
    Absent,
    Due,
    Found,
    Gone,
    Impossible,
    InvalidInput,
    LineKind,
    PanelOutcomeUnknown,
    PanelOutOfCredit,
    PanelRejected,
    Purchase,
    Resolution,
)
from billhead_sandbox.panel.xtream import sessions

KEY = "fedcba9876543210fedcba9876543210"
MONTH = Due("1", 100)


@pytest.fixture
def resold(connect, sandbox):
    return connect(url=f"{sandbox.url}/resell/", api_key=KEY, dialect="xui_reseller")


@pytest.fixture
def wanted(desired):
    """A line of which a month is due."""

    def line(**fields):
        return desired(
            **{"login": "anna-long", "password": "secret-long", "bouquets": frozenset(), "due": MONTH, **fields}
        )

    return line


@pytest.fixture
def buy(module, resold):
    """Look up, plan, buy the purchase that comes of it; what is free is not done here."""

    def bought(line):
        return module.buy(resold, step(line))

    def step(line):
        seen = module.look_up(resold, line)
        found = seen.observed if isinstance(seen, Found) else None
        (purchase,) = [each for each in module.plan(resold, line, found) if isinstance(each, Purchase)]
        return replace(purchase, balance_minor=module.balance(resold))

    bought.step = step
    return bought


def credit(sandbox):
    return sandbox.state.store.value("SELECT credits FROM users WHERE api_key = ?", (KEY,))


def test_a_month_costs_a_credit_and_the_next_one_goes_on_from_its_end(buy, module, resold, wanted, sandbox):
    first = buy(wanted())
    second = buy(wanted())
    assert (second.expires_at - first.expires_at, credit(sandbox)) == (timedelta(days=30), 98)
    assert module.balance(resold) == 9800
    assert module.plan(resold, replace(wanted(), due=None), second) == []


@pytest.mark.parametrize("kind", [LineKind.MAG, LineKind.ENIGMA2])
def test_boxes_are_bought_blocked_and_deleted(buy, module, resold, wanted, stored, kind):
    box = wanted(kind=kind, mac="00:1A:79:AA:BB:01")
    kept = replace(box, handle=replace(box.handle, data=buy(box).handle_data), due=None)
    blocked = replace(kept, blocked=True)
    (step,) = module.plan(resold, blocked, module.look_up(resold, kept).observed)
    assert module.apply(resold, step).blocked is True
    assert module.remove(resold, kept) == Gone()
    assert stored() == []


def test_a_trial_costs_nothing_and_only_some_bouquets_may_be_taken(buy, wanted, stored, sandbox):
    buy(wanted(trial=True, bouquets=frozenset({"2"})))
    row = stored("anna-long")
    assert (row["is_trial"], row["bouquet"], credit(sandbox)) == (1, "[2]", 100)


def test_no_credit_and_a_wrong_package_buy_nothing(buy, wanted, stored, sandbox):
    with pytest.raises(PanelRejected, match="does not offer"):
        buy(wanted(due=Due("99", 100)))
    sandbox.state.catalogue.products[0]["types"] = ["mag"]
    with pytest.raises(PanelRejected, match="INVALID_TYPE"):
        buy(wanted())
    sandbox.state.catalogue.products[0]["types"] = ["line"]
    sandbox.state.store.run("UPDATE users SET credits = 0")
    with pytest.raises(PanelOutOfCredit):
        buy(wanted())
    assert stored() == []


def test_a_package_that_became_dearer_is_not_bought(buy, wanted, sandbox):
    sandbox.state.catalogue.products[0]["official_credits"] = 2
    with pytest.raises(PanelRejected, match="more than when it was chosen"):
        buy(wanted())
    assert credit(sandbox) == 100


def test_a_price_that_cannot_be_read_is_not_free(buy, module, resold, wanted, sandbox):
    step = buy.step(wanted())
    sandbox.state.catalogue.products[0]["official_credits"] = "on request"
    with pytest.raises(PanelRejected, match="does not say how many credits"):
        module.buy(resold, step)
    assert (credit(sandbox), set(module.catalogue(resold).packages)) == (100, {"2", "3"})


@pytest.mark.parametrize("status", [403, 404, 429])
def test_whatever_a_read_says_after_a_purchase_the_purchase_is_in_doubt(buy, module, resold, wanted, sandbox, status):
    buy(wanted())
    step = buy.step(wanted())
    sandbox.state.faults.add(kind="status", status=status, match="reseller.get_line", skip=1, count=1)
    with pytest.raises(PanelOutcomeUnknown):
        module.buy(resold, step)
    assert (credit(sandbox), module.resolve(resold, step)) == (98, Resolution.BOUGHT)


def test_what_only_the_next_package_brings_is_told_and_holds_up_no_switch(buy, module, resold, wanted):
    seen = buy(wanted())
    more = replace(wanted(connections=5, bouquets=frozenset({"2"})), due=None)
    steps = module.plan(resold, more, seen)
    assert {step.field for step in steps} == {"connections", "bouquets"}
    assert all(isinstance(step, Impossible) and "next package" in step.why for step in steps)
    (switch,) = module.plan(resold, replace(more, blocked=True), seen)
    assert switch.changes == {"blocked"}


def test_somebody_elses_line_is_never_switched_renewed_or_deleted(module, resold, wanted, sandbox, stored):
    """The panel's switches and its delete would do it without asking whose it is."""
    line = {"username": "foreign-line", "password": "x", "member_id": 1, "exp_date": 2_000_000_000}
    foreign = sandbox.state.store.insert("lines", line)
    ours = wanted(data={"line_id": foreign, "ref": "A2B3C4D5E6F"}, due=None)
    assert isinstance(module.look_up(resold, ours), Absent)
    assert module.remove(resold, ours) == Gone()
    sandbox.state.store.update("lines", {"member_id": 2}, "id = ?", (foreign,))
    assert not isinstance(module.look_up(resold, ours), Found | Absent)
    module.remove(resold, ours)
    assert stored("foreign-line")["enabled"] == 1


def test_short_names_and_unasked_purchases_are_impossible(module, resold, wanted):
    for line, field in ((wanted(login="anna"), "login"), (wanted(password="short"), "password")):
        assert field in {step.field for step in module.plan(resold, line, None) if isinstance(step, Impossible)}
    (step,) = module.plan(resold, wanted(due=None), None)
    assert isinstance(step, Impossible)


@pytest.mark.parametrize("kind", ["crash", "empty", "html", "truncated"])
@pytest.mark.parametrize("renewal", [False, True])
def test_a_lost_answer_is_found_out_without_buying(buy, module, resold, wanted, sandbox, kind, renewal):
    if renewal:
        buy(wanted())
    step = buy.step(wanted())
    sandbox.state.faults.add(kind=kind, match="reseller.edit_line" if renewal else "reseller.create_line", count=1)
    with pytest.raises(PanelOutcomeUnknown):
        module.buy(resold, step)
    before = credit(sandbox)
    assert module.resolve(resold, step) is Resolution.BOUGHT
    assert credit(sandbox) == before == 98 + (not renewal)


def test_where_no_list_works_our_credit_tells_what_it_can(buy, module, resold, wanted, sandbox):
    sandbox.state.change_settings({"xtream": {"version": "2.1.2"}})
    step = buy.step(wanted())
    assert module.resolve(resold, step) is Resolution.NOT_BOUGHT
    sandbox.state.faults.add(kind="empty", match="reseller.create_line", count=1)
    with pytest.raises(PanelOutcomeUnknown):
        module.buy(resold, step)
    assert module.resolve(resold, step) is Resolution.STILL_UNKNOWN
    with pytest.raises(PanelRejected, match="EXISTS_USERNAME"):
        module.buy(resold, step)
    assert credit(sandbox) == 99


def test_packages_are_offered_with_price_and_length(module, resold):
    offered = module.catalogue(resold).packages
    assert {code: (each.term, each.cost_minor, each.trial_term) for code, each in offered.items()} == {
        "1": ("30 days", 100, "1 day"), "2": ("90 days", 300, "1 day"), "3": ("365 days", 1000, "1 day"),
    }  # fmt: skip
    assert "100 credits left" in module.check(resold)


def test_who_watches_and_who_watched_is_told_of_our_lines_alone(module, resold, wanted, buy, sandbox):
    line = wanted()
    kept = replace(line, handle=replace(line.handle, data=buy(line).handle_data))
    foreign = sandbox.state.store.insert("lines", {"username": "foreign-line", "password": "x", "member_id": 1})
    for line_id in (kept.handle.data["line_id"], foreign):
        sessions.watch(sandbox.state, line_id, 1, None)
        sessions.watch(sandbox.state, line_id, 1, 60)
    (running,) = module.live_sessions(resold, kept)
    assert running.ip == "203.0.113.7"
    told = module.capabilities(resold)
    assert (told.live, bool(told.viewings), told.kick) == (True, True, False)
    assert "cuts no session" in told.lacks[0]
    now = datetime.fromtimestamp(sandbox.state.clock.now(), UTC)
    (seen,) = module.viewings(resold, now - timedelta(hours=1), now + timedelta(hours=1))
    assert (seen.login, seen.ended_at - seen.began_at) == ("anna-long", timedelta(minutes=1))
    elsewhere = replace(kept, handle=replace(kept.handle, data={"line_id": foreign}))
    assert module.live_sessions(resold, elsewhere) == []


def test_a_box_that_is_bought_with_a_line_hangs_on_it_and_costs_its_own_package(module, resold, wanted, buy, stored):
    line = wanted()
    lead = replace(line.handle, data=buy(line).handle_data)
    box = wanted(kind=LineKind.MAG, mac="00:1A:79:AA:BB:01", ref="BOXBOXBOX", pair=lead)
    bought = buy(box)
    assert bought.handle_data["pair"] == lead.data["line_id"] == stored("00:1A:79:AA:BB:01")["pair_id"]
    assert (bought.expires_at, module.balance(resold)) == (module.look_up(resold, line).observed.expires_at, 9800)


def test_of_a_box_that_follows_its_line_only_our_credit_tells_a_renewal(module, resold, wanted, buy, sandbox):
    """Its line was renewed while the answer to its own purchase was lost: its end has moved, and proves nothing."""
    line = wanted()
    lead = replace(line.handle, data=buy(line).handle_data)
    box = wanted(kind=LineKind.MAG, mac="00:1A:79:AA:BB:01", ref="BOXBOXBOX", pair=lead)
    buy(box)
    step = buy.step(box)
    sandbox.state.store.run("UPDATE lines SET exp_date = exp_date + 86400")
    assert module.resolve(resold, step) is Resolution.NOT_BOUGHT
    sandbox.state.store.run("UPDATE users SET credits = credits - 1")
    assert module.resolve(resold, step) is Resolution.STILL_UNKNOWN


def test_a_line_is_found_by_the_number_that_somebody_read_on_the_panel(module, resold, wanted, buy, sandbox):
    """The log of purchases does not answer, so nothing but its number leads to it."""
    line = wanted()
    bought = buy(line)
    sandbox.state.faults.add(kind="empty", match="xtream.*user_logs*")
    number = str(bought.handle_data["line_id"])
    named = replace(line, handle=replace(line.handle, data=module.handle_for(resold, line, number)))
    seen = module.look_up(resold, named)
    assert isinstance(seen, Found)
    assert seen.observed.handle_data["line_id"] == int(number)
    stranger = replace(named, login="someone-else", handle=replace(named.handle, ref="zzzz2345"))
    assert not isinstance(module.look_up(resold, stranger), Found)
    for wrong in ("", "0", "-1", "x7", "７"):
        with pytest.raises(InvalidInput):
            module.handle_for(resold, line, wrong)
