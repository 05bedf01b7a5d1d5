"""A customer watches on another box: so often a month, never on somebody else's, and the panel forgets the old one."""

from contextlib import suppress
from datetime import UTC, date, datetime
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from box_shop import BoxShop
from sqlalchemy import select

from billhead import clock
from billhead.actions.devices.hand_out import hand_out
from billhead.actions.provisioning.swap_mac import preview_swap_mac, swap_mac
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotFound
from billhead.domain.mac import usual_prefixes
from billhead.models.catalogue import Plan
from billhead.models.devices import MacSwap
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from two_panels import BOX, NOW

NEW, NEWER = "00:1A:79:00:00:0B", "00:1A:79:00:00:0C"
STAFF = Context("staff:1", Role.STAFF, Scope(everything=True), frozenset({"services.write"}))


@pytest.fixture
def shop(operator):
    return BoxShop(operator)


def swap(shop, service_id, mac, ctx=None):
    with writing(ctx or shop.customer_ctx()) as tx:
        return swap_mac(tx, service_id, mac)


def left(shop, service_id):
    with reading() as session:
        return preview_swap_mac(Tx(shop.customer_ctx(), session), service_id)


def stranger(shop):
    person = {"country": "FI", "currency": "EUR", "created_at": NOW}
    with writing(Context.system("test")) as tx:
        row = Customer(seller_id=shop.operator.seller_id, name="Eve", email="eve@example.com", **person)
        tx.session.add(row)
        tx.session.flush()
        return row.id


def test_once_a_month_and_the_panel_forgets_the_old_box(shop):
    line, box = shop.services(shop.bought("home"))
    assert (left(shop, box.id).left, left(shop, box.id).next_on) == (1, None)
    done = swap(shop, box.id, "001a.7900.000b")
    assert (done.mac, done.changed) == (NEW, True)
    shop.operator.work()
    assert shop.held()[1].mac == NEW
    assert shop.services(line.subscription_id)[1].sync == "ok"
    assert not swap(shop, box.id, NEW).changed, "the same box again is no exchange"

    assert (left(shop, box.id).left, left(shop, box.id).next_on) == (0, date(2026, 12, 1))
    with pytest.raises(Conflict, match="can't be exchanged again this month") as refused:
        swap(shop, box.id, NEWER)
    assert "2026-12-01" in refused.value.hint
    clock.move_business_clock(datetime(2026, 12, 1, 0, 30, tzinfo=UTC))
    assert swap(shop, box.id, NEWER).changed
    notices = [notice.kind for notice in shop.rows(Notice)]
    assert notices.count("box_changed") == 2
    assert [row.action for row in shop.rows(AuditEntry) if row.action == "provisioning.mac"] == ["provisioning.mac"] * 2


def test_the_month_is_the_customers_own(shop):
    _, box = shop.services(shop.bought("home"))
    from billhead.models.subscriptions import Subscription

    shop.operator.change(Subscription, box.subscription_id, zone="Pacific/Honolulu")
    swap(shop, box.id, NEW)
    clock.move_business_clock(datetime(2026, 12, 1, 9, 0, tzinfo=UTC))  # 23:00 of 30 November there
    with pytest.raises(Conflict):
        swap(shop, box.id, NEWER)
    clock.move_business_clock(datetime(2026, 12, 1, 10, 1, tzinfo=UTC))
    assert swap(shop, box.id, NEWER).changed


def test_the_plan_says_how_often_else_the_seller(shop):
    _, box = shop.services(shop.bought("home"))
    shop.operator.change(Seller, shop.operator.seller_id, mac_swaps=0)
    assert left(shop, box.id).next_on is None
    with pytest.raises(Conflict) as refused:
        swap(shop, box.id, NEW)
    assert refused.value.hint == "ask us, and we do it"
    (plan,) = shop.rows(Plan, Plan.code == "home")
    shop.operator.change(Plan, plan.id, details={**plan.details, "mac_swaps": 2})
    swap(shop, box.id, NEW), swap(shop, box.id, NEWER)
    assert left(shop, box.id).left == 0


def test_staff_are_not_limited_but_say_why(shop):
    from dataclasses import replace

    _, box = shop.services(shop.bought("home"))
    swap(shop, box.id, NEW)
    with pytest.raises(InvalidInput, match="say why"):
        swap(shop, box.id, NEWER, STAFF)
    assert swap(shop, box.id, NEWER, replace(STAFF, reason="box was stolen")).changed
    assert [one.counted for one in shop.rows(MacSwap)] == [True, False]


