"""Who watches on a line now, asked of its panel, and cutting one of them."""

import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from web_shop import Browser, Shop

from billhead.actions.freeze import set_freeze
from billhead.db import in_session, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import PanelRejected, PanelUnreachable
from billhead.models.operations import AuditEntry
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service
from billhead.plugin import LiveSession

LIVE = "/account/lines/1/live"
HERE = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}


@pytest.fixture
def ada(shop: Shop) -> Browser:
    browser = shop.customer()
    shop.order(browser)
    shop.pay()
    shop.work()
    shop.change(Seller, shop.seller_id, watching={"asks_a_minute": 60})
    panel().SESSIONS[handle(shop)] = [
        LiveSession("s1", "77", datetime(2026, 11, 1, 20, tzinfo=UTC), "203.0.113.7", "FI", "TiviMate"),
        LiveSession("s2", "78", None, "198.51.100.9", "SE", "VLC <b>"),
    ]
    return browser


def panel():
    return sys.modules["pretend_panel"]


def handle(shop: Shop) -> str:
    with shop.app.app_context(), reading() as session:
        return session.get_one(Service, 1).handle


def trail(shop: Shop) -> list[tuple[str, str, str]]:
    with shop.app.app_context(), reading() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == "access.kick").order_by(AuditEntry.id))
        return [(row.actor.split(":")[0], row.subject, row.details["outcome"]) for row in rows]


def test_a_customer_sees_who_watches_and_nobodys_whole_address(shop: Shop, ada: Browser):
    page = ada.get(LIVE, **HERE).text
    assert "TiviMate" in page
    assert "this connection" in page
    assert "Sweden" in page
    assert "198.51.100.x" in page
    assert "198.51.100.9" not in page
    assert "VLC &lt;b&gt;" in page


def test_one_is_cut_and_no_other_and_it_stands_in_the_trail(shop: Shop, ada: Browser):
    assert ada.post(LIVE, {"session": "s2"}).status_code == 303
    page = ada.get(LIVE, **HERE).text
    assert "Cut. A device that has your addresses may come back" in page
    assert "VLC" not in page
    assert "TiviMate" in page
    again = ada.post(LIVE, {"session": "s2"}, follow_redirects=True).text
    assert "It was over already" in again
    assert [(handle(shop), "s2")] == panel().CUT
    assert trail(shop) == [("customer", "service:1", "cut VLC <b>"), ("customer", "service:1", "gone")]


def test_nobody_sees_or_cuts_on_a_strangers_line(shop: Shop, ada: Browser):
    bob = shop.customer("bob@example.com")
    assert bob.get(LIVE).status_code == 404
    bob.post(LIVE, {"session": "s1"})
    assert panel().CUT == []


def test_a_panel_that_does_not_answer_is_said_so_and_not_more(shop: Shop, ada: Browser):
    for trouble, text in (
        (PanelUnreachable("panel one did not answer: ReadTimeout"), "does not answer right now"),
        (PanelRejected("no such user /secret/api"), "did not take it"),
        (RuntimeError("a bug in the module"), "did not take it"),
    ):
        panel().SESSIONS[handle(shop)] = trouble
        page = ada.get(LIVE)
        assert page.status_code == 200
        assert text in page.text
        assert str(trouble) not in page.text


def test_it_is_not_asked_under_maintenance_or_behind_an_open_breaker(shop: Shop, ada: Browser):
    shop.change(Panel, 1, maintenance=True)
    panel().SESSIONS[handle(shop)] = AssertionError("it was asked")
    assert "being worked on" in ada.get(LIVE).text
    shop.change(Panel, 1, maintenance=False, open_until=datetime(2099, 1, 1, tzinfo=UTC))
    assert "does not answer right now" in ada.get(LIVE).text
    ada.post("/language", {"language": "de", "back": "/"})
    assert "Der Server antwortet gerade nicht." in ada.get(LIVE).text


def test_nothing_is_cut_while_panels_are_frozen(shop: Shop, ada: Browser):
    with shop.app.app_context(), writing(Context.system("test", reason="works")) as tx:
        set_freeze(tx, "panels", True)
    assert "Nothing is written to panels now" in ada.post(LIVE, {"session": "s1"}, follow_redirects=True).text
    assert panel().CUT == []


def test_looks_are_counted(shop: Shop, ada: Browser):
    shop.change(Seller, shop.seller_id, watching={"asks_a_minute": 2})
    assert [ada.get(LIVE).status_code for _ in range(3)] == [200, 200, 429]
    assert "Wait a minute" in ada.get(LIVE).text


def test_no_session_is_open_while_the_panel_is_asked(shop: Shop, ada: Browser):
    seen = []

    class Told(list):
        def __iter__(self):
            seen.append(in_session())
            return iter(())

    panel().SESSIONS[handle(shop)] = Told()
    assert "Nobody watches" in ada.get(LIVE).text
    assert seen == [""]


def test_staff_see_whole_addresses_and_cut(shop: Shop, ada: Browser):
    staff = shop.person("staff", "boss@example.com", "services.access", "services.write")
    page = staff.get("/admin/services/1/live").text
    assert "198.51.100.9" in page
    assert staff.post("/admin/services/1/live", {"session": "s1"}, page="/admin/switches").status_code == 303
    assert trail(shop)[-1][0] == "staff"
    trainee = shop.person("staff", "trainee@example.com")
    assert trainee.get("/admin/services/1/live").status_code == 403
