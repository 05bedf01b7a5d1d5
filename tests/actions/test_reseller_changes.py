"""What a reseller does with its subscribers: change, disable, renew many; to the hundredth of a credit.

It is 22 November 2026; a month bought then has 30 days, of which 29 are left: the first has begun.
"""

import pytest
from reseller_shop import STAFF, open_reseller_shop
from sqlalchemy import event, select

from billhead.actions.resellers.change_user import UserChange, change_user, preview_change_user
from billhead.actions.resellers.disable_user import disable_user
from billhead.actions.resellers.do_many import do_many, preview_do_many
from billhead.actions.resellers.enable_user import enable_user
from billhead.actions.resellers.move_users import move_users
from billhead.actions.resellers.renew_user import preview_renew_user
from billhead.actions.resellers.terminate_user import preview_terminate_user
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import Tx, db, reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.credits import CreditHold
from billhead.models.panels import PanelBouquet
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import UserBulk, UserBulkItem
from billhead.models.subscriptions import SubscriptionComponent
from billhead.models.viewings import Viewing


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    shop.operator.change(Reseller, shop.known["aurora"], rights={
        "sells": ["basic", "gold", "week"], "trials_per_day": 2, "terminate": True, "refund_unused": True})  # fmt: skip
    with writing(STAFF) as tx:
        book = tx.session.scalars(select(PriceBook)).one()
        plans = {plan.code: plan for plan in tx.session.scalars(select(Plan))}
        more = Plan(
            seller_id=operator.seller_id, code="screen", name="Screen", kind="connection",
            details={"plans": ["basic", "gold"], "max_units": 4},
        )  # fmt: skip
        tx.session.add(more)
        tx.session.flush()
        terms = ((more, "1 month", 200), (plans["basic"], "3 months", 2500), (plans["gold"], "3 months", 5000))
        for plan, term, credits in terms:
            tx.session.add(Price(book_id=book.id, plan_id=plan.id, term=term, amount_minor=1, credit_minor=credits))
    shop.grant("aurora", "100.00", cost=Money(10_000, "EUR"))
    return shop


@pytest.fixture
def added(shop):
    one = shop.add("aurora").subscription_id
    shop.operator.work()
    assert shop.wallet("aurora") == ("90.00", "0.00", "10.00")
    return one


def change(shop, subscription_id, ctx=None, **wish):
    with writing(ctx or shop.acting("aurora")) as tx:
        return change_user(tx, subscription_id, UserChange(**wish))


def look(shop, preview, *args, who="aurora"):
    with reading() as session:
        return preview(Tx(shop.acting(who), session), *args)


def act(ctx, verb, *args):
    with writing(ctx) as tx:
        return verb(tx, *args)


def test_a_better_plan_to_the_same_end_costs_the_difference(shop, added):
    wish = UserChange(plan="gold")
    seen = look(shop, preview_change_user, added, wish)
    # left: 10.00 × 29/30 = 9.66 down. Gold from the 23rd on, 30 days a month: 20.00 × 29/30 = 19.34 up. To pay: 9.68
    assert (seen.left_minor, seen.costs_minor, seen.pay_minor, seen.back_minor) == (966, 1_934, 968, 0)
    assert seen.paid_through == "2026-12-22"
    told = change(shop, added, plan="gold")
    assert (told.pay_minor, told.paid_through) == (968, "2026-12-22")
    assert shop.wallet("aurora") == ("80.32", "9.68", "10.00")
    shop.operator.work()
    assert shop.wallet("aurora") == ("80.32", "0.00", "19.68")
    assert shop.holds("aurora") == [(1_000, "captured"), (968, "captured")]
    # ended now, the 19.34 that 29 days of gold cost come back, and nothing twice
    assert look(shop, preview_terminate_user, added).returned_minor == 1_934
    shop.terminate(added, shop.acting("aurora"))
    assert shop.wallet("aurora") == ("99.66", "0.00", "0.34")
    assert sum(cost for _, _, cost in shop.lots("aurora")) == 9_966
    assert shop.faults() == []


