"""Lines are moved from the portal to the Xtream panel: proven there first, told once, and brought back if need be."""

import pytest
from sqlalchemy import func, select

from two_panels import BOX, NEW_YEAR


@pytest.fixture
def moving(operator):
    from billhead.models.catalogue import PlanBouquet

    with operator._writing() as tx:
        tx.session.add(PlanBouquet(plan_id=operator.plan_id, bouquet_id=operator.bouquets["sport"]))
    return operator


def ask(operator, source="stalker", to="xtream", **wish):
    from billhead.actions.moving.ask_move import ask_move

    with operator._writing() as tx:
        return ask_move(tx, operator.panels[source], operator.panels[to], **wish).move_id


def go_on(operator, seconds=6, rounds=4):
    for _ in range(rounds):
        operator.work()
        operator.wait(seconds=seconds)
    operator.work()


def move(operator, key):
    from billhead.models.moves import PanelMove

    return operator._read(lambda session: session.get_one(PanelMove, key))


def lines(operator, key):
    from billhead.models.moves import PanelMoveLine

    mine = select(PanelMoveLine).where(PanelMoveLine.move_id == key).order_by(PanelMoveLine.service_id)
    return operator._read(lambda session: list(session.scalars(mine)))


def told(operator, *service_ids):
    """How often the customer was told of these lines."""
    from billhead.models.operations import Notice

    rows = operator._read(lambda session: list(session.scalars(select(Notice).where(Notice.kind == "access"))))
    return sum(row.data["service_id"] in service_ids for row in rows)


def money(operator):
    """Everything that billing could have written."""
    from billhead.models.documents import Document
    from billhead.models.ledger import LedgerEntry
    from billhead.models.subscriptions import Subscription, SubscriptionEvent

    def all_of(session):
        counts = [
            session.scalar(select(func.count()).select_from(t)) for t in (Document, LedgerEntry, SubscriptionEvent)
        ]
        rows = session.execute(select(Subscription.state, Subscription.version, Subscription.paid_through)).all()
        return counts, rows

    return operator._read(all_of)


def test_lines_are_proven_told_and_the_old_place_goes_after_its_time(moving):
    first = moving.line("stalker", bouquets=["kids"])
    second = moving.line("stalker")
    moving.work()
    before = money(moving)

    key = ask(moving, grace_hours=24)
    go_on(moving)
    one, two = lines(moving, key)
    assert (move(moving, key).state, one.state, two.state) == ("standing", "moved", "moved"), (one.reason, two.reason)
    there = {line.login: line for line in moving.on("xtream")}
    assert set(there) == {"viewer1", "viewer2"}
    assert (there["viewer1"].ends, there["viewer1"].bouquets, there["viewer2"].bouquets) == (
        NEW_YEAR,
        {"3", "5"},
        {"3"},
    )
    assert moving.lets_in("xtream", "viewer1", "correct-horse")
    assert len(moving.on("stalker")) == 2
    assert (told(moving, one.new_service_id), told(moving, first), told(moving, second)) == (1, 1, 1)
    assert moving.service(first).lifecycle == "leaving"
    assert moving.service(one.new_service_id).moved_from_id == first
    assert moving.reconcile("stalker").differences == 0
    assert moving.reconcile("xtream").differences == 0

    moving.wait(hours=25)
    go_on(moving)
    assert moving.on("stalker") == [] or all(line.blocked for line in moving.on("stalker"))
    assert moving.service(first).lifecycle == "gone"
    assert [line.state for line in lines(moving, key)] == ["left", "left"]
    assert move(moving, key).state == "done"
    assert told(moving, one.new_service_id) == 1
    assert money(moving) == before


def test_a_strangers_line_is_untouched_and_ours_stays_where_it_is(moving):
    stays = moving.line("stalker", login="anna")
    moving.line("stalker")
    moving.work()
    store = moving.sandbox.state.store
    store.insert("lines", {"username": "anna", "password": "theirs", "bouquet": "[3]", "max_connections": 1,
                           "admin_notes": "", "exp_date": None, "allowed_outputs": "[1,2]"})  # fmt: skip
    theirs = [row for row in moving.on("xtream") if row.login == "anna"]
    key = ask(moving, grace_hours=0)
    go_on(moving, seconds=60, rounds=8)
    one, two = lines(moving, key)
    assert (one.state, one.code, two.state) == ("kept", "refused", "left")
    assert "does not carry our reference" in one.reason
    assert [row for row in moving.on("xtream") if row.login == "anna"] == theirs
    assert moving.service(stays).lifecycle == "wanted"
    assert [line.login for line in moving.on("stalker") if not line.blocked] == ["anna"]
    assert moving.service(one.new_service_id).lifecycle == "gone"
    assert told(moving, one.new_service_id) == 0


def test_what_the_target_lacks_is_counted_before_and_listed_after(moving):
    from billhead.actions.moving._figures import preview_move
    from billhead.models.panels import Panel

    moving.line("stalker", bouquets=["late"])
    moving.line("stalker", paid_until=None)
    moving.line("stalker")
    moving.line("stalker")
    moving.work()
    moving.change(Panel, moving.panels["xtream"], capacity=2)
    ids = (moving.panels["stalker"], moving.panels["xtream"], None)
    seen = moving._read(lambda session: preview_move(session, *ids).as_dict())
    assert seen == {"lines": 4, "moves": 2, "room": 2, "stays": {"bouquets": 1}, "unnamed_bouquets": {"Late": 1},
                    "without_owner": 0, "unpaid": 1}  # fmt: skip
    key = ask(moving)
    go_on(moving)
    assert [(line.state, line.code) for line in lines(moving, key)] == [
        ("kept", "bouquets"), ("left", ""), ("moved", ""), ("kept", "full"),
    ]  # fmt: skip
    unpaid = moving.service(lines(moving, key)[1].service_id)
    assert (unpaid.panel_id, unpaid.lifecycle) == (moving.panels["xtream"], "wanted")


