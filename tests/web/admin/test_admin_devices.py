"""Boxes at the counter: a model, a delivery, a search, and a box on its way to a customer and back."""

import io

from web_shop import BOX

from billhead.models.catalogue import Plan, Price
from billhead.models.devices import Device, DeviceModel
from billhead.models.subscriptions import Service

NEW = "00:1A:79:00:00:0B"


def sells_boxes(counter):
    (plan,) = counter.add(
        Plan(seller_id=1, code="a-box", name="A box", kind="device", listed=False, details={"plans": ["box"]})
    )
    counter.add(Price(book_id=1, plan_id=plan, term="", amount_minor=5000))
    answer = counter.post(
        "/admin/devices/models/new", code="mag-540", name="MAG 540", kind="mag", plan="a-box", warranty_months="24"
    )
    assert answer.status_code == 303, answer.text
    return plan


def deliver(counter, text, **fields):
    fields["file"] = (io.BytesIO(text.encode()), "delivery.csv")
    return counter.post("/admin/devices/receive", **fields)


def test_a_delivery_is_taken_in_and_what_is_refused_is_said(counter):
    sells_boxes(counter)
    text = f"model,serial,mac,cost\nmag-540,x1,{BOX},31.50\nmag-540,x1,,\nmag-9,<b>,,\n"
    looked = deliver(counter, text, dry_run="y").text
    assert "1 box would be taken in; 2 rows were refused" in looked
    assert counter.row(Device, 1) is None
    said = deliver(counter, text).text
    assert "1 box is in stock; 2 rows were refused" in said
    assert "X1 is in stock already, or stands twice in the file" in said
    assert "&#39;mag-9&#39;" in said
    assert deliver(counter, "serial\n").status_code == 422
    assert "Choose a file." in counter.post("/admin/devices/receive").text

    for typed in ("x1", "001a79aabb01"):
        assert ">X1</a>" in counter.get(f"/admin/devices?q={typed}").text
    assert ">X1</a>" not in counter.get("/admin/devices?q=x2").text
    assert ">X1</a>" not in counter.get("/admin/devices?state=sold").text
    lines = counter.get("/admin/devices?format=csv").text.splitlines()
    assert lines[1].startswith(f"X1,{BOX},MAG 540,in_stock,,,31.50 EUR")


def test_a_box_goes_out_is_exchanged_and_comes_back(counter):
    sells_boxes(counter)
    deliver(counter, f"model,serial,mac\nmag-540,x1,{BOX}\nmag-540,x2,{NEW}\n")
    ada = counter.shop.visitor()
    ada.sign_in("ada@example.com")
    assert counter.shop.order(ada, "box", **{"addon-a-box": "1"}).status_code == 303, "no MAC is asked for"
    counter.shop.pay(event="evt_2")
    counter.shop.work()
    said = counter.confirm("/admin/devices/1/hand-out").text
    assert "X1 is sold to subscription 2." in said
    assert "Ada Lovelace" in said
    assert counter.row(Service, 2).mac == BOX

    refused = counter.post("/admin/devices/1/exchange", serial="nothing", state="defective", reason="broken")
    assert (refused.status_code, "There is no such box" in refused.text) == (422, True)
    assert (
        "X2 takes the place of X1." in counter.confirm("/admin/devices/1/exchange", serial="x2", state="defective").text
    )
    assert counter.row(Service, 2).mac == NEW
    page = counter.get("/admin/devices/1").text
    assert "Replaced by" in page
    assert "devices.break" in page
    assert counter.trail("devices.exchange") == [("staff:2", "device:1", "asked by phone")]

    wrong = counter.post(
        "/admin/devices/2/take-back", state="lost", rent_ends="immediate", missing="", price="5", reason="x"
    )
    assert wrong.status_code == 422
    told = counter.confirm(
        "/admin/devices/2/take-back", state="returned", rent_ends="end_of_term", missing="Remote", price="12.50"
    )
    assert "The draft that charges what is missing waits" in told.text
    assert counter.row(Device, 2).state == "returned"
    kept = counter.post("/admin/devices/2/book", state="in_stock", reseller="0", reason="looked at")
    assert "still watched on X2" in kept.text


def test_staff_exchange_the_box_of_a_line(counter):
    ada = counter.shop.visitor()
    ada.sign_in("ada@example.com")
    counter.shop.order(ada, "box", mac=BOX)
    counter.shop.pay(event="evt_2")
    counter.shop.work()
    assert f"It is watched on {NEW}." in counter.confirm("/admin/services/2/box", mac=NEW).text
    assert counter.row(DeviceModel, 1) is None
