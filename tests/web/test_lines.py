"""The page of a line: how to watch it and on what, short addresses, a new password, and why it can't be watched."""

import re
from dataclasses import asdict
from datetime import timedelta

import pytest
from web_shop import BOX, Browser, Shop

from billhead import clock
from billhead.actions.provisioning._earlier_passwords import earlier_passwords
from billhead.actions.provisioning.want import want
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotFound, PanelUnreachable
from billhead.domain.watching import WatchingRules
from billhead.models.access import AccessCode, AccessCodeUse, SetupGuide
from billhead.models.operations import AuditEntry, Event, Notice
from billhead.models.panels import Panel
from billhead.models.people import Customer, LoginAttempt
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import current_host
from billhead.plugin_host import panel_connection, plugins, vault

LINE = "/account/lines/1"


@pytest.fixture
def ada(shop: Shop) -> Browser:
    browser = shop.customer()
    shop.order(browser)
    shop.pay()
    shop.work()
    return browser


def password_of(shop: Shop) -> str:
    with shop.app.app_context():
        return vault().decrypt(shop.rows(Service)[0].password)


def code_on(page: str) -> str:
    return re.search(r"/a/([A-Z2-9]{4}-[A-Z2-9]{4})", page)[1]


def make_code(shop: Shop, browser: Browser) -> str:
    assert browser.post(f"{LINE}/code").status_code == 303
    return code_on(browser.get(LINE).text)


def test_secrets_are_folded_away_and_all_can_be_copied(shop: Shop, ada: Browser):
    page = ada.get(LINE).text
    password, login = password_of(shop), shop.rows(Service)[0].login
    assert f'<summary>Show<span class="visually-hidden"> Password</span></summary><code>{password}</code>' in page
    assert f'data-copy="{login}"' in page
    assert 'data-copy="http://tv.example:8080" hidden' in page
    assert "ready</span>" in page


def test_a_line_is_shown_to_its_owner_alone(shop: Shop, ada: Browser):
    bob = shop.customer("bob@example.com")
    assert bob.get(LINE).status_code == 404
    for deed in ("code", "code/end", "password", "mail"):
        assert bob.post(f"{LINE}/{deed}").status_code == 404, deed
    assert shop.rows(AccessCode) == []
    assert shop.rows(Service)[0].desired_version == shop.rows(Service)[0].converged_version


def test_guides_are_filled_with_what_this_line_has(shop: Shop, ada: Browser):
    page = ada.get(LINE).text
    login = shop.rows(Service)[0].login
    assert "IPTV Smarters" in page
    assert f"Username: <code>{login}</code>" in page
    assert "server <code>tv.example</code>, port <code>8080</code>" in page
    assert "MAG box" not in page  # no portal, no MAC


def test_a_box_has_the_guides_of_boxes(shop: Shop):
    browser = shop.customer()
    shop.order(browser, "box", mac=BOX)
    shop.pay()
    shop.work()
    page = browser.get(LINE).text
    assert "Portal 1 URL: <code>http://tv.example:8080/c/</code>" in page
    assert BOX in page
    assert "TiviMate" not in page
    assert "Short address" not in page
    assert "New password" not in page


def test_a_short_address_leads_an_app_to_the_playlist_and_is_written_down(shop: Shop, ada: Browser):
    code = make_code(shop, ada)
    page = ada.get(LINE).text
    assert 'class="qr"' in page
    app = shop.app.test_client()
    for typed in (code, code.lower(), code.replace("-", "")):
        led = app.get(f"/a/{typed}", headers={"User-Agent": "TiviMate/4.7"})
        assert led.status_code == 302
        assert f"password={password_of(shop)}" in led.location
        assert led.headers["X-Robots-Tag"].startswith("noindex")
        assert led.headers["Cache-Control"] == "no-store"
    uses = shop.rows(AccessCodeUse)
    assert [(use.outcome, use.agent) for use in uses] == [("led_on", "TiviMate/4.7")] * 3
    row = shop.rows(AccessCode)[0]
    assert code.replace("-", "") not in (row.digest, row.sealed)  # who reads the database can't follow it


def test_another_one_ends_the_one_before(shop: Shop, ada: Browser):
    first = make_code(shop, ada)
    second = make_code(shop, ada)
    app = shop.app.test_client()
    assert app.get(f"/a/{first}").status_code == 404
    assert app.get(f"/a/{second}").status_code == 302
    assert ada.post(f"{LINE}/code/end").status_code == 303
    assert app.get(f"/a/{second}").status_code == 404
    assert "Make a short address" in ada.get(LINE).text


