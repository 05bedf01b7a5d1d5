"""Acts on the tree of resellers that cross each other: every one comes to an end, and no credit is made or lost.

Each thread has a session of its own, as two members of staff have. On SQLite they take turns; on PostgreSQL they meet.
"""

from collections.abc import Callable
from threading import Barrier, Event, Thread

import pytest
from reseller_shop import STAFF, open_reseller_shop, xcr
from sqlalchemy.exc import DBAPIError

from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.resellers.add_reseller import NewReseller, add_reseller
from billhead.actions.resellers.grant_credits import grant_credits
from billhead.actions.resellers.move_users import move_users
from billhead.actions.resellers.remove_reseller import remove_reseller
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError
from billhead.models.people import Reseller, ResellerClosure


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    shop.grant("aurora", "500.00")
    shop.transfer("aurora", "baltic", "200.00")
    return shop


def at_once(shop, acts: list[Callable[[], object]]) -> list[object]:
    """What each said: "done", a refusal's code, or whatever should not happen."""
    ready, said = Barrier(len(acts)), [None] * len(acts)

    def do(number: int) -> None:
        with shop.operator.app.app_context():
            ready.wait()
            try:
                acts[number]()
                said[number] = "done"
            except BillheadError as refused:
                said[number] = refused.code
            except DBAPIError as wrong:  # a deadlock is one
                said[number] = wrong

    threads = [Thread(target=do, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


def act(verb, *args):
    def go():
        with writing(STAFF) as tx:
            return verb(tx, *args)

    return go


def links(session) -> set[tuple[int, int]]:
    return {(one.ancestor_id, one.descendant_id) for one in session.query(ResellerClosure)}


def test_a_parent_is_never_waited_for_with_its_child_in_hand(shop):
    """Credits go down the tree while the receiver is removed: whoever came first is done first."""
    aurora, baltic = shop.known["aurora"], shop.known["baltic"]
    has_parent, said = Event(), []

    def pass_on():
        with shop.operator.app.app_context(), writing(STAFF) as tx:
            lock_resellers(tx, aurora)  # the first that `transfer_credits` locks
            has_parent.set()
            removing.join(1.5)
            said.append(transfer_credits(tx, aurora, baltic, xcr("1.00")).balance_minor)

    def remove():
        with shop.operator.app.app_context():
            has_parent.wait(10)
            try:
                act(remove_reseller, baltic)()
                said.append("removed")
            except DBAPIError as wrong:
                said.append(wrong)

    removing = Thread(target=remove)
    passing = Thread(target=pass_on)
    removing.start()
    passing.start()
    for thread in (passing, removing):
        thread.join(30)
    assert said == [29_900, "removed"]
    assert shop.wallet("aurora") == ("500.00", "0.00", "0.00")


@pytest.mark.parametrize("round_", range(3))
def test_moving_removing_passing_on_granting_and_renewing_cross_each_other(shop, round_):
    known = shop.known
    shop.reseller("corner", "baltic")
    shop.reseller("delta", "aurora")
    users = [shop.add("baltic").subscription_id for _ in range(3)]
    other = shop.add("aurora").subscription_id
    shop.operator.work()
    seller = shop.operator.seller_id
    acts = [
        act(remove_reseller, known["baltic"], known["delta"]),
        act(transfer_credits, known["aurora"], known["baltic"], xcr("3.00")),
        act(transfer_credits, known["baltic"], known["corner"], xcr("2.00")),
        act(move_users, known["baltic"], known["aurora"]),
        act(move_users, known["aurora"], known["baltic"]),
        act(grant_credits, known["corner"], xcr("5.00")),
        act(add_reseller, seller, NewReseller(f"New {round_}", f"n{round_}@x.example", parent_id=known["corner"])),
        act(renew_user, users[0]),
        act(renew_user, other),
    ]
    said = at_once(shop, acts[round_:] + acts[:round_])
    assert all(isinstance(one, str) for one in said), said
    assert said.count("done") >= 3, said
    shop.operator.work()
    assert shop.faults() == []
    wallets = [shop.wallet(code) for code in known]
    granted = xcr("500.00").minor + (500 if said[(5 - round_) % len(acts)] == "done" else 0)
    assert sum(xcr(part).minor for wallet in wallets for part in wallet) == granted
    with reading() as session:
        tree = {row.id: row for row in session.query(Reseller)}
        wanted = set()
        for row in tree.values():
            above = row
            while row.removed_on is None and above is not None:
                wanted.add((above.id, row.id))
                above = tree.get(above.parent_id or 0)
        assert links(session) == wanted
