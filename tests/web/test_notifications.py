"""Where a customer chooses what it is told how; and the link that ends news."""

import pytest
from pretend_plugins import installed_points, plugin_point
from web_shop import CARDS, PANEL, Shop

from billhead.models.notices import NoticeAddress, NoticeChoice
from billhead.models.operations import Notice, PluginState
from billhead.plugin_host import PluginHost, plugins, store_settings, vault

PHONE = "+358401234567"
TOKEN = "7012345678:AAHk-9fXw2_QmZr8LsdTqVbNcYxEuGjP0Ia"


@pytest.fixture
def connected_shop(shop: Shop):
    """The shop with SMS and Telegram set up, so that nobody listens behind them."""
    from billhead.db import writing
    from billhead.domain.context import Context

    wanted = ("theme_lounge", "theme_console", "sms", "telegram")
    points = [point for point in installed_points() if point.name in wanted]
    before = shop.app.extensions["billhead"].plugins
    pretended = [plugin_point("panel", PANEL), plugin_point("cards", CARDS)]
    shop.app.extensions["billhead"].plugins = PluginHost.load([*points, *pretended])
    settings = {
        "sms": {"url": "http://127.0.0.1:9/sms"},
        "telegram": {"bot": "NorthBot", "token": TOKEN, "api": "http://127.0.0.1:9"},
    }
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        for name, values in settings.items():
            row = PluginState(name=name, settings={}, secrets="", changed_at=_now())
            store_settings(plugins().channel(name).settings_type, row, values)
            tx.session.add(row)
    yield shop
    shop.app.extensions["billhead"].plugins = before


def _now():
    from billhead import clock

    return clock.now()


def test_a_phone_is_connected_and_chosen(connected_shop: Shop):
    shop = connected_shop
    ada = shop.customer()
    page = ada.get("/account/notifications").text
    assert "Bills and payments" in page
    assert "always comes to ada@example.com" in page
    assert ada.get("/account/notifications/webhook").status_code == 404
    assert ada.post("/account/notifications/sms", {"address": ""}).status_code == 422
    answer = ada.post("/account/notifications/sms", {"address": "+358 40 1234567"})
    assert answer.location == "/account/notifications/sms/code"
    assert "+358401234567" in ada.get(answer.location).text
    assert ada.post(answer.location, {"code": "12"}).status_code == 422
    with shop.app.app_context():
        code = vault().decrypt(shop.rows(Notice)[-1].data["sealed_code"])
    assert ada.post(answer.location, {"code": code}).status_code == 303
    choice = {"bills": ["email", "sms"], "line": ["sms"], "support": ["email"], "quiet_from": "22", "quiet_to": "7"}
    assert ada.post("/account/notifications", {**choice, "line": []}).status_code == 422
    assert ada.post("/account/notifications", {**choice, "quiet_to": ""}).status_code == 422
    assert ada.post("/account/notifications", choice).status_code == 303
    (chosen,) = shop.rows(NoticeChoice)
    assert (chosen.channels["news"], chosen.channels["bills"], chosen.quiet_from) == ([], ["email", "sms"], 22)
    log = ada.get("/account/messages").text
    assert ">Security<" in log
    assert code not in log
    assert PHONE not in shop.customer("eve@example.com").get("/account/messages").text
    asked = ada.get("/account/notifications/sms/remove").text
    assert "This comes by e-mail instead: Bills and payments, Your line and box." in asked
    assert shop.rows(NoticeAddress) != [], "it was only asked"
    assert ada.post("/account/notifications/sms/remove").status_code == 303
    assert shop.rows(NoticeAddress) == []


def test_telegram_is_begun_by_a_link_of_ones_own(connected_shop: Shop):
    ada = connected_shop.customer()
    assert "t.me" not in ada.get("/account/notifications/telegram").text
    page = ada.post("/account/notifications/telegram").text
    assert 'href="https://t.me/NorthBot?start=' in page
    answer = ada.post("/account/notifications/telegram/started", follow_redirects=True)
    assert "be asked now" in answer.text


def test_one_click_ends_news_and_a_forged_link_ends_nothing(shop: Shop):
    from billhead.actions.notifications._stop_links import stop_url

    shop.customer()
    with shop.app.app_context():
        path = "/news/" + stop_url("", 1).rpartition("/news/")[2]
    stranger = shop.app.test_client()
    assert stranger.get(path).status_code == 200
    assert shop.rows(NoticeChoice) == [], "a program that opens links ends nothing"
    assert stranger.post(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404
    assert stranger.post(path.replace("/1-", "/2-")).status_code == 404
    for _twice in range(2):
        assert stranger.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert [row.channels for row in shop.rows(NoticeChoice)] == [{"news": []}]


def test_staff_send_a_message_again(shop: Shop):
    shop.customer()
    shop.work()
    staff = shop.person("staff", "otto@northcable.example", "customers.write")
    (welcome,) = shop.rows(Notice)
    assert welcome.state == "failed", "no mail plugin is loaded here"
    assert "Send message 1 again?" in staff.get(f"/admin/messages/{welcome.id}").text
    assert staff.post(f"/admin/messages/{welcome.id}", {"reason": "the server is back"}).status_code == 303
    assert shop.rows(Notice)[0].state == "queued"
    assert shop.person("staff", "mia@northcable.example").get(f"/admin/messages/{welcome.id}").status_code == 403


def test_how_often_is_chosen_for_each_kind(shop: Shop):
    ada = shop.customer()
    page = ada.get("/account/notifications").text
    assert "How often" in page
    assert "Orders that wait for credits" not in page, "that is a reseller's"
    ways = {"bills": ["email"], "line": ["email"], "support": ["email"]}
    chosen = {"often_receipt": "weekly", "often_restored": "off", "often_allowance": "daily"}
    assert ada.post("/account/notifications", {**ways, **chosen}).status_code == 303
    (row,) = shop.rows(NoticeChoice)
    assert row.often == {"allowance": "daily", "receipt": "weekly", "restored": "off"}
    for refused in ({"often_receipt": "off"}, {"often_planned_work": "daily"}, {"often_allowance": "hourly"}):
        assert ada.post("/account/notifications", {**ways, **refused}).status_code == 422
    assert ada.post("/account/notifications", {**ways, "often_receipt": "at_once"}).status_code == 303
    (row,) = shop.rows(NoticeChoice)
    assert row.often == {"allowance": "daily", "restored": "off"}, "what a form does not name stays"
