"""Boxes with serial and MAC: taken in, kept for orders, sold, rented, exchanged, returned; the line follows its box."""

from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
from box_shop import SYSTEM, BoxShop
from hypothesis import given
from hypothesis import strategies as st

from billhead import clock
from billhead.actions.devices._delivery import delivery_rows
from billhead.actions.devices.book_device import book_device
from billhead.actions.devices.exchange_device import exchange_device
from billhead.actions.devices.hand_out import hand_out
from billhead.actions.devices.import_devices import import_devices
from billhead.actions.devices.save_model import ModelEntry, save_model
from billhead.actions.devices.take_back import take_back
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import reading, writing
from billhead.domain.device import TRANSITIONS, DeviceEvent, DeviceState
from billhead.domain.errors import BillheadError, Conflict, InvalidInput
from billhead.domain.state import IllegalTransition, next_state
from billhead.models.catalogue import Price
from billhead.models.devices import Device, DeviceModel
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry
from billhead.models.subscriptions import Subscription, SubscriptionChange, SubscriptionComponent
from billhead.reports import ask, report_of, tabled

A, B, C = "00:1A:79:00:00:0A", "00:1A:79:00:00:0B", "00:1A:79:00:00:0C"


@pytest.fixture
def shop(operator):
    return BoxShop(operator)


def trail(shop, device_id):
    return [row.action for row in shop.rows(AuditEntry, AuditEntry.subject == f"device:{device_id}")]


def test_a_box_is_bought_with_the_plan_and_its_mac_becomes_the_lines(shop):
    box, other = shop.stock(A, B)
    started = shop.order("box", ("buy-box", 1), mac="")
    assert (shop.device(box).state, shop.device(box).subscription_id) == ("reserved", started.subscription_id)
    with pytest.raises(Conflict, match="not paid"):
        shop.do(hand_out, box)
    assert shop.pay(started.document_id) == 6000  # 10.00 for the month, 50.00 for the box
    assert shop.operator.only("xtream").mac == A

    # on the shelf stands another one: it goes out in its place
    assert shop.do(hand_out, other, started.subscription_id).state == "sold"
    shop.operator.work()
    sold, free = shop.device(other), shop.device(box)
    assert (sold.handed_out_on, sold.warranty_until) == (date(2026, 11, 22), date(2028, 11, 22))
    assert (free.state, free.subscription_id) == ("in_stock", None)
    (line,) = shop.services(started.subscription_id)
    assert (line.mac, sold.service_id) == (B, line.id)
    assert shop.operator.only("xtream").mac == B
    with pytest.raises(Conflict, match="has no Buy-Box to come"):
        shop.do(hand_out, box, started.subscription_id)
    assert trail(shop, box) == ["devices.reserve", "devices.free"]
    assert trail(shop, other) == ["devices.instead", "devices.sell", "devices.hand_out"]


def test_an_order_that_comes_to_nothing_gives_its_box_back(shop):
    (box,) = shop.stock(A)
    started = shop.order("box", ("buy-box", 1), mac="")
    with pytest.raises(Conflict, match="out of stock"):
        shop.order("box", ("buy-box", 1), mac="")
    shop.do(cancel, started.subscription_id, "immediate")
    assert shop.device(box).state == "in_stock"
    with pytest.raises(Conflict, match="out of stock"):  # its line is not off the panel yet
        shop.order("box", ("buy-box", 1), mac="")
    shop.operator.work()
    shop.order("box", ("buy-box", 1), mac="")