def test_a_cheaper_plan_gives_the_difference_back_once_the_line_has_it(shop, added):
    change(shop, added, plan="gold", way="new_term")
    shop.operator.work()
    # 23 November + 1 month, 20.00 less 9.66
    assert shop.wallet("aurora") == ("79.66", "0.00", "20.34")
    assert str(shop.subscription(added).paid_through) == "2026-12-23"
    told = change(shop, added, plan="basic")
    # all 30 days are left: 20.00, of which basic takes 10.00
    assert (told.pay_minor, told.back_minor) == (0, 1_000)
    assert shop.wallet("aurora")[0] == "79.66"
    shop.operator.work()
    assert shop.wallet("aurora") == ("89.66", "0.00", "10.34")
    shop.operator.wait(days=5)
    assert look(shop, preview_terminate_user, added).returned_minor == 833  # 10.00 × 25/30
    assert shop.faults() == []


def test_what_is_left_becomes_days(shop, added):
    told = change(shop, added, plan="gold", way="convert")
    # 9.66 at 20.00 for 30 days: 14 days cost 9.34, and 0.32 come back
    assert (told.pay_minor, told.back_minor, told.paid_through) == (0, 32, "2026-12-07")
    shop.operator.work()
    assert shop.wallet("aurora") == ("90.32", "0.00", "9.68")
    assert shop.operator.only("xtream").ends.date().isoformat() == "2026-12-07"
    assert shop.faults() == []


def test_connections_and_bouquets_have_their_own_price_and_reach_the_line(shop, added):
    both = (AddOnOrder("sport"), AddOnOrder("screen", 2))
    told = change(shop, added, addons=both)
    # 10.00 + 2.50 + 2 × 2.00 = 16.50 × 29/30 = 15.95, less 9.66
    assert told.pay_minor == 629
    shop.operator.work()
    line = shop.operator.only("xtream")
    assert (line.bouquets, line.connections) == ({"3"}, 3)
    assert look(shop, preview_renew_user, added).credits_minor == 1_650
    change(shop, added, addons=())
    shop.operator.work()
    assert (shop.operator.only("xtream").bouquets, shop.operator.only("xtream").connections) == (set(), 1)
    with pytest.raises(InvalidInput, match="can be had"):
        change(shop, added, addons=(AddOnOrder("screen", 5),))
    assert shop.faults() == []


def test_another_term_alone_is_settled_too(shop, added):
    told = change(shop, added, term="3 months", way="new_term")
    assert (told.pay_minor, told.paid_through) == (1_534, "2027-02-23")
    shop.operator.work()
    assert shop.wallet("aurora") == ("74.66", "0.00", "25.34")


def test_what_the_panel_can_not_do_leaves_everything_as_it_was(shop, added):
    operator = shop.operator
    here = (PanelBouquet.panel_id == operator.panels["xtream"], PanelBouquet.bouquet_id == operator.bouquets["sport"])
    operator.change(PanelBouquet, shop.rows(select(PanelBouquet).where(*here))[0].id, remote="not-a-number")
    before = shop.subscription(added)
    change(shop, added, plan="basic", term="3 months", addons=(), way="new_term")
    shop.operator.work()
    kept = shop.subscription(added)
    with pytest.raises(NotFound):
        change(shop, added, addons=(AddOnOrder("sport"),))  # no price for 3 months
    change(shop, added, term="1 month", addons=(AddOnOrder("sport"),), way="new_term")
    assert shop.subscription(added).term == "1 month"
    operator.work()
    after = shop.subscription(added)
    assert (after.term, after.paid_through, after.plan_id) == ("3 months", kept.paid_through, before.plan_id)
    assert shop.holds("aurora")[-1][1] == "released"
    assert shop.wallet("aurora") == ("74.66", "0.00", "25.34")
    open_parts = [row for row in shop.rows(select(SubscriptionComponent)) if row.ends_on is None]
    assert len(open_parts) == 1
    assert operator.only("xtream").ends.date() == kept.paid_through
    assert shop.faults() == []


@pytest.mark.parametrize("crash", ["down", "crash"])
def test_while_nobody_knows_it_stays_held(shop, added, crash):
    shop.operator.fault(crash, "xtream.edit_line", count=1 if crash == "crash" else 9)
    change(shop, added, addons=(AddOnOrder("sport"),))  # 12.50 × 29/30 = 12.09 up, less 9.66
    shop.operator.work()
    assert shop.wallet("aurora") == ("87.57", "2.43", "10.00")
    with pytest.raises(Conflict) as refused:
        change(shop, added, plan="basic")
    assert refused.value.code == "purchase_open"
    shop.operator.heal()
    assert shop.wallet("aurora") == ("87.57", "0.00", "12.43")
    assert shop.faults() == []


