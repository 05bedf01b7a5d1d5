"""A reseller is moved below another one, or changes its tier: who comes along, whose rights shrink, and no circles."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from reseller_shop import STAFF, open_reseller_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.resellers.move_reseller import move_reseller, preview_move_reseller
from billhead.actions.resellers.set_tier import set_tier
from billhead.actions.resellers.suspend_reseller import suspend_reseller
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotAllowed, NotFound
from billhead.models.people import Reseller, ResellerClosure, User


@pytest.fixture
def shop(operator):
    """Aurora above Baltic above Corner; Gulf beside them, which sells week and box and gives one trial a day."""
    shop = open_reseller_shop(operator)
    shop.reseller("corner", "baltic")
    for code in ("aurora", "baltic", "gulf"):
        shop.operator.change(Reseller, shop.known[code], tier="super_reseller")
    narrow = {"sells": ["week", "box"], "trials_per_day": 1, "terminate": True, "floor_percent": 80}
    shop.operator.change(Reseller, shop.known["gulf"], rights=narrow)
    return shop


def act(ctx, verb, *args):
    with writing(ctx) as tx:
        return verb(tx, *args)


def chain(shop, code):
    """Everybody above, the nearest first, with how far; and whether the parent says the same."""
    names = {key: name for name, key in shop.known.items()}
    with reading() as session:
        links = session.execute(
            select(ResellerClosure.ancestor_id, ResellerClosure.depth)
            .where(ResellerClosure.descendant_id == shop.known[code])
            .order_by(ResellerClosure.depth)
        ).all()
        parent = session.get_one(Reseller, shop.known[code]).parent_id
    assert [names.get(parent)] == ([names[links[1][0]]] if len(links) > 1 else [None])
    assert [depth for _, depth in links] == list(range(len(links)))
    return [names[key] for key, _ in links][1:]


def rights(shop, code):
    with reading() as session:
        return effective_rights(session, shop.known[code])


def test_a_reseller_moves_with_all_below_it_and_its_rights_hold_within_its_new_parents(shop):
    shop.grant("baltic", "100.00")
    sold = shop.add("baltic", "basic")
    baltic, gulf = shop.known["baltic"], shop.known["gulf"]
    seen = act(STAFF, preview_move_reseller, baltic, gulf)
    assert (seen.resellers, seen.customers, seen.subscriptions) == (2, 1, 1)
    assert (seen.rights.sells, seen.lost, seen.not_sold) == (("box", "week"), ("basic", "pair"), 1)
    assert (seen.rights_before.trials_per_day, seen.rights.trials_per_day) == (2, 1)
    assert (seen.stops, seen.starts) == (False, False)
    assert chain(shop, "corner") == ["baltic", "aurora"]  # only looked at
    assert act(STAFF, move_reseller, baltic, gulf).from_id == shop.known["aurora"]
    assert (chain(shop, "baltic"), chain(shop, "corner")) == (["gulf"], ["baltic", "gulf"])
    assert (rights(shop, "corner").sells, rights(shop, "corner").floor_percent) == (("box", "week"), 80)
    with pytest.raises(InvalidInput, match="does not sell basic"):
        shop.add("baltic", "basic")
    shop.operator.work()
    assert shop.renew(sold.subscription_id, shop.acting("baltic"))  # what was sold can be renewed
    assert shop.wallet("baltic")[0] == "80.00"
    # back to the operator: what it may by itself holds again
    assert act(STAFF, move_reseller, baltic, None).to_id is None
    assert chain(shop, "corner") == ["baltic"]
    assert rights(shop, "baltic").sells == ("basic", "pair", "box", "week")
    assert shop.faults() == []


def test_what_is_no_place(shop):
    baltic, corner, aurora = (shop.known[code] for code in ("baltic", "corner", "aurora"))
    for to, error, why in (
        (baltic, InvalidInput, "itself, or stand below it"),
        (corner, InvalidInput, "itself, or stand below it"),
        (aurora, Conflict, "stands there already"),
        (999, NotFound, "no reseller"),
    ):
        for verb in (preview_move_reseller, move_reseller):
            with pytest.raises(error, match=why):
                act(STAFF, verb, baltic, to)
    with pytest.raises(InvalidInput, match="is no super-reseller"):
        act(STAFF, move_reseller, shop.known["gulf"], corner)
    with pytest.raises(NotAllowed):
        act(shop.acting("aurora"), move_reseller, baltic, None)
    assert chain(shop, "corner") == ["baltic", "aurora"]


def test_two_that_are_moved_below_each_other_at_once_make_no_circle(shop):
    pairs = [("aurora", "gulf"), ("gulf", "aurora")]

    def move(pair):
        try:
            with shop.operator.app.app_context():
                return act(STAFF, move_reseller, *(shop.known[code] for code in pair))
        except BillheadError as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(move, pairs))
    assert sum(isinstance(one, BillheadError) for one in found) == 1, found
    assert sorted([len(chain(shop, "aurora")), len(chain(shop, "gulf"))]) == [0, 1]


def test_lines_follow_whether_somebody_above_is_suspended_with_all_lines(shop):
    shop.grant("baltic", "10.00")
    sold = shop.add("baltic", "week")
    act(STAFF, suspend_reseller, shop.known["gulf"], "stopped")
    shop.operator.work()
    assert act(STAFF, preview_move_reseller, shop.known["baltic"], shop.known["gulf"]).stops
    act(STAFF, move_reseller, shop.known["baltic"], shop.known["gulf"])
    shop.operator.work()
    assert shop.subscription(sold.subscription_id).state == "suspended"
    assert act(STAFF, preview_move_reseller, shop.known["baltic"], None).starts
    act(STAFF, move_reseller, shop.known["baltic"], None)
    shop.operator.work()
    assert shop.subscription(sold.subscription_id).state == "active"


def test_a_tier_is_changed_while_nobody_stands_below(shop):
    corner, baltic = shop.known["corner"], shop.known["baltic"]
    with writing(STAFF) as tx:
        tx.session.add(
            User(seller_id=shop.operator.seller_id, email="c@example.com", role="reseller", reseller_id=corner,
                 created_at=clock.now())
        )  # fmt: skip
    with pytest.raises(Conflict, match="others stand below Baltic"):
        act(STAFF, set_tier, baltic, "reseller")
    with pytest.raises(InvalidInput, match="is not one of"):
        act(STAFF, set_tier, corner, "king")
    act(STAFF, set_tier, corner, "super_reseller")
    with pytest.raises(Conflict, match="is a super-reseller already"):
        act(STAFF, set_tier, corner, "super_reseller")
    assert shop.rows(select(User.role).where(User.reseller_id == corner)) == ["super_reseller"]
    with pytest.raises(NotAllowed):
        act(shop.acting("baltic"), set_tier, corner, "reseller")