def test_a_short_address_ends_by_the_operators_setting(shop: Shop, ada: Browser):
    shop.change(Seller, shop.seller_id, watching={"code_days": 1})
    code = make_code(shop, ada)
    shop.change(AccessCode, 1, expires_at=clock.now())
    assert shop.app.test_client().get(f"/a/{code}").status_code == 410
    assert "Make a short address" in ada.get(LINE).text


def test_it_leads_nowhere_while_the_line_is_stopped(shop: Shop, ada: Browser):
    code = make_code(shop, ada)
    shop.change(Service, 1, desired_blocked=True)
    answer = shop.app.test_client().get(f"/a/{code}")
    assert (answer.status_code, answer.mimetype) == (403, "text/plain")
    assert password_of(shop) not in answer.text
    assert shop.rows(AccessCodeUse)[-1].outcome == "stopped"


def test_guessing_is_ended_for_a_whole_network_and_nobody_else(shop: Shop, ada: Browser):
    code = make_code(shop, ada)
    app = shop.app.test_client()
    for last in range(10):
        assert app.get("/a/AAAA-AAAA", environ_base={"REMOTE_ADDR": f"198.51.100.{last}"}).status_code == 404
    refused = app.get(f"/a/{code}", environ_base={"REMOTE_ADDR": "198.51.100.200"})
    assert refused.status_code == 429
    assert app.get(f"/a/{code}", environ_base={"REMOTE_ADDR": "203.0.113.5"}).status_code == 302


def test_a_box_that_keeps_an_ended_address_does_not_lock_out_its_household(shop: Shop, ada: Browser):
    ended, code = make_code(shop, ada), make_code(shop, ada)
    app = shop.app.test_client()
    assert {app.get(f"/a/{ended}").status_code for _ in range(12)} == {404}
    assert app.get(f"/a/{code}").status_code == 302


def test_guessing_from_everywhere_is_put_off_and_told_once(shop: Shop, ada: Browser):
    code = make_code(shop, ada)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add_all(LoginAttempt(key="guess:everywhere", at=clock.now()) for _ in range(999))
    app = shop.app.test_client()

    def follow(typed, net):
        return app.get(f"/a/{typed}", environ_base={"REMOTE_ADDR": f"198.51.{net}.1"}).status_code

    assert [follow("AAAA-AAAA", net) for net in range(4)] == [404, 429, 429, 429]
    assert follow(code, 5) == 302
    assert [event.type for event in shop.rows(Event)].count("access.guessed") == 1


def test_what_can_be_no_code_is_no_address(shop: Shop):
    for typed in ("", "O0O0-O0O0", "AAAA-AAAAA", "%00%00", "ÄÄÄÄ-ÄÄÄÄ", "AAAA' OR 1=1"):
        assert shop.app.test_client().get(f"/a/{typed}").status_code == 404, typed


def test_a_new_password_is_wanted_shown_on_its_way_and_then_true(shop: Shop, ada: Browser):
    code, before = make_code(shop, ada), password_of(shop)
    asked = ada.get(f"{LINE}/password").text
    assert "Every device of this line stops" in asked
    assert f'href="{LINE}"' in asked
    assert ada.post(f"{LINE}/password").status_code == 303
    page = ada.get(LINE).text
    assert "A change is on its way" in page
    assert f'data-look="{LINE}?looks=1"' in page
    with shop.app.app_context():
        assert vault().decrypt(shop.rows(Service)[0].previous_password) == before
    assert shop.app.test_client().get(f"/a/{code}").status_code == 404
    shop.work()
    after = password_of(shop)
    assert after != before
    assert f"<code>{after}</code>" in ada.get(LINE).text
    service = shop.rows(Service)[0]
    assert (service.sync, service.previous_password) == ("ok", "")


def test_the_panel_is_told_the_password_that_it_has_however_often_it_was_changed(shop: Shop, ada: Browser):
    before = password_of(shop)
    ada.post(f"{LINE}/password")
    between = password_of(shop)
    ada.post(f"{LINE}/password")
    with shop.app.app_context():
        assert earlier_passwords(shop.rows(Service)[0]) == [before, between]
    shop.work()
    assert shop.rows(Service)[0].previous_password == ""


