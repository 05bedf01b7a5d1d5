"""Credits come in and go down the tree: never made from nothing, never lost, never below what may be owed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from reseller_shop import STAFF, open_reseller_shop, xcr

from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.people import Reseller


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def test_staff_grant_credits_and_they_go_down_the_tree(shop):
    shop.grant("aurora", "150.00", cost=Money(12_500, "EUR"))
    assert shop.grant("aurora", "10.50").balance_minor == 16_050
    moved = shop.transfer("aurora", "baltic", "155.00")
    assert moved.balance_minor == 550
    assert shop.wallet("aurora") == ("5.50", "0.00", "0.00")
    assert shop.wallet("baltic") == ("155.00", "0.00", "0.00")
    # the oldest went first and took its cost along: 150 credits for 125.00, then 5 of the gift
    assert shop.lots("aurora") == [("purchase", 0, 0), ("grant", 550, 0)]
    assert shop.lots("baltic") == [("transfer", 15_000, 12_500), ("transfer", 500, 0)]
    assert shop.faults() == []


def test_a_lot_gives_its_cost_in_shares_that_add_up(shop):
    shop.grant("aurora", "3.00", cost=Money(100, "EUR"))
    for _ in range(3):
        shop.transfer("aurora", "baltic", "1.00")
    # 1.00 for three: a third of 100 is 33, half of the other 67 is 34 (33.5 up), the last takes the rest
    assert [cost for _, _, cost in shop.lots("baltic")] == [33, 34, 33]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e9", "-100x", "10.001", "३", ""])
def test_pitfall_31_what_is_no_amount_never_becomes_one(text):
    with pytest.raises(InvalidInput):
        xcr(text)


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (Money(-10_000, CREDITS), InvalidInput),
        (Money(0, CREDITS), InvalidInput),
        (Money(100, "EUR"), InvalidInput),
        (float("nan"), InvalidInput),
        (Money(100_000_000_000, CREDITS), Conflict),
        (Money(10_001, CREDITS), Conflict),
    ],
)
def test_pitfall_31_no_amount_mints_credits(shop, amount, refusal):
    shop.grant("aurora", "100.00")
    with pytest.raises(refusal), writing(shop.acting("aurora")) as tx:
        transfer_credits(tx, shop.known["aurora"], shop.known["baltic"], amount)
    assert (shop.wallet("aurora")[0], shop.wallet("baltic")[0]) == ("100.00", "0.00")


@pytest.mark.parametrize(
    ("payer", "to", "refusal"),
    [
        ("aurora", "aurora", InvalidInput),
        ("aurora", "gulf", NotFound),  # beside, not below
        ("baltic", "aurora", NotFound),  # up
        ("gulf", "baltic", NotFound),
    ],
)
def test_pitfall_31_credits_go_down_only(shop, payer, to, refusal):
    shop.grant(payer, "100.00")
    for ctx in (shop.acting(payer), STAFF):
        with pytest.raises(refusal):
            shop.transfer(payer, to, "1.00", ctx)
    assert shop.wallet(payer)[0] == "100.00"


def test_nobody_spends_the_wallet_of_another(shop):
    shop.grant("aurora", "10.00")
    nobody = Context("customer:1", Role.CUSTOMER, Scope(customer_id=shop.operator.customer_id))
    for ctx in (shop.acting("baltic"), shop.acting("gulf"), nobody):
        with pytest.raises(NotFound):
            shop.transfer("aurora", "baltic", "1.00", ctx)
    with pytest.raises(NotAllowed, match=r"resellers\.write"):
        shop.grant("baltic", "1.00", shop.acting("aurora"))


def test_a_super_reseller_acts_for_all_below_it(shop):
    shop.reseller("corner", "baltic")
    shop.grant("aurora", "10.00")
    shop.transfer("aurora", "corner", "4.00")
    shop.reseller("kiosk", "corner")
    shop.transfer("corner", "kiosk", "1.00", shop.acting("aurora"))
    assert [shop.wallet(code)[0] for code in ("aurora", "corner", "kiosk")] == ["6.00", "3.00", "1.00"]


@pytest.mark.parametrize("suspended", ["aurora", "baltic"])
def test_a_suspended_reseller_passes_nothing_on(shop, suspended):
    shop.reseller("corner", "baltic")
    shop.grant("baltic", "10.00")
    shop.operator.change(Reseller, shop.known[suspended], suspended=True)
    with pytest.raises(NotAllowed, match="suspended"):
        shop.transfer("baltic", "corner", "1.00", shop.acting("aurora"))
    shop.transfer("baltic", "corner", "1.00", STAFF)


def test_pitfall_31_twice_in_parallel_is_booked_once(shop):
    shop.grant("aurora", "100.00")
    app = shop.operator.app

    def send(_number):
        with app.app_context():
            try:
                return shop.transfer("aurora", "baltic", "60.00").balance_minor
            except Conflict as refused:
                return refused.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(map(str, pool.map(send, range(2)))) == ["4000", "credits_short"]
    assert (shop.wallet("aurora")[0], shop.wallet("baltic")[0]) == ("40.00", "60.00")
    assert shop.faults() == []


def test_transfers_that_cross_do_not_wait_for_each_other_for_ever(shop):
    shop.reseller("corner", "baltic")
    shop.grant("aurora", "100.00")
    shop.grant("baltic", "100.00")
    app = shop.operator.app

    def send(number):
        with app.app_context():
            shop.transfer(*(("aurora", "baltic") if number % 2 else ("baltic", "corner")), "1.00")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(40)))
    assert [shop.wallet(code)[0] for code in ("aurora", "baltic", "corner")] == ["80.00", "100.00", "20.00"]
    assert shop.faults() == []


def test_pitfall_32_a_top_up_that_is_asked_again_is_one(shop):
    paid = {"cost": Money(12_500, "EUR"), "reference": "document:81"}
    assert shop.grant("aurora", "150.00", **paid).balance_minor == 15_000
    assert shop.grant("aurora", "150.00", **paid).balance_minor == 15_000
    keyed = STAFF.keyed("6f1a")
    shop.grant("aurora", "5.00", keyed)
    shop.grant("aurora", "5.00", keyed)
    with pytest.raises(Conflict, match="idempotency key"):
        shop.grant("aurora", "6.00", keyed)
    assert shop.wallet("aurora")[0] == "155.00"


def test_a_credit_line_is_drawn_to_its_end_and_paid_back_first(shop):
    shop.operator.change(Reseller, shop.known["aurora"], credit_line_minor=500)
    shop.grant("aurora", "1.00")
    assert shop.transfer("aurora", "baltic", "4.00").balance_minor == -300
    with pytest.raises(Conflict, match=r"Aurora has -3\.00 XCR, and may owe up to 5\.00 XCR; 2\.01 XCR are needed"):
        shop.transfer("aurora", "baltic", "2.01")
    shop.transfer("aurora", "baltic", "2.00")
    assert shop.wallet("aurora")[0] == "0.00"
    assert shop.grant("aurora", "3.00").balance_minor == -200
    assert shop.grant("aurora", "10.00").balance_minor == 800
    assert (shop.wallet("aurora")[0], shop.wallet("baltic")[0]) == ("8.00", "6.00")
    assert shop.faults() == []
