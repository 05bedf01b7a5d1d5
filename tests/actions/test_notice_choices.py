"""What a customer hears by which channel: only where it is connected, once for each, and by mail when that fails."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from notice_shop import BOXES, NOW, SYSTEM, open_shop
from pretend_plugins import installed_points
from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications._ways import quiet_until
from billhead.actions.notifications.begin_start import begin_start
from billhead.actions.notifications.choose_notices import NoticeWish, choose_notices
from billhead.actions.notifications.confirm_code import confirm_code
from billhead.actions.notifications.find_started import find_started
from billhead.actions.notifications.forget_address import forget_address
from billhead.actions.notifications.send_again import send_again
from billhead.actions.notifications.send_code import send_code
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.jobs import tasks as _tasks  # noqa: F401 registers the kinds of job
from billhead.jobs.work import drain
from billhead.models.operations import Notice, PluginState
from billhead.plugin_host import plugins, store_settings
from billhead.testing import receiving

PHONE = "+358401234567"
ALL = ("bills", "line", "support", "news")


@pytest.fixture
def far_side():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def shop(host_app, pretend, database_url, tmp_path, far_side):
    ours = [point for point in installed_points() if point.name in ("sms", "telegram", "webhook")]
    with open_shop(host_app, database_url, tmp_path / "outbox", pretend("boxes", BOXES), *ours) as shop:
        set_up("sms", {"url": far_side.url + "/sms"})
        token = "7012345678:AAHk-9fXw2_QmZr8LsdTqVbNcYxEuGjP0Ia"
        set_up("telegram", {"bot": "NorthBot", "token": token, "api": far_side.url})
        yield shop


def set_up(plugin, settings):
    with writing(SYSTEM) as tx:
        row = tx.session.get(PluginState, plugin) or PluginState(name=plugin, settings={}, secrets="", changed_at=NOW)
        store_settings(plugins().get(plugin).settings_type or channel_settings(plugin), row, settings)
        tx.session.add(row)


def channel_settings(plugin):
    return plugins().channel(plugin).settings_type


def acting(shop, verb, *args, customer=None):
    me = Context(actor="user:1", role=Role.CUSTOMER, scope=Scope(customer_id=customer or shop.customer))
    with writing(me) as tx:
        return verb(tx, shop.customer, *args)


def texts(far_side):
    return [json.loads(one.body) for one in far_side.requests if one.path == "/sms"]


def connect_phone(shop, far_side):
    acting(shop, send_code, "sms", "+358 (40) 123-4567")
    drain()
    code = re.search(r"\b\d{6}\b", texts(far_side)[-1]["text"])[0]
    assert acting(shop, confirm_code, "sms", code) == {"confirmed": True}
    far_side.requests.clear()


def told():
    with reading() as session:
        rows = session.execute(select(Notice.key, Notice.channel, Notice.state).order_by(Notice.id))
        return [tuple(row) for row in rows if row.key.partition(":")[0] != "channel_code"]


def test_a_phone_is_connected_by_its_code_and_gets_what_was_chosen(shop, far_side):
    with pytest.raises(InvalidInput, match="can't be told by sms"):
        acting(shop, choose_notices, NoticeWish({key: ["sms"] for key in ALL}))
    with pytest.raises(NotAllowed):
        acting(shop, send_code, "sms", PHONE, customer=shop.stranger)
    with pytest.raises(NotFound):
        acting(shop, send_code, "webhook", PHONE)
    connect_phone(shop, far_side)
    wish = {"bills": ["email", "sms"], "line": ["sms"], "support": ["email"], "news": []}
    acting(shop, choose_notices, NoticeWish(wish))
    for _again in range(2):
        shop.queue("invoice", {"document_id": shop.invoice})
        shop.queue("access", {"service_id": shop.line})
        shop.queue("trial_ending", {"subscription_id": shop.subscription})
        shop.queue("welcome", {})
    drain()
    assert told() == [
        ("invoice:1@sms", "sms", "sent"),
        ("invoice:1", "email", "sent"),
        ("access:1@sms", "sms", "sent"),
        ("welcome:1", "email", "sent"),
    ]
    bill, line = texts(far_side)
    name = 'North "Cable" TV'
    assert bill["to"] == PHONE
    assert bill["text"] == f"{name}: Invoice 2026-000012 from {name} http://127.0.0.1:8000/pay/{shop.invoice}"
    assert "s3cret" not in line["text"], "a line's password is not for a lock screen"
    acting(shop, forget_address, "sms")
    shop.queue("access", {"service_id": shop.line}, key="access:2")
    drain()
    assert told()[-1] == ("access:2", "email", "sent")


def test_codes_are_guessed_five_times_and_sent_five_times_a_day(shop, far_side):
    acting(shop, send_code, "sms", PHONE)
    drain()
    right = re.search(r"\b\d{6}\b", texts(far_side)[0]["text"])[0]
    for _guess in range(5):
        assert acting(shop, confirm_code, "sms", "000000" if right != "000000" else "1") == {"confirmed": False}
    assert acting(shop, confirm_code, "sms", right) == {"confirmed": False}
    for _more in range(4):
        acting(shop, send_code, "sms", PHONE)
    with pytest.raises(Conflict, match="Five codes"):
        acting(shop, send_code, "sms", PHONE)


def test_what_a_channel_does_not_take_comes_by_mail_once(shop, far_side):
    connect_phone(shop, far_side)
    acting(shop, choose_notices, NoticeWish({**{key: ["email"] for key in ALL}, "line": ["sms"]}))
    far_side.answer = lambda _request: (400, b"{}")
    refused = shop.queue("access", {"service_id": shop.line})
    drain()
    assert told() == [("access:1@sms", "sms", "rejected"), ("access:1", "email", "sent")]
    far_side.answer = lambda _request: (429, b"{}")
    shop.queue("access", {"service_id": shop.line}, key="access:2")
    now = clock.business_now()
    for hours in (0, 2, 12):
        with clock.business_time(now + timedelta(hours=hours)):
            drain()
    assert told()[2:] == [("access:2@sms", "sms", "rejected"), ("access:2", "email", "sent")]
    far_side.answer = lambda _request: None
    shop.queue("access", {"service_id": shop.line}, key="access:3")
    with clock.business_time(now + timedelta(days=1)):
        drain()
    assert told()[4:] == [("access:3@sms", "sms", "unknown")], "it may have arrived: nobody tells it twice"
    far_side.answer = lambda _request: (200, b"{}")
    with writing(SYSTEM) as tx:
        send_again(tx, refused)
    drain()
    assert told()[0] == ("access:1@sms", "sms", "sent")
    with pytest.raises(Conflict, match="nothing to send again"), writing(SYSTEM) as tx:
        send_again(tx, refused)


def test_start_in_telegram_connects_whose_code_it_is(shop, far_side):
    code = acting(shop, begin_start, "telegram")
    begun = [
        {"update_id": n, "message": {"text": f"/start {told}", "chat": {"id": chat, "type": "private"}}}
        for n, told, chat in ((7, "forged", 1), (8, code, 4711))
    ]

    def answer(request):
        found = [one for one in begun if one["update_id"] >= json.loads(request.body).get("offset", 0)]
        return 200, json.dumps({"ok": True, "result": found}).encode()

    far_side.answer = answer
    assert find_started(SYSTEM, "telegram") == 1
    assert find_started(SYSTEM, "telegram") == 0, "a code holds once"
    acting(shop, choose_notices, NoticeWish({**{key: ["email"] for key in ALL}, "bills": ["telegram"]}))
    far_side.requests.clear()
    shop.queue("invoice", {"document_id": shop.invoice})
    drain()
    (request,) = far_side.requests
    assert json.loads(request.body)["chat_id"] == 4711
    assert told() == [("invoice:1@telegram", "telegram", "sent")]


def test_a_webhook_gets_a_copy_of_all_but_what_opens_an_account(shop, far_side):
    shop.queue("invoice", {"document_id": shop.invoice})
    set_up("webhook", {"url": far_side.url + "/in", "signing_secret": "northcable-signs-this-3f9b27c1"})
    copied = shop.queue("receipt", {"payment_id": shop.payment, "document_id": shop.invoice})
    shop.queue("welcome", {})
    drain()
    assert [one[:2] for one in told()] == [
        ("invoice:1", "email"), ("receipt:1", "email"), ("receipt:1@webhook", "webhook"), ("welcome:1", "email"),
    ]  # fmt: skip
    (request,) = far_side.requests
    assert json.loads(request.body)["kind"] == "receipt"
    with writing(SYSTEM) as tx:
        send_again(tx, copied + 1)
    drain()
    first, again = far_side.requests
    assert first.headers["Billhead-Id"] == again.headers["Billhead-Id"], "its receiver knows the repeat"


@pytest.mark.parametrize(
    ("hour", "until"),
    [(21, None), (22, "2026-11-23T07:00"), (3, "2026-11-22T07:00"), (7, None)],
)
def test_quiet_hours_are_the_customers_own(hour, until):
    """22 to 7 in Helsinki, two hours ahead of UTC."""
    now = datetime(2026, 11, 22, hour, 30, tzinfo=UTC) - timedelta(hours=2)
    found = quiet_until(now, "Europe/Helsinki", 22, 7)
    assert (found and found.strftime("%Y-%m-%dT%H:%M")) == until
    assert quiet_until(now, "Europe/Helsinki", None, None) is None


def test_a_phone_waits_for_the_morning_and_a_mail_does_not(shop, far_side):
    connect_phone(shop, far_side)
    acting(shop, choose_notices, NoticeWish({key: ["email", "sms"] for key in ALL}, 22, 7))
    with clock.business_time(datetime(2026, 11, 22, 9, 0, tzinfo=UTC)):  # 23:00 in Honolulu
        shop.queue("access", {"service_id": shop.line})
        drain()
        assert sorted(one[1:] for one in told()) == [("email", "sent"), ("sms", "queued")]
    with clock.business_time(datetime(2026, 11, 22, 17, 1, tzinfo=UTC)):
        drain()
    assert [one[2] for one in told()] == ["sent", "sent"]


def test_news_name_the_address_that_ends_them(shop):
    shop.queue("trial_ending", {"subscription_id": shop.subscription})
    drain()
    (mail,) = shop.mails()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = mail["List-Unsubscribe"].strip(" <>")
    assert url in mail.get_body(("plain",)).get_content()
    shop.queue("access", {"service_id": shop.line})
    drain()
    assert [mail["List-Unsubscribe"] for mail in shop.mails()].count(None) == 1