def test_a_rented_box_comes_back_and_the_rent_ends_with_the_paid_time(shop):
    (box,) = shop.stock(A, model="hired", plan="rent-box")
    subscription = shop.bought("box", ("rent-box", 1), mac="")
    assert shop.do(hand_out, box).state == "rented"
    assert shop.device(box).warranty_until is None
    back = shop.do(take_back, box, "returned", missing_minor=1250, missing="Remote control")
    assert (back.state, back.rent) == ("returned", "scheduled")
    (line,) = shop.rows(DocumentLine, DocumentLine.document_id == back.document_id)
    assert (line.description, line.net_minor) == ("Remote control (S1)", 1250)
    assert shop.rows(Document, Document.id == back.document_id)[0].state == "draft"

    with pytest.raises(Conflict, match="still watched on S1"):
        shop.do(book_device, box, "in_stock")
    clock.move_business_clock(datetime(2026, 12, 22, 1, tzinfo=UTC))
    shop.do(begin_scheduled, 0)
    rent = [part for part in shop.rows(SubscriptionComponent) if part.kind == "addon"]
    assert [part.ends_on for part in rent] == [date(2026, 12, 22)]
    shop.do(cancel, subscription, "immediate")
    shop.operator.work()
    assert shop.do(book_device, box, "in_stock").state == "in_stock"
    assert shop.device(box).subscription_id is None


def test_a_rent_that_ends_at_once_gives_the_days_left_back(shop):
    (box,) = shop.stock(A, model="hired", plan="rent-box")
    shop.bought("box", ("rent-box", 1), mac="")
    shop.do(hand_out, box)
    clock.move_business_clock(datetime(2026, 12, 7, 12, tzinfo=UTC))
    assert shop.do(take_back, box, "lost", rent_ends="immediate").rent == "done"
    notes = shop.rows(Document, Document.kind == "credit_note")
    assert [one.total_minor for one in notes] == [500]  # 10.00 × 15 / 30
    assert shop.device(box).state == "lost"


@pytest.mark.parametrize(("ends", "said"), [("end_of_term", "scheduled"), ("immediate", "done")])
def test_of_two_rented_boxes_the_other_one_stays_at_its_own_price(shop, ends, said):
    """Rented at 10.00 each; since 1 December the list says 15.00 to new customers."""
    first, second = shop.stock(A, B, model="hired", plan="rent-box")
    started = shop.order("box", ("rent-box", 2), mac="")
    assert shop.pay(started.document_id) == 3000  # 10.00 for the month, twice 10.00 for the boxes
    shop.do(hand_out, first)
    shop.do(hand_out, second)
    (rent,) = (part for part in shop.rows(SubscriptionComponent) if part.kind == "addon")
    with writing(SYSTEM) as tx:
        old = tx.session.get_one(Price, rent.price_id)
        dearer = Price(book_id=old.book_id, plan_id=old.plan_id, term=old.term, amount_minor=1500, version=2)
        dearer.valid_from = date(2026, 12, 1)
        tx.session.add(dearer)

    clock.move_business_clock(datetime(2026, 12, 7, 12, tzinfo=UTC))
    assert shop.do(take_back, first, rent_ends=ends).rent == said
    notes = shop.rows(Document, Document.kind == "credit_note")
    # at once one box's 15 of 30 days come back, 10.00 × 15 / 30, and the other one's don't
    assert [one.total_minor for one in notes] == ([500] if ends == "immediate" else [])
    assert shop.device(second).state == "rented"

    clock.move_business_clock(datetime(2026, 12, 22, 1, tzinfo=UTC))
    shop.do(begin_scheduled, 0)
    left = [part for part in shop.rows(SubscriptionComponent) if part.kind == "addon" and part.ends_on is None]
    assert [(part.quantity, part.price_id) for part in left] == [(1, rent.price_id)]
    assert shop.do(take_back, second).rent == "scheduled"