def test_whoever_changes_a_password_and_however_often_the_panels_own_stays_known(shop: Shop, ada: Browser):
    before = password_of(shop)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        service = tx.session.get_one(Service, 1)
        for number in range(20):
            want(tx, service, password=vault().encrypt(f"password-{number}"))
        known = earlier_passwords(service)
        assert known == [before, *(f"password-{number}" for number in range(12, 19))]
        want(tx, service, desired_connections=service.desired_connections + 1)
        assert earlier_passwords(service) == known


def test_a_password_is_changed_so_often_a_day_and_no_oftener(shop: Shop, ada: Browser):
    shop.change(Seller, shop.seller_id, watching={"resets_a_day": 2})
    assert [ada.post(f"{LINE}/password").status_code for _ in range(3)] == [303, 303, 429]
    assert "often enough for today" in ada.post(f"{LINE}/password").text


def test_no_password_reaches_the_audit_trail_or_a_notice(shop: Shop, ada: Browser, caplog):
    caplog.set_level("DEBUG")
    ada.post(f"{LINE}/mail")
    ada.post(f"{LINE}/password")
    shop.work()
    kept = [str(row.details) for row in shop.rows(AuditEntry)] + [str(row.data) for row in shop.rows(Notice)]
    assert not any(password_of(shop) in text for text in [*kept, caplog.text])
    assert [row.kind for row in shop.rows(Notice)].count("access") == 2  # when it was made, and now


def test_mails_end_after_so_many_a_day(shop: Shop, ada: Browser):
    shop.change(Seller, shop.seller_id, watching={"mails_a_day": 1})
    assert [ada.post(f"{LINE}/mail").status_code for _ in range(2)] == [303, 429]


STATES = [
    (Subscription, {"state": "suspended", "suspended_for": "debt"}, "stopped", "something is not paid"),
    (Subscription, {"state": "suspended", "suspended_for": "customer"}, "stopped", "on hold, as you asked"),
    (Subscription, {"state": "suspended", "suspended_for": "staff"}, "stopped", "We have stopped it"),
    (Subscription, {"state": "canceled"}, "ended", "This line has ended"),
    (Service, {"sync": "failed"}, "trouble", "takes longer than it should"),
    (Service, {"sync": "ok", "desired_version": 99}, "changing", "A change is on its way"),
    (Panel, {"maintenance": True}, "maintenance", "is done right after that"),
    (Service, {"desired_version": 2, "converged_version": 2}, "maintenance", "may stutter"),
]


def test_why_it_can_not_be_watched_is_said_in_words(shop: Shop, ada: Browser):
    for table, columns, word, text in STATES:
        if table is not Subscription:
            shop.change(Subscription, 1, state="active", suspended_for="")
        shop.change(table, 1, **columns)
        page = ada.get(LINE).text
        assert f"{word}</span>" in page, text
        assert text in page
        assert (password_of(shop) in page) == (word not in ("stopped", "ended"))


# behind the counter


def test_staff_see_access_details_by_a_deed_that_is_audited(shop: Shop, ada: Browser):
    staff = shop.person("staff", "boss@example.com", "services.access")
    assert password_of(shop) not in staff.get("/admin/services/1").text
    seen = staff.post("/admin/services/1/access", page="/admin/switches")
    assert password_of(shop) in seen.text
    trail = [(row.actor.split(":")[0], row.subject) for row in shop.rows(AuditEntry) if row.action == "access.seen"]
    assert trail == [("staff", "service:1")]


def test_a_plugin_is_lent_access_by_number_or_login_and_it_is_audited(shop: Shop, ada: Browser):
    line, password = shop.rows(Service)[0], password_of(shop)
    with shop.app.app_context():
        name = plugins().active_names()[0]
        host = current_host(name)
        assert host.line(service_id=1).access.password == host.line(login=line.login).access.password == password
        for asked, refusal in (({}, InvalidInput), ({"login": "nobody"}, NotFound), ({"service_id": 404}, NotFound)):
            with pytest.raises(refusal):
                host.line(**asked)
        with writing(Context.system("test")) as tx:
            told = {column.key: getattr(line, column.key) for column in Service.__table__.columns}
            tx.session.add(Service(**{**told, "id": None, "handle": "TWIN"}))
        with pytest.raises(Conflict, match="more than one line"):
            host.line(login=line.login)
    trail = [(row.actor, row.subject) for row in shop.rows(AuditEntry) if row.action == "access.seen"]
    assert trail == [(f"plugin:{name}", "service:1")] * 2