def test_it_is_undone_while_the_old_places_stand(moving):
    from billhead.actions.moving.undo_move import undo_move
    from billhead.domain.errors import Conflict

    first = moving.line("stalker")
    moving.work()
    key = ask(moving)
    go_on(moving)
    (one,) = lines(moving, key)
    moving.want(one.new_service_id, password="new-horse", previous_password=moving.service(first).password)
    moving.work()  # a new password at the new place closes the old one
    assert moving.service(first).lifecycle != "leaving"
    second = moving.line("stalker")
    moving.work()
    key = ask(moving)
    go_on(moving)
    (one,) = lines(moving, key)
    with moving._writing() as tx:
        undo_move(tx, key)
    go_on(moving)
    (one,) = lines(moving, key)
    assert (one.state, move(moving, key).state) == ("back", "done"), one.reason
    assert moving.service(second).lifecycle == "wanted"
    assert moving.service(one.new_service_id).lifecycle == "gone"
    assert [line.login for line in moving.on("xtream")] == ["viewer1"]
    assert moving.lets_in("stalker", "viewer2", "correct-horse")
    assert told(moving, second) == 2
    with moving._writing() as tx, pytest.raises(Conflict):
        undo_move(tx, key)


def test_what_is_blocked_at_the_new_place_is_not_watched_at_the_old_one(moving):
    old = moving.line("stalker")
    moving.work()
    key = ask(moving)
    go_on(moving)
    (one,) = lines(moving, key)
    moving.want(one.new_service_id, desired_blocked=True)
    moving.work()
    assert moving.only("xtream").blocked
    assert moving.service(old).lifecycle == "gone"
    assert not moving.lets_in("stalker", "viewer1", "correct-horse")


def test_a_panel_that_is_down_leaves_everybody_where_they_are_until_it_answers_or_it_is_called_off(moving):
    from billhead.actions.moving.cancel_move import cancel_move

    old = moving.line("stalker")
    moving.work()
    moving.fault("down", "/sandbox/*")
    key = ask(moving)
    go_on(moving)
    (one,) = lines(moving, key)
    assert (one.state, moving.service(old).lifecycle) == ("placing", "wanted")
    moving.want(old, desired_expires_at=NEW_YEAR.replace(month=2))  # paid meanwhile, at both places
    moving.heal()
    go_on(moving)
    (one,) = lines(moving, key)
    assert one.state == "moved", one.reason
    assert moving.only("xtream").ends == NEW_YEAR.replace(month=2)

    later = moving.line("stalker")
    moving.work()
    moving.fault("down", "/sandbox/*")
    key = ask(moving)
    go_on(moving)
    with moving._writing() as tx:
        cancel_move(tx, key)
    go_on(moving)
    moving.heal()
    (one,) = lines(moving, key)
    assert (one.state, one.code, move(moving, key).state) == ("kept", "canceled", "canceled")
    assert moving.service(later).lifecycle == "wanted"
    assert len(moving.on("xtream")) == 1


def test_a_process_that_dies_is_followed_by_one_that_goes_on(moving, monkeypatch):
    from billhead.actions.moving import move_lines as module

    ids = [moving.line("stalker") for _ in range(3)]
    moving.work()
    key = ask(moving)
    monkeypatch.setattr(module, "_ON_THEIR_WAY", 2)

    for at in ("moving.placed", "moving.switched"):

        def die(name, at=at):
            if name == at:
                raise KeyboardInterrupt

        with monkeypatch.context() as dying:
            dying.setattr(module, "crash_point", die)
            with pytest.raises(KeyboardInterrupt):
                module.move_lines(moving.ctx, key)
        for line in lines(moving, key):
            moving.converge(line.new_service_id)
    assert sorted(line.state for line in lines(moving, key)) == ["moved", "placing"]
    go_on(moving, rounds=6)
    found = lines(moving, key)
    assert [(line.service_id, line.state) for line in found] == [(one, "moved") for one in ids]
    assert sorted(line.login for line in moving.on("xtream")) == ["viewer1", "viewer2", "viewer3"]
    assert [told(moving, line.new_service_id) for line in found] == [1, 1, 1]


def test_a_box_moves_with_its_line(moving):
    lead = moving.line("stalker", login="pair")
    box = moving.line("stalker", kind="mag", mac=BOX, login="pair2")
    from billhead.models.subscriptions import Service

    moving.change(Service, box, paired_with_id=lead, subscription_id=moving.service(lead).subscription_id)
    moving.work()
    key = ask(moving)
    go_on(moving, rounds=6)
    one, two = lines(moving, key)
    assert (one.state, two.state, two.unit) == ("moved", "moved", lead), (one.reason, two.reason)
    assert moving.service(two.new_service_id).paired_with_id == one.new_service_id
    assert BOX in {line.mac for line in moving.on("xtream")}