def test_a_taken_box_is_refused_without_telling_whose(shop):
    shop.stock(NEW)
    _, box = shop.services(shop.bought("home"))
    other = shop.operator.line("xtream", kind="mag", mac=NEWER)
    shop.operator.work()
    said = set()
    for mac in (NEW, NEWER):  # in our stock; watched by somebody
        with pytest.raises(InvalidInput) as refused:
            swap(shop, box.id, mac)
        said.add((refused.value.why, refused.value.hint))
    assert len(said) == 1
    assert "stock" not in str(said)
    assert shop.operator.service(other).login not in str(said)
    assert left(shop, box.id).left == 1, "a refusal costs nothing"


@pytest.mark.parametrize("mac", ["", "hello", "00:00:00:00:00:00", "01:1A:79:00:00:01", "00:1A:79:00:00", "x" * 5000])
def test_what_is_no_mac_is_refused(shop, mac):
    _, box = shop.services(shop.bought("home"))
    with pytest.raises(InvalidInput):
        swap(shop, box.id, mac)


def test_somebody_elses_line_is_not_there(shop):
    line, box = shop.services(shop.bought("home"))
    with pytest.raises(NotFound, match="no service"):
        swap(shop, box.id, NEW, shop.customer_ctx(stranger(shop)))
    with pytest.raises(Conflict, match="not on a box"):
        swap(shop, line.id, NEW)


def test_two_at_once_never_get_the_same_box(shop):
    _, first = shop.services(shop.bought("home"))
    _, second = shop.services(shop.bought("home", mac="00:1A:79:AA:BB:02"))
    start, outcomes = Barrier(2), []

    def attempt(service_id):
        with shop.operator.app.app_context():
            start.wait()
            try:
                outcomes.append(str(swap(shop, service_id, NEW).changed))
            except BillheadError as refused:
                outcomes.append(refused.code)

    threads = [Thread(target=attempt, args=(one.id,)) for one in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["True", "mac_taken"]


def test_two_orders_at_once_on_two_panels_never_get_the_same_box(shop, monkeypatch):
    """Each is held up between looking whose box it is and taking it, until the other one has looked as well."""
    from billhead.actions.subscriptions import _services
    from billhead.models.catalogue import Price
    from billhead.models.panels import Panel
    from billhead.models.subscriptions import Service

    with writing(Context.system("test")) as tx:
        near = tx.session.scalars(select(Plan).where(Plan.code == "box")).one()
        price = tx.session.scalars(select(Price).where(Price.plan_id == near.id)).one()
        there = tx.session.get_one(Panel, shop.operator.panels["stalker"]).code
        details = {"services": [{"kind": "mag", "panel": there, "panel_plan": ""}]}
        far = Plan(seller_id=near.seller_id, code="far", name="Far", kind="mag", details=details)
        tx.session.add(far)
        tx.session.flush()
        tx.session.add(Price(book_id=price.book_id, plan_id=far.id, term="1 month", amount_minor=1000))
    both_have_looked, outcomes, handle = Barrier(2, timeout=1), [], _services.new_handle

    def held_up():
        with suppress(BrokenBarrierError):
            both_have_looked.wait()
        return handle()

    monkeypatch.setattr(_services, "new_handle", held_up)

    def order(plan):
        with shop.operator.app.app_context():
            try:
                outcomes.append(bool(shop.order(plan, mac=NEWER).subscription_id))
            except InvalidInput as refused:
                outcomes.append(refused.field)

    threads = [Thread(target=order, args=(plan,)) for plan in ("box", "far")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["True", "mac"]
    assert len(shop.rows(Service, Service.mac == NEWER)) == 1


def test_the_stock_follows_the_line(shop):
    (device,) = shop.stock(NEW)
    subscription = shop.bought("box", ("buy-box", 1), mac="")
    shop.do(hand_out, device)
    (line,) = shop.services(subscription)
    assert shop.device(device).service_id == line.id
    swap(shop, line.id, BOX)  # they watch on a box of their own
    assert (shop.device(device).service_id, shop.device(device).state) == (None, "sold")
    clock.move_business_clock(datetime(2026, 12, 2, tzinfo=UTC))
    swap(shop, line.id, NEW)
    assert shop.device(device).service_id == line.id


def test_an_unusual_address_is_a_reason_to_look_again():
    assert usual_prefixes("mag", "00:1A:79:00:00:01") == ()
    assert usual_prefixes("mag", "02:1A:79:00:00:01") == ("00:1A:79", "10:27:BE")
    assert usual_prefixes("enigma2", "02:1A:79:00:00:01") == ()