def test_what_is_no_change(shop, added):
    for wish, refusal in (
        ({"plan": "pair"}, InvalidInput),  # not among what it sells
        ({"plan": "nothing"}, NotFound),
        ({"term": "2 months"}, NotFound),
        ({"way": "free"}, InvalidInput),
    ):
        with pytest.raises(refusal):
            change(shop, added, **wish)
    with pytest.raises(NotFound):
        change(shop, added, shop.acting("gulf"), plan="gold")
    assert shop.wallet("aurora") == ("90.00", "0.00", "10.00")


def test_a_trial_becomes_another_plan_on_the_same_line(shop):
    trial = shop.add("aurora", "week", trial=True).subscription_id
    shop.operator.work()
    line = shop.operator.only("xtream")
    with pytest.raises(Conflict, match="no paid day"):
        change(shop, trial, plan="gold")
    assert change(shop, trial, plan="gold", way="new_term").pay_minor == 2_000  # the trial is worth nothing
    shop.operator.work()
    after = shop.subscription(trial)
    assert (after.state, after.phase, str(after.paid_through)) == ("active", "recurring", "2026-12-23")
    assert shop.operator.only("xtream").login == line.login
    assert shop.wallet("aurora") == ("79.00", "0.00", "21.00")


def test_disabled_and_enabled_by_whoever_looks_after_it(shop, added):
    aurora = shop.acting("aurora")
    act(aurora, disable_user, added)
    shop.operator.work()
    assert shop.operator.only("xtream").blocked is True
    with pytest.raises(Conflict, match="suspended: it can't be renewed"):
        shop.renew(added, aurora)
    for ctx in (shop.acting("gulf"), shop.acting("baltic")):
        with pytest.raises(NotFound):
            act(ctx, enable_user, added)
    act(aurora, enable_user, added)
    shop.operator.work()
    assert shop.operator.only("xtream").blocked is False

    act(aurora, disable_user, added)
    act(STAFF, suspend, added, "staff")  # weighs more: the reseller can't lift it
    with pytest.raises(NotAllowed, match="the operator has stopped"):
        act(aurora, enable_user, added)


def watch(shop, subscription_id):
    line = shop.lines(subscription_id)[0]
    with writing(STAFF) as tx:
        tx.session.add(Viewing(
            panel_id=line.panel_id, viewing_id=str(line.id), service_id=line.id, day=1, began=1, ended=2, kind="live",
            item="1", ref="", login="", ip="", country="", device="",
        ))  # fmt: skip


def test_nothing_comes_back_for_a_line_that_was_watched_where_that_is_the_rule(shop, added):
    rights = {"sells": ["basic"], "terminate": True, "refund_unused": True, "refund_only_unwatched": True}
    shop.operator.change(Reseller, shop.known["aurora"], rights=rights)
    assert look(shop, preview_terminate_user, added).returned_minor == 966
    watch(shop, added)
    assert look(shop, preview_terminate_user, added).returned_minor == 0


def test_each_is_renewed_with_the_credits_of_its_own_payer(shop):
    """Aurora has 90.00 left, Baltic below it none: all of Aurora's can't pay for the one of Baltic."""
    shop.grant("baltic", "10.00")
    ids = [shop.add(name).subscription_id for name in ("aurora", "baltic")]
    shop.operator.work()
    seen = look(shop, preview_do_many, shop.known["aurora"], "renew", ids)
    assert [(one.name, one.count, one.credits_minor, one.left_minor) for one in seen.payers] == [
        ("Aurora", 1, 1_000, 8_000), ("Baltic", 0, 0, 0),
    ]  # fmt: skip
    assert (seen.count, seen.credits_minor, seen.refused) == (1, 1_000, ())
    assert (seen.short, [one.short for one in seen.payers]) == ((ids[1],), [0, 1])


