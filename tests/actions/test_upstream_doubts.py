"""Purchases whose outcome is in doubt: what is sent too late, what breaks, what a person may decide and when."""

from dataclasses import replace
from datetime import date

import pytest

from billhead.actions.panels.choose_packages import ChosenPackage, choose_packages
from billhead.actions.provisioning import _buying
from billhead.actions.provisioning.buy_again import buy_again
from billhead.actions.provisioning.decide_purchase import decide_purchase
from billhead.actions.provisioning.link_purchase import link_purchase
from billhead.actions.provisioning.resolve_purchase import resolve_purchase
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.plugin import Resolution
from billhead.plugin_host import plugins
from billhead.testing import Break

STAFF = Context("staff:1", Role.STAFF, Scope(), frozenset({"panels.write"}), reason="looked on the panel")


def held_up(upstream, monkeypatch, *, at, meanwhile=lambda: None, **passing):
    """The process that buys stops there for so long."""

    def stop(point):
        if point == at:
            monkeypatch.setattr(_buying, "crash_point", lambda _point: None)
            upstream.wait(**passing)
            meanwhile()

    monkeypatch.setattr(_buying, "crash_point", stop)


@pytest.mark.parametrize(("minutes", "bought"), [(4, 1), (6, 0), (20, 0)])
def test_what_was_held_up_for_too_long_is_not_sent(upstream, monkeypatch, minutes, bought):
    line = upstream.line()
    held_up(upstream, monkeypatch, at="purchase.committed", minutes=minutes)
    answer = upstream.converge(line)
    assert (len(upstream.bought()), answer.panel_down) == (bought, False)
    upstream.heal()
    assert (len(upstream.bought()), upstream.states()) == (1, ["bought"])


def test_a_purchase_that_was_given_up_and_then_bought_is_told(upstream, monkeypatch):
    line = upstream.line()

    def give_up():
        with writing(STAFF) as tx:
            decide_purchase(tx, upstream.purchases()[0].id, False)

    held_up(upstream, monkeypatch, at="purchase.sent", meanwhile=give_up, minutes=20)
    upstream.converge(line)
    (row,) = upstream.purchases()
    (event,) = upstream.events("purchase.bought_after_all")
    assert (event.data["purchase_id"], "bought after all" in row.history[-1]["why"]) == (row.id, True)


def test_what_was_found_to_be_bought_meanwhile_is_nothing_to_tell(upstream, monkeypatch):
    line = upstream.line()
    found = lambda: resolve_purchase(upstream.ctx, upstream.purchases()[0].id)  # noqa: E731
    held_up(upstream, monkeypatch, at="purchase.sent", meanwhile=found, minutes=20)
    upstream.converge(line)
    assert (upstream.states(), upstream.events("purchase.bought_after_all")) == (["bought"], [])