@pytest.mark.parametrize("ends", ["end_of_term", "immediate"])
def test_two_rented_boxes_come_back_in_one_term(shop, ends):
    """The first one's rent ends with the paid time; the second one's as well, or at once."""
    first, second = shop.stock(A, B, model="hired", plan="rent-box")
    shop.bought("box", ("rent-box", 2), ("sport", 1), mac="")
    shop.do(hand_out, first)
    shop.do(hand_out, second)
    clock.move_business_clock(datetime(2026, 12, 7, 12, tzinfo=UTC))
    assert shop.do(take_back, first).rent == "scheduled"
    assert shop.do(take_back, second, rent_ends=ends).rent == ("scheduled" if ends == "end_of_term" else "done")
    notes = [one.total_minor for one in shop.rows(Document, Document.kind == "credit_note")]
    assert notes == ([500] if ends == "immediate" else [])  # 10.00 × 15 / 30, of the one box
    planned = [row.state for row in shop.rows(SubscriptionChange, SubscriptionChange.kind == "change")]
    assert planned.count("scheduled") == 1

    def addons():
        today, parts = clock.today_in("UTC"), shop.rows(SubscriptionComponent, SubscriptionComponent.kind != "plan")
        return {one.plan_id: one.quantity for one in parts
                if one.starts_on <= today and (one.ends_on is None or one.ends_on > today)}  # fmt: skip

    (rent,) = {row.plan_id for row in shop.rows(DeviceModel)}
    assert addons().pop(rent) == (2 if ends == "end_of_term" else 1)
    clock.move_business_clock(datetime(2026, 12, 22, 1, tzinfo=UTC))
    shop.do(begin_scheduled, 0)
    assert (rent in addons(), len(addons())) == (False, 1)  # sport goes on


def test_a_box_comes_back_while_another_change_is_planned(shop):
    """Sport ends with the term by the customer's wish; the rent does as well, and neither forgets the other."""
    (box,) = shop.stock(A, model="hired", plan="rent-box")
    subscription = shop.bought("box", ("rent-box", 1), ("sport", 1), mac="")
    shop.do(hand_out, box)
    assert shop.change(subscription, ("rent-box", 1)).state == "scheduled"
    assert shop.do(take_back, box).rent == "scheduled"
    clock.move_business_clock(datetime(2026, 12, 22, 1, tzinfo=UTC))
    shop.do(begin_scheduled, 0)
    assert [one.kind for one in shop.rows(SubscriptionComponent) if one.ends_on is None] == ["plan"]


def test_a_broken_box_is_exchanged_under_its_warranty(shop):
    box, new = shop.stock(A, B)
    subscription = shop.bought("box", ("buy-box", 1), mac="")
    shop.do(hand_out, box)
    shop.operator.work()
    clock.move_business_clock(datetime(2027, 3, 1, 12, tzinfo=UTC))
    shop.do(exchange_device, box, new)
    shop.operator.work()
    old, now = shop.device(box), shop.device(new)
    assert (old.state, old.service_id) == ("defective", None)
    assert (now.state, now.subscription_id, now.replaces_id) == ("sold", subscription, box)
    assert now.warranty_until == date(2028, 11, 22), "it runs on as it was"
    assert shop.operator.only("xtream").mac == B
    assert "devices.break" in trail(shop, box)
    with pytest.raises(Conflict, match="is not in stock"):
        shop.do(exchange_device, new, box)


def test_a_rented_box_that_was_exchanged_for_another_model_ends_its_own_rent(shop):
    (box,) = shop.stock(A, model="hired", plan="rent-box")
    (new,) = shop.stock(B)  # a model that is sold by another add-on
    (third,) = shop.stock(C, model="hired", plan="rent-box")
    subscription = shop.bought("box", ("rent-box", 1), mac="")
    shop.do(hand_out, box)
    shop.do(exchange_device, box, new)
    with pytest.raises(Conflict, match="has no Rent-Box to come"):
        shop.do(hand_out, third, subscription)
    assert shop.do(take_back, new).rent == "scheduled"


def test_a_box_is_booked_whatever_becomes_of_its_rent(shop):
    """Brought back early after the subscription was cancelled; or from somebody whose reseller pays with credits."""
    early, second = shop.stock(A, B, model="hired", plan="rent-box")
    canceled = shop.bought("box", ("rent-box", 1), mac="")
    shop.do(hand_out, early, canceled)
    shop.do(cancel, canceled, "end_of_term")
    assert shop.do(take_back, early).rent == "ends with the subscription"
    assert shop.device(early).state == "returned"

    other = shop.bought("box", ("rent-box", 1), mac="")
    shop.do(hand_out, second, other)
    shop.operator.change(Subscription, other, settlement="credits")
    assert shop.do(take_back, second).rent.startswith("not ended: ")
    assert shop.device(second).state == "returned"