def test_many_are_renewed_one_by_one_with_a_result_for_each(shop):
    ids = [shop.add("aurora").subscription_id for _ in range(4)]
    shop.operator.work()
    shop.grant("gulf", "10.00")
    foreign = shop.add("gulf").subscription_id
    aurora, key = shop.acting("aurora"), shop.known["aurora"]
    act(aurora, disable_user, ids[0])
    act(STAFF, shop_take, shop, key, "35.00")  # 25.00 are left: for two of the three
    seen = look(shop, preview_do_many, key, "renew", ids)
    assert (seen.count, seen.credits_minor, seen.payers[0].left_minor) == (2, 2_000, 500)
    assert (seen.short, seen.payers[0].short) == ((ids[3],), 1)
    assert [one for one, _ in seen.refused] == [ids[0]]
    for wrong, refusal in (([*ids, foreign], NotFound), ([], InvalidInput), (list(range(501)), InvalidInput)):
        with pytest.raises(refusal):
            act(aurora, do_many, key, "renew", wrong)
    bulk_id = act(aurora, do_many, key, "renew", ids).bulk_id
    shop.operator.work()
    with reading() as session:
        bulk = session.get_one(UserBulk, bulk_id)
        assert (bulk.state, bulk.total, bulk.done, bulk.refused, bulk.credits_minor) == ("done", 4, 2, 2, 2_000)
        rows = session.scalars(select(UserBulkItem).order_by(UserBulkItem.subscription_id)).all()
        assert [(row.state, row.paid_through) for row in rows] == [
            ("refused", ""), ("done", "2027-01-22"), ("done", "2027-01-22"), ("refused", ""),
        ]  # fmt: skip
        assert "are needed" in rows[3].why
        assert session.scalars(select(CreditHold.state)).all().count("held") == 0
    assert shop.wallet("aurora")[0] == "5.00"
    assert shop.faults() == []


@pytest.mark.parametrize(("term", "credits"), [("", (1_000, 1_200, 1_250)), ("3 months", (2_500,))])
def test_what_many_renewals_take_is_asked_once_however_many_they_are(shop, term, credits):
    """Of three kinds: Basic alone, with a second screen, and with Sport, which has no price for three months, and
    neither has the screen."""
    shop.grant("aurora", "600.00")
    shop.grant("baltic", "600.00")
    users = [{}, {"addons": ["screen"]}, {"addons": ["sport"]}]

    def seen(times):
        ids = [
            shop.add(who, **user).subscription_id
            for _ in range(times)
            for who in ("aurora", "baltic")
            for user in users
        ]
        shop.operator.work()
        return counted(shop, "renew", ids, term)

    few, queries = seen(1)
    many, as_many = seen(4)
    assert as_many < queries + 6  # for 18 users more: what nothing holds on to may be read again
    assert [one.credits_minor for one in few.payers] == [sum(credits)] * 2
    assert [one.credits_minor for one in many.payers] == [4 * sum(credits)] * 2
    assert len(many.refused) == 8 * (3 - len(credits))


