"""Credits come back into the lots that gave them, whoever pays for the subscription by then: lots are the ledger.

It is 22 November 2026; a month bought then has 30 days, of which 29 are left.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from reseller_shop import STAFF, open_reseller_shop
from sqlalchemy import select

from billhead.actions.resellers.change_user import UserChange, change_user
from billhead.actions.resellers.move_users import move_users
from billhead.actions.resellers.remove_reseller import remove_reseller
from billhead.db import writing
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditMovement
from billhead.models.people import Reseller


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    for code in ("aurora", "baltic", "gulf"):
        rights = {"sells": ["basic", "gold"], "terminate": True, "refund_unused": True}
        shop.operator.change(Reseller, shop.known[code], rights=rights)
    return shop


def change(shop, who, subscription_id, plan):
    with writing(shop.acting(who)) as tx:
        change_user(tx, subscription_id, UserChange(plan=plan))
    shop.operator.work()


def act(verb, *args):
    with writing(STAFF) as tx:
        return verb(tx, *args)


def even(shop):
    """What lots hold is what the ledger says, for everybody."""
    for code in shop.known:
        held = sum(minor for _, minor, _ in shop.lots(code))
        assert f"{Money(held, CREDITS).decimal():f}" == shop.wallet(code)[0]
    assert shop.faults() == []


def test_who_paid_before_the_move_gets_its_part_back_and_who_paid_after_it_the_other(shop):
    shop.grant("aurora", "100.00", cost=Money(10_000, "EUR"))
    shop.grant("gulf", "50.00", cost=Money(4_000, "EUR"))
    one = shop.add("aurora").subscription_id
    shop.operator.work()
    act(move_users, shop.known["aurora"], shop.known["gulf"])
    change(shop, "gulf", one, "gold")
    # 9.66 that aurora paid go along, gulf pays the other 9.68
    assert shop.wallet("aurora") == ("90.00", "0.00", "10.00")
    assert shop.wallet("gulf") == ("40.32", "0.00", "9.68")
    even(shop)
    change(shop, "gulf", one, "basic")
    # 19.34 less 10.00 × 29/30 up: 9.67 come back, all of them gulf's, who paid last
    assert shop.wallet("gulf") == ("49.99", "0.00", "0.01")
    assert shop.wallet("aurora") == ("90.00", "0.00", "10.00")
    even(shop)
    shop.terminate(one, shop.acting("gulf"))
    assert shop.wallet("aurora") == ("99.66", "0.00", "0.34")
    assert shop.wallet("gulf") == ("50.00", "0.00", "0.00")
    assert shop.lots("aurora") == [("purchase", 9_966, 9_966)]
    assert shop.lots("gulf") == [("purchase", 5_000, 4_000)]
    even(shop)


def test_what_a_removed_reseller_had_paid_comes_back_to_who_pays_now(shop):
    shop.grant("baltic", "50.00", cost=Money(4_000, "EUR"))
    one = shop.add("baltic").subscription_id
    shop.operator.work()
    act(remove_reseller, shop.known["baltic"])
    assert shop.lots("aurora") == [("transfer", 4_000, 3_200)]
    shop.terminate(one, shop.acting("aurora"))
    assert shop.wallet("baltic") == ("0.00", "0.00", "0.34")
    assert shop.wallet("aurora") == ("49.66", "0.00", "0.00")
    assert shop.lots("aurora")[1:] == [("transfer", 966, 773)]  # 8.00 × 9.66/10.00
    told = shop.rows(select(CreditMovement).order_by(CreditMovement.entry_id.desc()))[0]
    assert (told.reseller_id, told.other_id) == (shop.known["aurora"], shop.known["baltic"])
    even(shop)


def test_while_credits_come_back_to_who_paid_before_it_spends_what_it_has(shop):
    shop.grant("aurora", "200.00")
    users = [shop.add("aurora", "gold").subscription_id for _ in range(6)]
    shop.operator.work()
    act(move_users, shop.known["aurora"], shop.known["gulf"])
    for one in users:
        with writing(shop.acting("gulf")) as tx:
            change_user(tx, one, UserChange(plan="basic"))
    app = shop.operator.app

    def spend():
        with app.app_context():
            for _ in range(30):
                shop.transfer("aurora", "baltic", "0.10")

    with ThreadPoolExecutor(2) as pool:
        spending = [pool.submit(spend) for _ in range(2)]
        shop.operator.work()
        for done in spending:
            done.result()
    # of 20.00, 19.33 are left, and basic takes 9.67: 80.00 and 6 × 9.66, less 60 × 0.10
    assert shop.wallet("aurora") == ("131.96", "0.00", "62.04")
    assert (shop.wallet("baltic")[0], shop.wallet("gulf")) == ("6.00", ("0.00", "0.00", "0.00"))
    even(shop)