def test_two_orders_at_once_never_get_the_same_box(shop):
    (box,) = shop.stock(A)
    start, outcomes = Barrier(2), []

    def order():
        with shop.operator.app.app_context():
            start.wait()
            try:
                shop.order("box", ("buy-box", 1), mac="")
                outcomes.append("got it")
            except BillheadError as refused:
                outcomes.append(refused.code)

    threads = [Thread(target=order) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["got it", "out_of_stock"]
    assert shop.device(box).state == "reserved"


def test_a_delivery_is_taken_in_row_by_row_and_may_come_again(shop):
    seller = shop.operator.seller_id
    shop.do(save_model, seller, ModelEntry("mag-540", "MAG 540", "mag"))
    text = (
        "\ufeffmodel;serial;mac;cost;received_on\n"
        "mag-540;x1;001a79aa0001;31.50;2026-11-20\n"
        "mag-540;X1;00:1A:79:AA:00:02;;\n"
        "mag-540;x3;00-1A-79-AA-00-01;;\n"
        "mag-999;x4;;;\n"
        "mag-540;;;;\n"
        "mag-540;x6;zz;;\n"
        "mag-540;x7;;-1;\n"
        "mag-540;x8;;1.234;\n"
        "mag-540;x9;;;20.11.2026\n"
        "mag-540;x10;;;\n"
    )
    rows = delivery_rows(text.encode())
    dry = shop.do(import_devices, seller, rows, dry_run=True)
    assert shop.rows(Device) == []
    done = shop.do(import_devices, seller, rows)
    assert done == dry
    assert done.taken == 2
    assert [(one["row"], one["column"]) for one in done.refused] == [
        (2, "serial"), (3, "mac"), (4, "model"), (5, "serial"), (6, "mac"), (7, "cost"), (8, "amount"),
        (9, "received_on"),
    ]  # fmt: skip
    first, second = shop.rows(Device)
    assert (first.serial, first.mac, first.cost_minor) == ("X1", "00:1A:79:AA:00:01", 3150)
    assert (first.received_on, second.received_on) == (date(2026, 11, 20), date(2026, 11, 22))
    again = shop.do(import_devices, seller, rows)
    assert (again.taken, len(again.refused)) == (0, 10)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"model,serial\xff\n", "UTF-8"),
        (b"model,mac\n", "model and serial"),
        (b"model,serial,colour\n", "colour"),
        (b"model,serial,serial\n", "each once"),
        (b'model,serial\na,"b', "no CSV"),
    ],
)
def test_what_is_no_delivery_is_refused(data, why):
    with pytest.raises(InvalidInput, match=why):
        delivery_rows(data)


@given(st.binary(max_size=200))
def test_any_file_is_rows_or_a_refusal(data):
    try:
        rows = delivery_rows(data)
    except InvalidInput:
        return
    assert all(isinstance(value, str) for row in rows for value in row.values())


@pytest.mark.parametrize("state", DeviceState)
@pytest.mark.parametrize("event", DeviceEvent)
def test_every_way_that_a_box_can_go(state, event):
    if (state, event) in TRANSITIONS:
        assert next_state(TRANSITIONS, state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition):
            next_state(TRANSITIONS, state, event)


def test_the_report_says_what_boxes_cost_and_what_is_ours_still(shop):
    sold, *_ = shop.stock(A, B, C)
    shop.bought("box", ("buy-box", 1), mac="")
    shop.do(hand_out, sold)
    found = report_of("device-stock")
    with reading() as session:
        table = tabled(session, found, ask(session, found.report, {}, date(2026, 11, 22)), page=1)
    rows = [(state, count, str(cost), str(ours)) for _, state, count, cost, ours in table.rows]
    assert rows == [("in stock", 2, "63.00 EUR", "63.00 EUR"), ("sold", 1, "31.50 EUR", "0.00 EUR")]
