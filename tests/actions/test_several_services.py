"""A line and a box of one subscription: ordered, paid, changed and ended as one wish, on a real panel."""

from datetime import UTC, datetime

import pytest
from box_shop import MAG, STREAM, SYSTEM, BoxShop
from sqlalchemy import select

from billhead import clock
from billhead.actions.subscriptions._services import pairs_among
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel
from two_panels import BOX


@pytest.fixture
def shop(operator):
    return BoxShop(operator)


@pytest.fixture
def hung_on(monkeypatch):
    """A panel that pairs; what each box was hung on when it was written, by the box's reference."""
    from dataclasses import replace

    from billhead_xtream.module import XtreamModule

    seen, able, apply = [], XtreamModule.capabilities, XtreamModule.apply

    def watching(self, panel, step):
        if step.desired.mac:
            seen.append(step.desired.pair)
        return apply(self, panel, step)

    monkeypatch.setattr(XtreamModule, "capabilities", lambda self, panel: replace(able(self, panel), pairs=True))
    monkeypatch.setattr(XtreamModule, "apply", watching)
    return seen


def test_line_and_box_are_sold_changed_and_renewed_as_one(shop):
    """Two screens more at the order, Sport in the middle of the month, both given up at its end."""
    subscription = shop.bought("home", ("screen", 2))
    line, box = shop.held()
    assert (line.connections, box.connections, box.mac) == (3, 1, BOX)  # one by the plan and two more; a box has one
    assert line.ends == box.ends == datetime(2026, 12, 25, tzinfo=UTC)  # a month, and three days of grace
    assert line.bouquets == box.bouquets == {"5"}

    clock.move_business_clock(datetime(2026, 12, 7, 12, tzinfo=UTC))
    offered = shop.change(subscription, ("screen", 2), ("sport", 1))
    assert offered.state == "offered"
    shop.operator.work()
    assert shop.held()[0].bouquets == {"5"}, "not before it is paid"
    assert shop.pay(offered.document_id) == 500  # 10.00 × 15 / 30
    line, box = shop.held()
    assert line.bouquets == box.bouquets == {"3", "5"}

    planned = shop.change(subscription)
    assert (planned.state, planned.effective_on) == ("scheduled", "2026-12-22")
    shop.operator.work()
    assert shop.held()[0].connections == 3, "paid until the end of the month"
    clock.move_business_clock(datetime(2026, 12, 22, 1, tzinfo=UTC))
    shop.do(begin_scheduled, 0)
    shop.operator.work()
    line, box = shop.held()
    assert (line.connections, box.connections) == (1, 1)
    assert line.bouquets == box.bouquets == {"5"}
    assert [one.sync for one in shop.services(subscription)] == ["ok", "ok"]


def test_a_block_reaches_both_and_so_does_its_end(shop):
    subscription = shop.bought()
    shop.do(suspend, subscription, because="staff")
    shop.operator.work()
    assert [one.blocked for one in shop.held()] == [True, True]


def test_a_box_hangs_on_its_line_where_the_panel_pairs_them(shop, hung_on):
    line, box = shop.services(shop.bought())
    assert box.paired_with_id == line.id
    assert [(pair.ref, pair.data["line_id"]) for pair in hung_on] == [(line.handle, line.handle_data["line_id"])]
    assert shop.operator.reconcile("xtream").differences == 0


def test_a_box_waits_for_its_line_and_goes_on_by_itself(shop, hung_on):
    started = shop.order()
    shop.operator.fault("status", "xtream.create_line", status=503)
    shop.pay(started.document_id)
    line, box = shop.services(started.subscription_id)
    assert (line.sync, box.sync) == ("unknown", "pending")
    assert box.sync_error.startswith(f"waits for its stream line {line.login}")
    assert shop.operator.on("xtream") == []

    shop.operator.heal()
    assert [one.sync for one in shop.services(started.subscription_id)] == ["ok", "ok"]
    assert [pair.ref for pair in hung_on] == [line.handle]


def test_a_line_that_was_made_anew_gets_its_box_back(shop, hung_on):
    line, box = shop.services(shop.bought())
    row = next(row for row in shop.operator.sandbox.state.lines() if row["username"] == line.login)
    shop.operator.sandbox.state.store.run("DELETE FROM lines WHERE id = ?", (row["id"],))
    shop.operator.want(line.id, desired_connections=2)
    shop.operator.work()
    again = shop.services(line.subscription_id)[0]
    assert again.handle_data["line_id"] != line.handle_data["line_id"]
    assert not [job for job in shop.operator.jobs(box.id) if job.state == "queued"]
    assert len(shop.operator.jobs(box.id)) == 2, "the box was looked at again"


def test_screens_are_not_sold_for_a_box(shop):
    with pytest.raises(InvalidInput, match="which has one screen"):
        shop.order("box", ("screen", 1))
    shop.bought("box", ("sport", 1))
    assert shop.operator.only("xtream").bouquets == {"3", "5"}


def test_a_pair_is_on_one_panel_or_nowhere(shop):
    operator = shop.operator
    with writing(SYSTEM) as tx:
        full = tx.session.get_one(Panel, operator.panels["xtream"])
        full.group, full.capacity = "all", 1
        other = tx.session.get_one(Panel, operator.panels["stalker"])
        other.group, other.weight, other.capacity = "all", 100, 3
        plan = tx.session.scalars(select(Plan).where(Plan.code == "home")).one()
        plan.details = {"services": [{**STREAM, "panel": "all"}, {**MAG, "panel": "all"}]}
    first = shop.services(shop.order().subscription_id)
    assert [one.panel_id for one in first] == [operator.panels["stalker"]] * 2
    with pytest.raises(Conflict, match="full"):  # a place is left on each
        shop.order(mac="00:1A:79:AA:BB:02")


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        ("s m", {1: 0}),
        ("m s", {}),
        ("s s m m", {2: 1, 3: 0}),
        ("s m m", {1: 0}),
        ("s s", {}),
    ],
)
def test_each_box_goes_with_a_line_of_its_own(lines, pairs):
    kinds = {"s": "stream", "m": "mag"}
    assert pairs_among([{"kind": kinds[one], "panel": "p"} for one in lines.split()]) == pairs


def test_a_line_on_the_same_panel_is_rather_taken():
    assert pairs_among(
        [{"kind": "stream", "panel": "a"}, {"kind": "stream", "panel": "b"}, {"kind": "mag", "panel": "a"}]
    ) == {2: 0}