def test_a_plugin_is_lent_no_line_that_the_panel_should_not_be_asked_about(shop: Shop, ada: Browser):
    """By the reference, as whoever was given it asks: with the panel's own client, and without a line in the trail."""
    line, password, past = shop.rows(Service)[0], password_of(shop), clock.business_now() - timedelta(days=1)
    with shop.app.app_context():
        host = current_host(plugins().active_names()[0])
        lent = host.line(ref=line.handle)
        panel = panel_connection(shop.rows(Panel)[0])
        assert (lent.access.password, lent.http) == (password, panel.http)
        for table, changes, refusal in (
            (Service, {"desired_blocked": True}, Conflict),
            (Service, {"desired_expires_at": past}, Conflict),
            (Service, {"observed": {"login": "before"}}, Conflict),
            (Service, {"observed_at": None}, Conflict),
            (Service, {"lifecycle": "unwanted"}, NotFound),
            (Panel, {"maintenance": True}, PanelUnreachable),
            (Panel, {"open_until": clock.business_now() + timedelta(minutes=5)}, PanelUnreachable),
        ):
            was = {name: getattr(shop.rows(table)[0], name) for name in changes}
            shop.change(table, 1, **changes)
            with pytest.raises(refusal):
                host.line(ref=line.handle)
            shop.change(table, 1, **was)
    assert not shop.rows(AuditEntry, AuditEntry.action == "access.seen")


def test_an_operators_guide_replaces_the_houses_and_goes_away_again(shop: Shop, ada: Browser):
    staff = shop.person("staff", "boss@example.com", "*")
    told = {"code": "vlc", "language": "en", "title": "Our VLC", "kinds": "stream", "position": "0"}
    steps = "Type {address}\nand be <b>happy</b> {"
    saved = staff.post("/admin/guides/vlc/en", {**told, "steps": steps}, page="/admin/switches")
    assert saved.status_code == 303, saved.text
    page = ada.get(LINE).text
    assert "Our VLC" in page
    assert "VLC (computer, phone)" not in page
    assert "and be &lt;b&gt;happy&lt;/b&gt; {" in page
    key = shop.rows(SetupGuide)[0].id
    staff.post(f"/admin/guides/{key}/drop", {"reason": "worse"}, page="/admin/switches")
    assert "VLC (computer, phone)" in ada.get(LINE).text


def test_a_guide_in_the_customers_language_comes_first(shop: Shop, ada: Browser):
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(
            SetupGuide(seller_id=shop.seller_id, code="vlc", language="fi", title="VLC suomeksi", kinds=["stream"],
                       steps="Kirjoita {address}")
        )  # fmt: skip
    assert "VLC suomeksi" not in ada.get(LINE).text
    shop.change(Customer, 1, language="fi")
    page = ada.get(LINE).text
    assert "VLC suomeksi" in page
    assert "In Kodi choose" in page
    shop.change(Customer, 1, language="de-AT")
    assert "Wählen Sie in Kodi" in ada.get(LINE).text
    shop.change(Customer, 1, language="ar")
    assert 'id="guide-kodi" lang="ar" dir="rtl"' in ada.get(LINE).text


def test_a_guide_that_can_not_be_filled_is_refused(shop: Shop):
    staff = shop.person("staff", "boss@example.com", "*")
    told = {"code": "vlc", "language": "en", "title": "VLC", "kinds": "stream", "steps": "Do", "position": "0"}
    for field, value in (
        ("steps", "Type {pasword}"),
        ("steps", ""),
        ("code", "No Spaces!"),
        ("language", "english"),
        ("kinds", "radio"),
    ):
        answer = staff.post("/admin/guides/new/en", {**told, field: value}, page="/admin/switches")
        assert answer.status_code == 422, (field, value)
    assert shop.rows(SetupGuide) == []


def test_rules_of_a_seller_are_saved_within_bounds(shop: Shop):
    staff = shop.person("staff", "boss@example.com", "*")
    told = {name: str(value) for name, value in asdict(WatchingRules()).items()}
    path = f"/admin/sellers/{shop.seller_id}/watching"
    assert staff.post(path, {**told, "code_days": "30"}, page="/admin/switches").status_code == 303
    assert shop.rows(Seller)[0].watching["code_days"] == 30
    refused = staff.post(path, {**told, "resets_a_day": "1000"}, page="/admin/switches")
    assert refused.status_code == 422
    assert "from 0 to 100" in refused.text
