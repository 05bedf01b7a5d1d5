"""Subscribers on credits, end to end with both panels: no line without credit, no credit without line."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from reseller_shop import STAFF, open_reseller_shop
from sqlalchemy import select

from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.suspend import suspend
from billhead.db import writing
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.models.catalogue import Plan, Price
from billhead.models.operations import Notice
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription
from two_panels import BOX, NOW

CREATE, EDIT = "xtream.create_line", "xtream.edit_line"
A_MONTH_ON = datetime(2026, 12, 22, tzinfo=UTC)


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def state(shop, added):
    subscription = shop.subscription(added.subscription_id)
    return subscription.state, str(subscription.paid_through)


def customers_of(code, shop):
    return shop.rows(select(Customer).where(Customer.reseller_id == shop.known[code]))


def plan_named(code, shop):
    return shop.rows(select(Plan).where(Plan.code == code))[0]


def named_late(operator):
    """Staff enter what the bouquet "late" is called on the panel."""
    return PanelBouquet(panel_id=operator.panels["xtream"], bouquet_id=operator.bouquets["late"], remote="7")


def name_on_xtream(shop, bouquet):
    """The row that says what a bouquet is called there."""
    operator = shop.operator
    here = (PanelBouquet.panel_id == operator.panels["xtream"], PanelBouquet.bouquet_id == operator.bouquets[bouquet])
    return shop.rows(select(PanelBouquet).where(*here))[0].id


def test_a_line_takes_its_credits_when_it_is_there(shop):
    shop.grant("baltic", "30.00")
    added = shop.add("baltic", addons=["sport"], name="Kadri", email="Kadri@Example.com")
    assert (added.credits_minor, added.paid_through) == (1250, "2026-12-22")
    assert shop.wallet("baltic") == ("17.50", "12.50", "0.00")
    assert state(shop, added) == ("pending", "2026-12-22")

    shop.operator.work()
    assert shop.wallet("baltic") == ("17.50", "0.00", "12.50")
    assert shop.holds("baltic") == [(1250, "captured")]
    assert state(shop, added) == ("active", "2026-12-22")
    held = shop.operator.only("xtream")
    assert (held.ends, held.bouquets) == (A_MONTH_ON, {"3"})
    customer = customers_of("baltic", shop)[0]
    assert (customer.email, customer.country, customer.zone) == ("kadri@example.com", "FI", "UTC")
    assert shop.faults() == []


@pytest.mark.parametrize("fault", [{"kind": "crash"}, {"kind": "reset", "perform": True}, {"kind": "down", "count": 9}])
def test_pitfall_26_credits_stay_held_while_nobody_knows_and_there_are_never_two_lines(shop, fault):
    shop.grant("aurora", "10.00")
    shop.operator.fault(match=CREATE, **{"count": 1, **fault})
    added = shop.add("aurora")
    shop.operator.work()
    assert [line.sync for line in shop.lines(added.subscription_id)] == ["unknown"]
    assert shop.wallet("aurora") == ("0.00", "10.00", "0.00")
    assert state(shop, added)[0] == "pending"
    with pytest.raises(Conflict, match="can't be renewed now"):
        shop.renew(added.subscription_id, STAFF)

    shop.operator.heal()
    assert len(shop.operator.on("xtream")) == 1
    assert shop.wallet("aurora") == ("0.00", "0.00", "10.00")
    assert state(shop, added)[0] == "active"
    assert shop.faults() == []


def test_what_is_proven_impossible_gives_the_credits_back_and_is_no_order(shop):
    operator = shop.operator
    operator.change(PanelBouquet, name_on_xtream(shop, "sport"), remote="not-a-number")
    shop.grant("aurora", "20.00")
    added = shop.add("aurora", addons=["sport"])
    operator.work()
    assert operator.on("xtream") == []
    assert shop.wallet("aurora") == ("20.00", "0.00", "0.00")
    assert shop.lots("aurora") == [("grant", 2000, 0)]
    assert shop.holds("aurora") == [(1250, "released")]
    assert state(shop, added)[0] == "canceled"
    assert [line.lifecycle for line in shop.lines(added.subscription_id)] == ["gone"]
    assert shop.faults() == []


def test_a_box_that_belongs_to_somebody_else_on_the_panel_gives_the_credits_back(shop):
    operator = shop.operator
    other = operator.line("stalker", kind="mag", mac=BOX)
    operator.work()
    operator.change(Service, other, lifecycle="gone")  # not ours any more, and still on the portal
    shop.grant("aurora", "20.00")
    added = shop.add("aurora", "box", mac=BOX)
    operator.work()
    assert operator.only("stalker").ref == "line1"
    assert (shop.wallet("aurora"), state(shop, added)[0]) == (("20.00", "0.00", "0.00"), "canceled")


def test_a_line_and_a_box_are_paid_when_both_are_there(shop):
    shop.grant("aurora", "20.00")
    shop.operator.fault("down", "/stalker_portal/*")
    added = shop.add("aurora", "pair", mac=BOX)
    shop.operator.work()
    assert len(shop.operator.on("xtream")) == 1
    assert shop.wallet("aurora") == ("4.00", "16.00", "0.00")
    shop.operator.heal()
    assert shop.wallet("aurora") == ("4.00", "0.00", "16.00")
    assert state(shop, added)[0] == "active"


def test_half_a_pair_is_taken_away_before_the_credits_come_back(shop):
    operator = shop.operator
    other = operator.line("stalker", kind="mag", mac=BOX)
    operator.work()
    operator.change(Service, other, lifecycle="gone")
    operator.fault("down", "/sandbox/*")
    shop.grant("aurora", "20.00")
    added = shop.add("aurora", "pair", mac=BOX)
    operator.work()
    assert state(shop, added)[0] == "canceled"
    assert shop.wallet("aurora") == ("4.00", "16.00", "0.00")  # the line may be there: nobody has said
    operator.heal()
    assert operator.on("xtream") == []
    assert shop.wallet("aurora") == ("20.00", "0.00", "0.00")


def test_a_line_that_lacks_what_was_sold_keeps_its_credits_held_until_somebody_decides(shop):
    operator = shop.operator
    shop.grant("aurora", "20.00")
    dropped, mended = shop.add("aurora"), shop.add("aurora")
    for added in (dropped, mended):
        operator.change(Service, shop.lines(added.subscription_id)[0].id, desired_bouquets=[operator.bouquets["late"]])
    operator.work()
    assert (len(operator.on("xtream")), shop.wallet("aurora")) == (2, ("0.00", "20.00", "0.00"))
    assert [line.sync for line in shop.lines(mended.subscription_id)] == ["impossible"]

    with writing(STAFF) as tx:
        cancel(tx, dropped.subscription_id, "immediate")
        tx.session.add(named_late(operator))
    operator.work()
    operator.converge(shop.lines(mended.subscription_id)[0].id)
    assert shop.wallet("aurora") == ("10.00", "0.00", "10.00")
    assert len(operator.on("xtream")) == 1
    assert shop.faults() == []


def test_who_has_no_address_gets_no_mail(shop):
    shop.grant("aurora", "20.00")
    for email in ("", "ann@example.net"):
        shop.add("aurora", email=email)
    shop.operator.work()
    assert [notice.recipient for notice in shop.rows(select(Notice))] == ["ann@example.net"]


@pytest.mark.parametrize("made", [True, False])
def test_canceled_before_anybody_knew_the_credits_come_back_when_no_line_is_there(shop, made):
    shop.grant("aurora", "10.00")
    shop.operator.fault("crash" if made else "reset", CREATE, count=1)
    added = shop.add("aurora")
    shop.operator.work()
    with writing(STAFF) as tx:
        cancel(tx, added.subscription_id, "immediate")
    assert shop.wallet("aurora") == ("0.00", "10.00", "0.00")
    shop.operator.heal()
    assert shop.operator.on("xtream") == []
    assert shop.wallet("aurora") == ("10.00", "0.00", "0.00")
    assert shop.faults() == []


@pytest.mark.parametrize(
    ("who", "more", "refusal"),
    [
        ("aurora", {"plan": "gold"}, InvalidInput),  # not among what it sells
        ("aurora", {"plan": "nothing"}, InvalidInput),
        ("aurora", {"name": " "}, InvalidInput),
        ("aurora", {"zone": "Mars/Crater"}, InvalidInput),
        ("aurora", {"trial": True}, InvalidInput),  # basic has no trial
        ("aurora", {"plan": "week", "trial": True, "addons": ["sport"]}, InvalidInput),
        ("aurora", {"plan": "box"}, InvalidInput),  # without a MAC
        ("aurora", {"customer_id": 1}, NotFound),  # the operator's own customer
        ("gulf", {}, Conflict),  # no credits
    ],
)
def test_what_is_refused_takes_nothing(shop, who, more, refusal):
    shop.grant("aurora", "100.00")
    with pytest.raises(refusal):
        shop.add(who, **more)
    assert shop.wallet("aurora") == ("100.00", "0.00", "0.00")
    assert customers_of(who, shop) == []


def test_a_child_never_sells_what_its_parent_may_not(shop):
    shop.grant("baltic", "100.00")
    shop.operator.change(Reseller, shop.known["baltic"], rights={"sells": ["basic", "gold"]})
    shop.add("baltic", "basic")
    with pytest.raises(InvalidInput, match="does not sell gold"):
        shop.add("baltic", "gold")
    shop.operator.change(Reseller, shop.known["aurora"], rights={"sells": ["gold"]})
    shop.add("baltic", "gold")
    with pytest.raises(InvalidInput, match="does not sell basic"):
        shop.add("baltic", "basic")


def test_one_acts_for_oneself_and_for_those_below(shop):
    shop.grant("baltic", "100.00")
    added = shop.add("baltic", ctx=shop.acting("aurora"))
    shop.operator.work()
    stranger = shop.acting("gulf")
    with pytest.raises(NotFound):
        shop.add("baltic", ctx=stranger)
    for act in (shop.renew, shop.terminate):
        with pytest.raises(NotFound):
            act(added.subscription_id, stranger)
    shop.renew(added.subscription_id, shop.acting("aurora"))
    assert shop.wallet("baltic") == ("80.00", "10.00", "10.00")


def test_a_suspended_reseller_sells_nothing_and_its_lines_run_on(shop):
    shop.grant("baltic", "100.00")
    added = shop.add("baltic")
    shop.operator.change(Reseller, shop.known["baltic"], suspended=True)
    shop.operator.work()
    assert shop.operator.only("xtream").blocked is False
    with pytest.raises(NotAllowed, match="suspended"):
        shop.add("baltic")
    with pytest.raises(NotAllowed, match="suspended"):
        shop.renew(added.subscription_id, shop.acting("baltic"))
    assert shop.wallet("baltic") == ("90.00", "0.00", "10.00")  # what was under way is settled all the same


def test_the_same_order_sent_twice_is_one(shop):
    shop.grant("aurora", "100.00")
    ctx = shop.acting("aurora", idempotency_key="a1b2")
    assert shop.add("aurora", ctx=ctx) == shop.add("aurora", ctx=ctx)
    assert shop.wallet("aurora") == ("90.00", "10.00", "0.00")


def test_two_orders_at_once_on_the_credits_of_one(shop):
    shop.grant("aurora", "15.00")

    def order(_number):
        with shop.operator.app.app_context():
            try:
                return shop.add("aurora").credits_minor
            except Conflict as refused:
                return refused.code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(map(str, pool.map(order, range(4)))) == ["1000"] + ["credits_short"] * 3
    assert shop.wallet("aurora") == ("5.00", "10.00", "0.00")
    assert shop.faults() == []


class TestTrials:
    def test_pitfall_33_so_many_a_day_by_the_resellers_own_calendar(self, shop):
        shop.reseller("tonga", zone="Pacific/Tongatapu")  # UTC+13: it is one in the morning of the 23rd
        shop.grant("tonga", "100.00")
        for number in range(2):
            shop.add("tonga", "week", trial=True, name=f"Viewer {number}")
        with pytest.raises(Conflict, match="may give 2 trials a day"):
            shop.add("tonga", "week", trial=True)
        assert shop.wallet("tonga") == ("98.00", "2.00", "0.00")
        shop.operator.work()
        shop.operator.wait(hours=22)  # eleven in the evening of the 23rd there
        with pytest.raises(Conflict, match="trials"):
            shop.add("tonga", "week", trial=True)
        shop.operator.wait(hours=2)
        shop.add("tonga", "week", trial=True)

    def test_a_trial_that_never_came_to_be_does_not_count(self, shop):
        operator = shop.operator
        shop.grant("aurora", "100.00")
        operator.change(Reseller, shop.known["aurora"], rights={"sells": ["week"], "trials_per_day": 1})
        operator.fault("down", "/sandbox/*")
        added = shop.add("aurora", "week", trial=True)
        with pytest.raises(Conflict):
            shop.add("aurora", "week", trial=True)
        with writing(STAFF) as tx:
            cancel(tx, added.subscription_id, "immediate")
        operator.heal()
        shop.add("aurora", "week", trial=True)

    def test_pitfall_33_one_person_has_one_trial(self, shop):
        shop.grant("aurora", "100.00")
        shop.add("aurora", "week", trial=True, email="ann@example.net")
        with pytest.raises(Conflict, match="once"):
            shop.add("aurora", "week", trial=True, email="Ann+tv@example.net")
        shop.add("aurora", "week", trial=True)

    def test_pitfall_33_one_box_has_one_trial(self, shop):
        operator = shop.operator
        shop.grant("aurora", "100.00")
        code = operator.panel("stalker").code
        template = {"kind": "mag", "panel": code, "panel_plan": "BASIC"}
        plan = plan_named("week", shop)
        operator.change(Plan, plan.id, kind="mag", details={**plan.details, "services": [template]})
        added = shop.add("aurora", "week", trial=True, mac=BOX)
        operator.work()
        shop.terminate(added.subscription_id, STAFF)
        operator.work()
        assert operator.on("stalker") == []
        with pytest.raises(Conflict, match="once"):
            shop.add("aurora", "week", trial=True, mac=BOX)

    def test_a_trial_is_a_week_becomes_the_plan_and_gives_nothing_back(self, shop):
        shop.grant("aurora", "100.00")
        added = shop.add("aurora", "week", trial=True)
        other = shop.add("aurora", "week", trial=True)
        shop.operator.work()
        assert state(shop, added) == ("trial", "2026-11-29")
        assert shop.terminate(other.subscription_id, STAFF).returned_minor == 0

        shop.renew(added.subscription_id, STAFF)
        assert [line.trial for line in shop.lines(added.subscription_id)] == [False]
        shop.operator.work()
        assert state(shop, added) == ("active", "2026-12-29")
        assert shop.wallet("aurora") == ("88.00", "0.00", "12.00")


class TestRenewal:
    @pytest.fixture
    def added(self, shop):
        shop.grant("aurora", "100.00")
        added = shop.add("aurora")
        shop.operator.work()
        return added

    def renew(self, shop, added):
        return shop.renew(added.subscription_id, shop.acting("aurora"))

    def test_early_it_goes_on_from_the_end(self, shop, added):
        assert self.renew(shop, added).paid_through == "2027-01-22"
        shop.operator.work()
        assert shop.operator.only("xtream").ends == datetime(2027, 1, 22, tzinfo=UTC)
        assert shop.wallet("aurora") == ("80.00", "0.00", "20.00")

    def test_late_it_goes_on_from_today_and_is_active_again(self, shop, added):
        shop.operator.wait(days=40)  # 1 January
        with writing(STAFF) as tx:
            assert lapse(tx).expired == 1
        assert self.renew(shop, added).paid_through == "2027-02-01"
        assert state(shop, added)[0] == "expired"  # until the panel has it
        shop.operator.work()
        assert state(shop, added) == ("active", "2027-02-01")

    def test_the_31st_is_not_forgotten(self, shop):
        shop.grant("aurora", "100.00")
        shop.operator.wait(days=70)  # 31 January
        added = shop.add("aurora")
        shop.operator.work()
        ends = [added.paid_through]
        for _ in range(2):
            ends.append(self.renew(shop, added).paid_through)
            shop.operator.work()
        assert ends == ["2027-02-28", "2027-03-31", "2027-04-30"]

    def test_while_one_is_open_there_is_no_other(self, shop, added):
        shop.operator.fault("crash", EDIT, count=1)
        self.renew(shop, added)
        shop.operator.work()
        assert shop.wallet("aurora") == ("80.00", "10.00", "10.00")
        with pytest.raises(Conflict, match="not settled yet"):
            self.renew(shop, added)
        shop.operator.heal()
        assert shop.wallet("aurora") == ("80.00", "0.00", "20.00")
        assert len(shop.operator.on("xtream")) == 1
        assert shop.faults() == []

    def test_what_the_panel_can_not_do_is_put_back(self, shop, added):
        operator = shop.operator
        bouquet = name_on_xtream(shop, "kids")
        line = shop.lines(added.subscription_id)[0]
        operator.change(Service, line.id, desired_bouquets=[operator.bouquets["kids"]])
        operator.change(PanelBouquet, bouquet, remote="not-a-number")
        self.renew(shop, added)
        assert shop.wallet("aurora") == ("80.00", "10.00", "10.00")
        operator.work()
        assert shop.wallet("aurora") == ("90.00", "0.00", "10.00")
        assert shop.lots("aurora") == [("grant", 9000, 0)]
        assert state(shop, added) == ("active", "2026-12-22")
        assert shop.lines(added.subscription_id)[0].desired_expires_at == A_MONTH_ON
        assert operator.only("xtream").ends == A_MONTH_ON

        operator.change(PanelBouquet, bouquet, remote="5")
        self.renew(shop, added)
        operator.work()
        assert state(shop, added) == ("active", "2027-01-22")
        assert shop.faults() == []

    def test_what_lacks_a_bouquet_but_runs_longer_stays_held_until_staff_have_mended_it(self, shop, added):
        operator = shop.operator
        line = shop.lines(added.subscription_id)[0]
        operator.change(Service, line.id, desired_bouquets=[operator.bouquets["late"]])
        self.renew(shop, added)
        operator.work()
        assert operator.only("xtream").ends == datetime(2027, 1, 22, tzinfo=UTC)
        assert shop.wallet("aurora") == ("80.00", "10.00", "10.00")
        with writing(STAFF) as tx:
            tx.session.add(named_late(operator))
        operator.converge(line.id)
        assert shop.wallet("aurora") == ("80.00", "0.00", "20.00")

    @pytest.mark.parametrize("change", ["invoice", "canceled", "suspended"])
    def test_what_is_not_to_be_renewed(self, shop, added, change):
        with writing(STAFF) as tx:
            if change == "suspended":
                suspend(tx, added.subscription_id, "staff")
            elif change == "canceled":
                cancel(tx, added.subscription_id, "end_of_term")
            else:
                tx.session.get_one(Subscription, added.subscription_id).settlement = "invoice"
        with pytest.raises(Conflict):
            self.renew(shop, added)
        assert shop.wallet("aurora") == ("90.00", "0.00", "10.00")

    def test_the_price_is_that_of_the_order(self, shop, added):
        plan = plan_named("basic", shop)
        old = shop.rows(select(Price).where(Price.plan_id == plan.id))[0]
        shop.operator.change(Price, old.id, valid_until=NOW.date())
        dearer = {"term": "1 month", "amount_minor": 9900, "credit_minor": 9900, "version": 2}
        with writing(STAFF) as tx:
            tx.session.add(Price(book_id=old.book_id, plan_id=plan.id, **dearer))
        assert self.renew(shop, added).credits_minor == 1000


class TestTermination:
    def test_unused_days_come_back_rounded_down_where_the_rights_say_so(self, shop):
        shop.grant("aurora", "30.00")
        added = shop.add("aurora")
        shop.operator.work()
        shop.renew(added.subscription_id, STAFF)
        shop.operator.work()
        shop.operator.wait(days=9)  # 1 December is the tenth day of 30: 20 are unused, and all 31 of the next term
        returned = shop.terminate(added.subscription_id, shop.acting("aurora")).returned_minor
        assert returned == 666 + 1000  # 10.00 × 20 ÷ 30 = 6.666…
        assert shop.wallet("aurora") == ("26.66", "0.00", "3.34")
        assert shop.lots("aurora") == [("grant", 2666, 0)]
        shop.operator.work()
        assert shop.operator.on("xtream") == []
        assert shop.faults() == []
        with pytest.raises(Conflict):
            shop.terminate(added.subscription_id, STAFF)
        assert shop.wallet("aurora") == ("26.66", "0.00", "3.34")

    def test_only_with_the_right_and_without_a_refund_by_default(self, shop):
        shop.grant("gulf", "30.00")
        added = shop.add("gulf")
        shop.operator.work()
        shop.operator.change(Reseller, shop.known["gulf"], rights={"sells": ["basic"]})
        with pytest.raises(NotAllowed, match="may not terminate"):
            shop.terminate(added.subscription_id, shop.acting("gulf"))
        assert shop.terminate(added.subscription_id, STAFF).returned_minor == 0
        assert shop.wallet("gulf") == ("20.00", "0.00", "10.00")

    def test_a_renewal_under_way_comes_back_when_the_line_is_gone(self, shop):
        shop.grant("aurora", "30.00")
        added = shop.add("aurora")
        shop.operator.work()
        shop.operator.fault("down", "/sandbox/*")
        shop.renew(added.subscription_id, STAFF)
        shop.operator.work()
        assert shop.terminate(added.subscription_id, STAFF).returned_minor == 966  # 10.00 × 29 ÷ 30
        assert shop.wallet("aurora") == ("19.66", "10.00", "0.34")
        shop.operator.heal()
        assert shop.wallet("aurora") == ("29.66", "0.00", "0.34")
        assert shop.faults() == []

    def test_a_line_that_we_did_not_make_is_left_alone_and_its_renewal_given_back(self, shop):
        shop.grant("aurora", "30.00")
        added = shop.add("aurora")
        shop.operator.work()
        shop.operator.change(Service, shop.lines(added.subscription_id)[0].id, created_by_us=False)
        shop.operator.change(Panel, shop.operator.panels["xtream"], maintenance=True)
        shop.renew(added.subscription_id, STAFF)
        shop.operator.work()
        shop.terminate(added.subscription_id, STAFF)
        shop.operator.work()
        assert shop.wallet("aurora")[1] == "0.00"
        assert [line.lifecycle for line in shop.lines(added.subscription_id)] == ["gone"]
