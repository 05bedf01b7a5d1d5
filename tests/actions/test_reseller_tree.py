"""Resellers come, change, stop and go: their places, rights and credits, and what becomes of their subscribers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from reseller_shop import STAFF, open_reseller_shop, xcr
from sqlalchemy import event, select

from billhead.actions.resellers._rights import Rights, effective_rights
from billhead.actions.resellers.add_reseller import NewReseller, add_reseller, preview_add_reseller
from billhead.actions.resellers.move_users import move_users, preview_move_users
from billhead.actions.resellers.remove_reseller import preview_remove_reseller, remove_reseller
from billhead.actions.resellers.resume_reseller import resume_reseller
from billhead.actions.resellers.set_reseller import ResellerEntry, preview_set_reseller, set_reseller
from billhead.actions.resellers.suspend_reseller import preview_suspend_reseller, suspend_reseller
from billhead.actions.resellers.take_credits import take_credits
from billhead.db import Tx, db, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller, ResellerClosure, User
from billhead.models.subscriptions import Service, Subscription


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    shop.operator.change(Reseller, shop.known["aurora"], tier="super_reseller")
    with writing(STAFF) as tx:
        book = tx.session.scalars(select(PriceBook)).one()
        details = {"sells": ["basic", "gold"], "trials_per_day": 5, "may_terminate": True}
        plan = Plan(
            seller_id=operator.seller_id, code="shop", name="Reseller", kind="reseller", details=details,
            start_up_credits_minor=2000,
        )  # fmt: skip
        tx.session.add(plan)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=plan.id, term="", amount_minor=2000, credit_minor=2000))
    return shop


def add(shop, ctx, **wanted):
    told = {"name": "Corner Shop", "email": "corner@example.net", "plan": "shop", **wanted}
    with writing(ctx) as tx:
        added = add_reseller(tx, shop.operator.seller_id, NewReseller(**told))
    shop.known[added.code] = added.reseller_id
    return added


def act(ctx, verb, *args):
    with writing(ctx) as tx:
        return verb(tx, *args)


def look(ctx, preview, *args):
    with reading() as session:
        return preview(Tx(ctx, session), *args)


def test_a_sub_reseller_of_20_takes_20_and_starts_with_20_both_legs_in_one_entry(shop):
    shop.grant("aurora", "50.00", cost=Money(4_000, "EUR"))
    aurora = shop.acting("aurora")
    told = NewReseller("Corner Shop", "corner@example.net", "shop")
    assert look(aurora, preview_add_reseller, 0, told).balance_minor == 3_000
    added = add(shop, aurora)
    assert (added.code, added.credits_minor, added.start_up_minor) == ("corner-shop", 2_000, 2_000)
    assert (shop.wallet("aurora")[0], shop.wallet("corner-shop")[0]) == ("30.00", "20.00")
    # 40.00 for 50 credits: 20 of them had cost 16.00, and keep that
    assert shop.lots("corner-shop") == [("transfer", 2_000, 1_600)]
    with reading() as session:
        child = session.get_one(Reseller, added.reseller_id)
        user = session.get_one(User, added.user_id)
        assert (child.parent_id, child.tier, child.rights["sells"]) == (shop.known["aurora"], "reseller", ["basic"])
        assert (user.role, user.reseller_id, user.password_hash) == ("reseller", child.id, "")
        assert session.scalars(select(Notice.kind).where(Notice.recipient == "corner@example.net")).all() == [
            "password_link"
        ]
    assert shop.faults() == []

    assert act(aurora, add_reseller, 0, NewReseller("Corner Shop", "two@example.net", "shop")).code == "corner-shop-2"
    with pytest.raises(Conflict) as short:
        add(shop, aurora, email="three@example.net")
    assert short.value.code == "credits_short"
    assert shop.wallet("aurora")[0] == "10.00"


@pytest.mark.parametrize(
    ("who", "wanted", "refusal"),
    [
        ("aurora", {"plan": ""}, InvalidInput),
        ("aurora", {"plan": "basic"}, InvalidInput),  # no reseller plan
        ("aurora", {"email": "nobody"}, InvalidInput),
        ("aurora", {"start_up": xcr("500.00")}, NotAllowed),
        ("aurora", {"rights": Rights(("gold",))}, InvalidInput),  # aurora does not sell it
        ("aurora", {"rights": Rights(trials_per_day=3)}, InvalidInput),
        ("aurora", {"parent_id": 3}, NotFound),  # gulf is not below it
        ("baltic", {}, NotAllowed),  # no super-reseller
    ],
)
def test_what_no_super_reseller_adds(shop, who, wanted, refusal):
    shop.grant(who, "100.00")
    with pytest.raises(refusal):
        add(shop, shop.acting(who), **wanted)
    assert shop.wallet(who) == ("100.00", "0.00", "0.00")


def test_staff_adds_anybody_anywhere_and_gives_what_it_likes(shop):
    rights = Rights(("basic", "gold"), trials_per_day=9)
    top = add(shop, STAFF, name="Top", email="top@example.net", plan="", tier="super_reseller", rights=rights,
              start_up=xcr("75.00"))  # fmt: skip
    assert (shop.wallet("top")[0], shop.lots("top")) == ("75.00", [("start_up", 7_500, 0)])
    add(shop, STAFF, parent_id=top.reseller_id)
    assert (shop.wallet("corner-shop")[0], shop.wallet("top")[0]) == ("20.00", "75.00")  # nobody paid for it
    clerk = Context("staff:9", STAFF.role, STAFF.scope)
    with pytest.raises(NotAllowed, match=r"resellers\.write"):
        add(shop, clerk, email="x@example.net")
    with pytest.raises(InvalidInput, match="has a login"):
        add(shop, STAFF)
    assert shop.faults() == []


def test_a_child_never_has_what_its_parent_has_not(shop):
    aurora, baltic = shop.acting("aurora"), shop.known["baltic"]
    entry = ResellerEntry("Baltic Two", Rights(("basic", "pair"), 1, terminate=True, floor_percent=80))
    act(aurora, set_reseller, baltic, entry)
    with reading() as session:
        assert session.get_one(Reseller, baltic).name == "Baltic Two"
        assert effective_rights(session, baltic).sells == ("basic", "pair")
    for rights in (Rights(("gold",)), Rights(("nothing",)), Rights(trials_per_day=3), Rights(floor_percent=2000)):
        with pytest.raises(InvalidInput):
            act(aurora, set_reseller, baltic, ResellerEntry("Baltic", rights))
    with pytest.raises(NotAllowed, match="only the operator lends"):
        act(aurora, set_reseller, baltic, ResellerEntry("Baltic", Rights(), xcr("5.00")))
    for stranger in (shop.acting("gulf"), shop.acting("baltic")):
        with pytest.raises(NotFound):
            act(stranger, set_reseller, baltic, entry)

    # staff narrow the parent: what the child had is gone at once, and what it sold runs on
    shop.grant("baltic", "100.00")
    shop.add("baltic", "pair", mac="00:1A:79:AA:BB:07")
    narrow = ResellerEntry("Aurora", Rights(("basic",)), xcr("5.00"))
    seen = look(STAFF, preview_set_reseller, shop.known["aurora"], narrow)
    assert (seen.not_sold, seen.below) == (1, 1)
    act(STAFF, set_reseller, shop.known["aurora"], narrow)
    with pytest.raises(InvalidInput, match="does not sell pair"):
        shop.add("baltic", "pair", mac="00:1A:79:AA:BB:08")
    with reading() as session:
        assert effective_rights(session, baltic) == Rights(("basic",), 0, floor_percent=80)
        assert session.get_one(Reseller, shop.known["aurora"]).credit_line_minor == 500


def test_trials_above_a_new_bound_are_counted_by_the_day_of_each_however_many_there_are(shop):
    """Two were given in Europe on the 22nd and two in Tonga, where it was the 23rd by then. Fourteen hours later it is
    the 23rd for both."""
    tonga = {"zone": "Pacific/Tongatapu"}
    shop.reseller("tonga", "aurora", **tonga)
    for code in ("baltic", "tonga"):
        shop.grant(code, "100.00")
        for number in range(2):
            shop.add(code, "week", trial=True, name=f"Viewer {number}")
    shop.operator.work()
    entry = ResellerEntry("Aurora", Rights(("basic", "pair", "box", "week"), 0, terminate=True, refund_unused=True))

    def seen():
        asked = []
        listening = (db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        event.listen(*listening)
        told = look(STAFF, preview_set_reseller, shop.known["aurora"], entry)
        event.remove(*listening)
        return told.below, told.trials_over, len(asked)

    below, over, few = seen()
    assert (below, over) == (2, 4)
    for number in range(9):
        shop.reseller(f"more-{number}", "aurora", **tonga)
    assert seen() == (11, 4, few)
    shop.operator.wait(hours=14)  # two in the morning of the 23rd in Europe, three in the afternoon of it in Tonga
    assert seen() == (11, 2, few)


def test_suspended_with_its_lines_or_without(shop):
    shop.grant("aurora", "100.00")
    shop.grant("baltic", "100.00")
    ids = [shop.add("aurora").subscription_id, shop.add("baltic").subscription_id]
    shop.operator.work()
    aurora = shop.known["aurora"]
    seen = look(STAFF, preview_suspend_reseller, aurora)
    assert (seen.below, seen.running) == (1, 2)

    act(STAFF, suspend_reseller, aurora)
    shop.operator.work()
    assert [line.blocked for line in shop.operator.on("xtream")] == [False, False]
    shop.add("baltic")  # who stands below goes on
    act(STAFF, suspend_reseller, aurora, "stopped")
    shop.operator.work()
    assert [line.blocked for line in shop.operator.on("xtream")] == [True, True, True]
    assert {shop.subscription(key).suspended_for for key in ids} == {"payer"}
    with pytest.raises(NotAllowed, match="Aurora is suspended"):
        shop.add("baltic")

    act(STAFF, resume_reseller, aurora)
    shop.operator.work()
    assert [line.blocked for line in shop.operator.on("xtream")] == [False, False, False]
    shop.add("aurora")
    with pytest.raises(Conflict):
        act(STAFF, resume_reseller, aurora)
    with pytest.raises(NotFound):
        act(shop.acting("aurora"), suspend_reseller, aurora)  # not oneself


def test_users_move_within_a_subtree_and_their_next_term_is_the_new_ones(shop):
    aurora, baltic = shop.known["aurora"], shop.known["baltic"]
    shop.grant("aurora", "100.00")
    shop.grant("baltic", "10.00")
    first, second = shop.add("aurora"), shop.add("aurora")
    shop.operator.work()
    ctx = shop.acting("aurora")
    seen = look(ctx, preview_move_users, aurora, baltic, [first.customer_id])
    assert (seen.customers, seen.subscriptions, seen.held) == (1, 1, 0)
    assert act(ctx, move_users, aurora, baltic, [first.customer_id]).subscriptions == 1
    shop.renew(first.subscription_id, shop.acting("baltic"))
    assert (shop.wallet("aurora")[0], shop.wallet("baltic")[:2]) == ("80.00", ("0.00", "10.00"))
    for args in ((aurora, shop.known["gulf"], None), (baltic, aurora, [second.customer_id])):
        with pytest.raises(NotFound):
            act(ctx, move_users, *args)
    with pytest.raises(NotFound):
        act(shop.acting("baltic"), move_users, baltic, aurora)  # up, out of its sight
    act(ctx, suspend_reseller, baltic)
    with pytest.raises(NotAllowed, match="suspended"):
        act(ctx, move_users, aurora, baltic)
    assert act(ctx, move_users, baltic, aurora).customers == 1  # away from who is suspended


def test_removed_with_its_users_its_resellers_and_its_credits_cared_for(shop):
    shop.reseller("corner", "baltic")
    baltic, aurora = shop.known["baltic"], shop.known["aurora"]
    shop.grant("aurora", "100.00", cost=Money(8_000, "EUR"))
    shop.transfer("aurora", "baltic", "50.00")
    added = shop.add("baltic")
    ctx = shop.acting("aurora")
    with pytest.raises(Conflict, match="are held still"):
        act(ctx, remove_reseller, baltic)
    shop.operator.work()
    seen = look(ctx, preview_remove_reseller, baltic)
    assert (seen.customers, seen.subscriptions, seen.below, seen.credits_minor) == (1, 1, 1, 4_000)
    act(ctx, remove_reseller, baltic)
    assert (shop.wallet("aurora")[0], shop.wallet("baltic")[0]) == ("90.00", "0.00")
    assert shop.lots("aurora") == [("purchase", 5_000, 4_000), ("transfer", 4_000, 3_200)]
    with reading() as session:
        assert session.get_one(Customer, added.customer_id).reseller_id == aurora
        assert session.get_one(Subscription, added.subscription_id).payer_reseller_id == aurora
        places = session.execute(select(ResellerClosure.ancestor_id, ResellerClosure.depth).where(
            ResellerClosure.descendant_id == shop.known["corner"])).all()  # fmt: skip
        assert sorted(map(tuple, places)) == [(aurora, 1), (shop.known["corner"], 0)]
    for verb, *args in ((remove_reseller, baltic), (suspend_reseller, baltic)):
        with pytest.raises(NotFound):
            act(STAFF, verb, *args)
    with pytest.raises(NotFound):
        shop.grant("baltic", "1.00")
    with pytest.raises(InvalidInput, match="say who gets"):
        act(STAFF, remove_reseller, aurora)
    act(STAFF, remove_reseller, aurora, shop.known["gulf"])
    assert shop.subscription(added.subscription_id).payer_reseller_id == shop.known["gulf"]
    assert shop.faults() == []


def test_taken_with_a_reason_and_never_more_than_there_is(shop):
    shop.grant("gulf", "10.00")
    why = Context.system("test", reason="granted to the wrong one")
    with pytest.raises(InvalidInput, match="reason"):
        act(STAFF, take_credits, shop.known["gulf"], xcr("4.00"))
    assert act(why, take_credits, shop.known["gulf"], xcr("4.00")).balance_minor == 600
    for amount in (Money(-100, CREDITS), Money(0, CREDITS), float("nan"), Money(100, "EUR")):
        with pytest.raises(InvalidInput):
            act(why, take_credits, shop.known["gulf"], amount)
    with pytest.raises(Conflict, match="no more can be taken"):
        act(why, take_credits, shop.known["gulf"], xcr("6.01"))
    with pytest.raises(NotAllowed):
        act(shop.acting("aurora", reason="because"), take_credits, shop.known["baltic"], xcr("1.00"))
    assert shop.wallet("gulf")[0] == "6.00"
    assert shop.faults() == []


def test_a_month_at_one_dollar_takes_one_credit(shop):
    with writing(STAFF) as tx:
        book = tx.session.scalars(select(PriceBook)).one()
        basic = tx.session.scalars(select(Plan).where(Plan.code == "basic")).one()
        one = Plan(seller_id=basic.seller_id, code="one", name="One", kind="stream", details=dict(basic.details))
        tx.session.add(one)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=one.id, term="1 month", amount_minor=100, credit_minor=100))
        reseller = tx.session.get_one(Reseller, shop.known["gulf"])
        reseller.rights = {**reseller.rights, "sells": ["one"]}
    shop.grant("gulf", "100.00", cost=Money(10_000, "EUR"))
    assert shop.add("gulf", "one").credits_minor == 100
    shop.operator.work()
    assert shop.wallet("gulf") == ("99.00", "0.00", "1.00")
    assert shop.lots("gulf") == [("purchase", 9_900, 9_900)]


def test_fifty_add_at_once_on_the_credits_for_ten(shop):
    """Ten lines on the panel, forty refusals, nothing left, and books that are right."""
    shop.grant("baltic", "100.00")
    app = shop.operator.app

    def order(_number):
        with app.app_context():
            try:
                return shop.add("baltic").credits_minor
            except Conflict as refused:
                return refused.code

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(order, range(50)))
    assert (answers.count(1_000), answers.count("credits_short")) == (10, 40)
    shop.operator.work()
    assert len(shop.operator.on("xtream")) == 10
    assert len(shop.rows(select(Service).where(Service.lifecycle == "wanted"))) == 10
    assert shop.wallet("baltic") == ("0.00", "0.00", "100.00")
    assert shop.faults() == []