def counted(shop, kind, ids, *term):
    """What a preview of many tells Aurora, and by how many statements."""
    asked = []
    listening = (db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    event.listen(*listening)
    told = look(shop, preview_do_many, shop.known["aurora"], kind, ids, *term)
    event.remove(*listening)
    return told, len(asked)


@pytest.mark.parametrize("unwatched", [False, True])
def test_to_stop_many_asks_no_more_than_to_stop_few(shop, unwatched):
    """A third of them were disabled, and a third watched: 10.00 × 29/30 come back for each."""
    shop.operator.change(Reseller, shop.known["aurora"], rights={
        "sells": ["basic"], "terminate": True, "refund_unused": True, "refund_only_unwatched": unwatched})  # fmt: skip
    shop.grant("baltic", "300.00")
    shop.operator.change(Reseller, shop.known["baltic"], rights={
        "sells": ["basic"], "terminate": True, "refund_unused": True})  # fmt: skip
    aurora = shop.acting("aurora")

    def users(times):
        ids = [shop.add(who).subscription_id for _ in range(times) for who in ("aurora", "baltic", "aurora")]
        shop.operator.work()
        for key in ids[::3]:
            act(aurora, disable_user, key)
        for key in ids[1::3]:
            watch(shop, key)
        shop.operator.work()
        return ids

    few, many = users(1), users(4)
    for kind, done, credits in (("disable", 2, 0), ("enable", 1, 0), ("end", 3, 966 * (2 if unwatched else 3))):
        (one, queries), (four, as_many) = counted(shop, kind, few), counted(shop, kind, many)
        assert as_many <= queries, kind
        assert (one.count, one.credits_minor) == (done, credits), kind
        assert (four.count, four.credits_minor) == (4 * done, 4 * credits), kind
        assert (len(one.refused), len(four.refused)) == (3 - done, 4 * (3 - done)), kind


def shop_take(tx, shop, key, amount):
    from dataclasses import replace

    from reseller_shop import xcr

    from billhead.actions.resellers.take_credits import take_credits

    return take_credits(Tx(replace(tx.ctx, reason="test"), tx.session), key, xcr(amount))


def test_what_ending_would_not_give_back_no_change_gives_back(shop):
    """The right to get unused days back is asked by both; what is left can always become days."""
    rights = {"sells": ["basic", "gold"], "terminate": True, "refund_unused": False}
    shop.operator.change(Reseller, shop.known["aurora"], rights=rights)
    one = shop.add("aurora", "gold").subscription_id
    shop.operator.work()
    assert shop.wallet("aurora") == ("80.00", "0.00", "20.00")
    with reading() as session:
        tx = Tx(shop.acting("aurora"), session)
        assert preview_terminate_user(tx, one).returned_minor == 0
        # 20.00 × 29/30 = 19.33 left, 10.00 × 29/30 = 9.67 needed
        seen = preview_change_user(tx, one, UserChange(plan="basic"))
        assert (seen.left_minor, seen.pay_minor, seen.back_minor, seen.lapses_minor) == (1933, 0, 0, 966)
        # as days: 1933 × 30 // 1000 = 57 of them, worth 19.00
        days = preview_change_user(tx, one, UserChange(plan="basic", way="convert"))
        assert (days.costs_minor, days.paid_through) == (1900, "2027-01-19")
    assert change(shop, one, plan="basic").back_minor == 0
    shop.operator.work()
    assert shop.wallet("aurora") == ("80.00", "0.00", "20.00"), "the rest has lapsed"
    with reading() as session:  # and a change back is paid for by what it is worth now
        seen = preview_change_user(Tx(shop.acting("aurora"), session), one, UserChange(plan="gold"))
        assert (seen.left_minor, seen.pay_minor) == (967, 967)


def test_watching_refuses_the_change_as_it_refuses_the_end(shop):
    rights = {"sells": ["basic", "gold"], "terminate": True, "refund_unused": True, "refund_only_unwatched": True}
    shop.operator.change(Reseller, shop.known["aurora"], rights=rights)
    one = shop.add("aurora", "gold").subscription_id
    shop.operator.work()

    def seen():
        with reading() as session:
            tx = Tx(shop.acting("aurora"), session)
            ended, changed = preview_terminate_user(tx, one), preview_change_user(tx, one, UserChange(plan="basic"))
            return ended.returned_minor, changed.back_minor

    assert seen() == (1933, 966)
    watch(shop, one)
    assert seen() == (0, 0)


def test_who_had_paid_before_is_locked_with_who_pays_now(shop):
    """Aurora's users, of whom Baltic has paid for the second: one by one, Baltic would wait for who waits for it."""
    shop.grant("baltic", "10.00")
    ids = [shop.add(name).subscription_id for name in ("aurora", "baltic")]
    shop.operator.work()
    aurora, baltic = shop.known["aurora"], shop.known["baltic"]
    (theirs,) = [row.id for row in shop.rows(select(Customer)) if row.reseller_id == baltic]
    act(shop.acting("aurora"), move_users, baltic, aurora, [theirs])
    locked = []

    def heard(_conn, _cursor, statement, parameters, *_):
        if "ORDER BY reseller.id" in statement:
            locked.append(parameters)

    with reading() as session:
        event.listen(session.get_bind(), "before_cursor_execute", heard)
        try:
            preview_do_many(Tx(shop.acting("aurora"), session), aurora, "end", ids)
        finally:
            event.remove(session.get_bind(), "before_cursor_execute", heard)
    first = locked[0].values() if isinstance(locked[0], dict) else locked[0]
    assert {aurora, baltic} <= set(first)