def test_a_module_that_breaks_while_it_looks_leaves_the_decision_to_a_person(upstream, monkeypatch):
    line = upstream.line()
    upstream.killed_while_buying(line, "purchase.sent")
    (row,) = upstream.purchases()
    with writing(STAFF) as tx, pytest.raises(Conflict, match="right now"):
        decide_purchase(tx, row.id, True)
    upstream.wait(minutes=16)

    def breaks(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(plugins().module("selling"), "resolve", breaks)
    assert resolve_purchase(upstream.ctx, row.id).why == "the module broke with ZeroDivisionError"
    assert upstream.states() == ["unknown"]
    with writing(STAFF) as tx:
        decide_purchase(tx, row.id, True)
    assert upstream.states() == ["bought"]


def test_whoever_sent_it_is_dead_and_a_person_need_not_wait_for_a_look(upstream):
    line = upstream.line()
    upstream.killed_while_buying(line, "purchase.committed")
    upstream.wait(minutes=16)
    with writing(STAFF) as tx:
        decide_purchase(tx, upstream.purchases()[0].id, False)
    upstream.work()
    assert (upstream.service(line).sync, len(upstream.bought())) == ("ok", 1)


def test_only_the_newest_period_is_bought_again(upstream):
    line = upstream.line()
    upstream.work()
    upstream.pay(line, date(2027, 1, 22))
    upstream.work()
    first, second = upstream.purchases()
    upstream.panel.lines.clear()
    with upstream.writing() as tx, pytest.raises(Conflict, match=f"purchase {second.id} bought again first"):
        buy_again(tx, first.id)
    for row in (second, first):
        with upstream.writing() as tx:
            buy_again(tx, row.id)
    upstream.work()
    assert (len(upstream.bought()), upstream.service(line).sync) == (4, "ok")


@pytest.mark.parametrize(
    ("term", "package", "fits"),
    [("1 month", "p30", True), ("3 months", "p90", True), ("2 months", "p90", True), ("6 weeks", "p30", True),
     ("3 months", "p30", False), ("1 month", "p90", False), ("1 year", "p90", False)],
)  # fmt: skip
def test_a_package_is_about_as_long_as_the_term_that_it_is_bought_for(upstream, term, package, fits):
    chosen = [ChosenPackage("tv", term, package)]
    if fits:
        assert choose_packages(STAFF, upstream.panel_id, chosen) == 1
        return
    with pytest.raises(InvalidInput, match="about as long"):
        choose_packages(STAFF, upstream.panel_id, chosen)


def test_a_403_after_the_purchase_is_no_proof_against_it(upstream):
    line = upstream.line()
    upstream.breaks.break_request(4, Break.FORBIDDEN)  # the read after it
    upstream.work()
    assert (len(upstream.bought()), upstream.states()) == (1, ["unknown"])
    upstream.heal()
    assert (len(upstream.bought()), upstream.states(), upstream.service(line).sync) == (1, ["bought"], "ok")


def stands_under_another_number(upstream, monkeypatch) -> tuple[int, int]:
    """Bought, the answer lost, and the panel's line is found by nothing that we know: the line and its purchase."""
    monkeypatch.setattr(plugins().module("selling"), "resolve", lambda *_: Resolution.STILL_UNKNOWN)
    line = upstream.line()
    upstream.break_buying(Break.BEFORE_ANSWER)
    upstream.work()
    upstream.breaks.mend()
    (kept,) = upstream.panel.lines.values()
    upstream.panel.lines = {
        "77": {**kept, "ref": "77"}, "78": {**kept, "ref": "78", "login": "stranger"},
    }  # fmt: skip
    assert (upstream.states(), upstream.service(line).handle_data) == (["unknown"], {})
    return line, upstream.purchases()[0].id


def test_a_line_whose_number_was_lost_is_linked_by_its_number(upstream, monkeypatch):
    line, purchase = stands_under_another_number(upstream, monkeypatch)
    nobody = replace(STAFF, permissions=frozenset())
    with pytest.raises(NotAllowed):
        link_purchase(nobody, purchase, "77")
    for number, why in (("x", "is digits"), ("79", "no line 79 of ours"), ("78", "stranger's")):
        with pytest.raises(InvalidInput, match=why):
            link_purchase(STAFF, purchase, number)
    upstream.breaks.break_request(1, Break.BEFORE_ANSWER)
    with pytest.raises(InvalidInput, match="could not be asked"):
        link_purchase(STAFF, purchase, "77")
    assert upstream.states() == ["unknown"]  # none of that decided anything

    upstream.breaks.mend()
    assert link_purchase(STAFF, purchase, " 77 ").state == "bought"
    upstream.work()
    assert (upstream.service(line).sync, upstream.service(line).handle_data) == ("ok", {"ref": "77"})
    assert (len(upstream.bought()), len(upstream.panel.lines)) == (1, 2)  # nothing bought or made anew
    with pytest.raises(Conflict, match="known already"):
        link_purchase(STAFF, purchase, "78")


def test_a_line_is_linked_after_its_purchase_was_decided_too(upstream, monkeypatch):
    line, purchase = stands_under_another_number(upstream, monkeypatch)
    with writing(STAFF) as tx:
        decide_purchase(tx, purchase, True)
    upstream.work()
    assert upstream.service(line).sync == "impossible"
    link_purchase(STAFF, purchase, "77")
    upstream.work()
    assert (upstream.service(line).sync, upstream.states(), len(upstream.bought())) == ("ok", ["bought"], 1)
