"""Signing in with a second step: an app's codes, recovery codes and passkeys, and everything that an attacker tries."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pyotp
import pytest
from soft_key import SoftKey
from web_shop import PASSWORD, Browser, Shop, open_shop

from apps import close_app
from billhead import clock
from billhead.db import reading
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import LoginAttempt, User, UserSession
from billhead.models.sign_in import CodeApp, HalfSignIn, Passkey, RecoveryCode
from billhead.plugin_host import vault

ADA = "ada@example.com"
OPTIONS = re.compile(r'data-options="([^"]+)"')
CODE = re.compile(r"<li><code>([a-z0-9-]{19})</code></li>")


@pytest.fixture
def named_shop(sqlite_url: str, tmp_path) -> Iterator[Shop]:
    """Reached by a name, so that there can be passkeys."""
    shop = open_shop(sqlite_url, tmp_path / "home", public_url="http://localhost:8000")
    yield shop
    close_app(shop.app)


def told(shop: Shop) -> list[str]:
    return [one.data["what"] for one in shop.rows(Notice) if one.kind == "security_change"]


def options_of(answer) -> str:
    return unescape(OPTIONS.search(answer.text)[1])


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


class Phone:
    """The app for codes: one that shows the code of now, and whose clock may be off by steps of thirty seconds."""

    def __init__(self, secret: str) -> None:
        self.app = pyotp.TOTP(secret)

    def code(self, off: int = 0) -> str:
        return self.app.at(clock.now() + timedelta(seconds=30 * off))


def set_up_app(shop: Shop, browser: Browser) -> tuple[Phone, list[str]]:
    assert browser.post("/security/app/begin").location == "/security/app"
    page = browser.get("/security/app")
    assert 'class="qr"' in page.text
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', page.text)[1]
    phone = Phone(secret)
    answer = browser.post("/security/app", {"code": phone.code()})
    assert answer.status_code == 200, answer.text
    codes = CODE.findall(answer.text)
    assert len(codes) == 10
    return phone, codes


def half(shop: Shop, email: str = ADA, password: str = PASSWORD, **more) -> Browser:
    """A browser that has given the password and owes the second step."""
    browser = shop.visitor()
    answer = browser.post("/sign-in", {"email": email, "password": password}, **more)
    assert answer.location.startswith("/sign-in/second-step"), answer.text
    return browser


def step(browser: Browser, code: str):
    return browser.post("/sign-in/second-step", {"code": code}, page="/sign-in/second-step")


def forget_step(shop: Shop) -> None:
    """As if half a minute had gone by: the code of now was not used yet."""
    (row,) = shop.rows(CodeApp)
    shop.change(CodeApp, row.user_id, last_step=0)


def test_ada_sets_up_an_app_and_signs_in_with_its_code(any_shop: Shop):
    browser = any_shop.customer(ADA)
    phone, codes = set_up_app(any_shop, browser)
    (row,) = any_shop.rows(CodeApp)
    with any_shop.app.app_context():
        assert phone.app.secret not in row.secret
        assert vault().decrypt(row.secret) == phone.app.secret
    assert browser.get("/security/app").location == "/security/", "a secret in use is shown to nobody"
    hashes = [one.code_hash for one in any_shop.rows(RecoveryCode)]
    assert all(code.replace("-", "") not in hashes for code in codes)
    file = browser.post("/security/recovery-codes/file", {"codes": "\n".join(codes)})
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert codes[9] in file.text

    # half-way in opens nothing
    forget_step(any_shop)
    other = half(any_shop)
    assert not is_in(other)
    assert other.get("/security/").location.startswith("/sign-in")
    assert "billhead_login" not in {cookie.key for cookie in other.client._cookies.values()}
    assert "this code is wrong" in step(other, "000000").text.lower()
    code = phone.code()
    assert step(other, code).location == "/account/"
    assert is_in(other)

    # a code holds once, also by another half-way sign-in, and a clock may be off by one step and no more
    again = half(any_shop)
    assert step(again, code).status_code == 422
    assert step(again, phone.code(+2)).status_code == 422
    assert step(again, phone.code(+1)).status_code == 303
    assert [row.details["by"] for row in any_shop.rows(AuditEntry) if row.action == "accounts.sign_in"] == [
        "sign-up", "password and code", "password and code"
    ]  # fmt: skip
    assert told(any_shop) == ["two_step_on", "new_device", "new_device"]

    # a recovery code holds once, however it is typed
    lost = half(any_shop)
    assert step(lost, codes[0].upper().replace("-", " ")).status_code == 303
    assert step(half(any_shop), codes[0]).status_code == 422
    assert "recovery_used" in told(any_shop)
    assert "<dt>Recovery codes left</dt><dd>9</dd>" in lost.get("/security/").text
    fresh = CODE.findall(lost.post("/security/recovery-codes").text)
    assert step(half(any_shop), codes[1]).status_code == 422, "the old ones ended"
    assert step(half(any_shop), fresh[1]).status_code == 303

    # off again: asked first, told, and the recovery codes are gone
    assert "your password alone is enough" in lost.get("/security/app/remove").text
    assert lost.post("/security/app/remove").status_code == 303
    assert any_shop.rows(RecoveryCode) == []
    assert told(any_shop)[-1] == "two_step_off"
    assert any_shop.visitor().sign_in(ADA).location == "/account/"


def test_two_at_once_with_one_code_are_one_sign_in(any_shop: Shop):
    phone, codes = set_up_app(any_shop, any_shop.customer(ADA))
    forget_step(any_shop)
    for code in (phone.code(), codes[3]):
        pair = [half(any_shop), half(any_shop)]
        for browser in pair:
            browser.get("/sign-in/second-step")
        with ThreadPoolExecutor(2) as pool:
            answers = sorted(answer.status_code for answer in pool.map(step, pair, [code, code]))
        assert answers == [303, 422]
    # one half-way sign-in is one sign-in, with two good codes too
    one = half(any_shop)
    assert step(one, codes[4]).status_code == 303
    (used, *_) = [row for row in any_shop.rows(HalfSignIn) if row.used_at is not None][-1:]
    assert used.used_at is not None
    copied = half(any_shop)
    token = copied.client.get_cookie("billhead_step", path="/sign-in").value
    thief = any_shop.visitor()
    thief.client.set_cookie("billhead_step", token, path="/sign-in")
    assert step(copied, codes[5]).status_code == 303
    assert step(thief, codes[6]).location == "/sign-in"


def test_guessing_codes_ends_and_locks(shop: Shop):
    set_up_app(shop, shop.customer(ADA))
    browser = half(shop)
    for _ in range(4):
        assert step(browser, "123456").status_code == 422
    assert step(browser, "123456").location == "/sign-in", "five tries, then the password again"
    again = half(shop)
    for _ in range(4):
        assert step(again, "123456").status_code == 422
    assert step(again, "123456").location == "/sign-in"
    locked = half(shop)
    assert "Too many tries" in step(locked, "123456").text, "ten in a quarter of an hour, however often it is begun"
    for attempt in shop.rows(LoginAttempt):
        shop.change(LoginAttempt, attempt.id, at=clock.now() - timedelta(minutes=16))
    assert step(locked, "123456").status_code == 422

    # it ends by itself too, and when the password changes or the login is disabled
    (row,) = [one for one in shop.rows(HalfSignIn) if one.tries < 5]
    shop.change(HalfSignIn, row.id, expires_at=clock.now())
    assert step(locked, "123456").location == "/sign-in"
    late = half(shop)
    shop.change(User, 1, disabled=True)
    assert step(late, "123456").location == "/sign-in"


def test_where_one_was_going_survives_the_second_step_and_leads_nowhere_else(shop: Shop):
    _phone, codes = set_up_app(shop, shop.customer(ADA))
    for code, asked, reached in (
        (codes[0], "/account/documents?before=9", "/account/documents?before=9"),
        (codes[1], "//evil.example", "/account/"),
        (codes[2], "https://evil.example", "/account/"),
    ):
        browser = shop.visitor()
        fields = {"email": ADA, "password": PASSWORD}
        location = browser.post("/sign-in", fields, query_string={"next": asked}).location
        assert browser.post(location, {"code": code}, page=location).location == reached
    browser = half(shop)
    answer = browser.post("/sign-in/second-step", {"code": codes[3]}, query_string={"next": "//evil.example"})
    assert answer.location == "/account/"


def test_a_session_cannot_be_planted_and_the_forms_need_their_token(shop: Shop):
    browser = shop.customer(ADA)
    victim = shop.visitor()
    victim.get("/sign-in")
    victim.client.set_cookie("billhead_login", "planted" * 6)
    victim.sign_in(ADA)
    assert victim.client.get_cookie("billhead_login").value != "planted" * 6
    below = ("app/begin", "recovery-codes", "sessions/end-others", "passkeys/new", "password")
    for path in (*(f"/security/{name}" for name in below), "/sign-in/second-step", "/sign-in/passkey"):
        assert browser.client.post(path, data={"code": "1", "answer": "{}"}).status_code == 400, path


def test_what_changes_security_asks_for_the_password_again(shop: Shop):
    browser = shop.customer(ADA)
    (session,) = shop.rows(UserSession)
    shop.change(UserSession, session.id, confirmed_at=clock.now() - timedelta(minutes=16))
    assert browser.post("/security/app/begin").location == "/security/confirm?next=/security/"
    assert browser.get("/security/passkeys/new").location == "/security/confirm?next=/security/passkeys/new"
    assert shop.rows(CodeApp) == []
    assert "not your password" in browser.post("/security/confirm", {"password": "wrong one"}).text
    asked = browser.post("/security/confirm", {"password": PASSWORD}, query_string={"next": "//evil.example"})
    assert asked.location == "/security/"
    assert browser.post("/security/app/begin").location == "/security/app"
    shop.change(UserSession, session.id, confirmed_at=clock.now() - timedelta(minutes=16))
    for _ in range(6):
        browser.post("/security/confirm", {"password": "wrong one"})
    assert "Too many tries" in browser.post("/security/confirm", {"password": PASSWORD}).text


def test_the_sessions_are_listed_and_end_one_by_one_or_all_others(shop: Shop):
    browser = shop.customer(ADA)
    others = [shop.visitor() for _ in range(3)]
    for other in others:
        other.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        other.sign_in(ADA)
    eve = shop.customer("eve@example.com")
    page = browser.get("/security/").text
    assert page.count("Firefox on Linux") == 3
    assert "127.0.0.1" in page
    ids = [row.id for row in shop.rows(UserSession)]
    eve.post(f"/security/sessions/{ids[1]}/end")
    assert is_in(others[0]), "a stranger's session is nobody else's to end"
    browser.post(f"/security/sessions/{ids[1]}/end")
    assert [is_in(other) for other in others] == [False, True, True]
    browser.post("/security/sessions/end-others")
    assert [is_in(other) for other in others] == [False, False, False]
    assert is_in(browser)
    assert is_in(eve)


def test_mails_lead_to_our_address_whatever_host_is_asked_for(shop: Shop, monkeypatch):
    shop.customer(ADA)
    browser = shop.visitor()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/", base_url="http://evil.example").text)[
        1
    ]
    browser.client.post("/forgotten-password", data={"email": ADA, "csrf_token": token}, base_url="http://evil.example")
    shop.work()
    from billhead.actions.notifications._facts import gather

    for notice in shop.rows(Notice):
        with shop.app.app_context(), reading() as session:
            assert "evil" not in str(gather(session, session.merge(notice, load=False)))
    assert [one.kind for one in shop.rows(Notice)] == ["welcome", "password_link"]


def add_passkey(browser: Browser, key: SoftKey, name: str = "Ada's phone"):
    page = browser.get("/security/passkeys/new")
    answer = key.create(options_of(page))
    return answer, browser.post("/security/passkeys/new", {"name": name, "answer": answer})


def test_ada_registers_a_passkey_and_signs_in_by_it_alone_and_after_her_password(named_shop: Shop):
    shop = named_shop
    browser, key = shop.customer(ADA), SoftKey()
    answer, done = add_passkey(browser, key)
    assert done.location == "/security/", done.text
    assert browser.post("/security/passkeys/new", {"name": "Again", "answer": answer}).status_code == 422, "replayed"
    assert "Ada&#39;s phone" in browser.get("/security/").text
    assert "You have no recovery codes" in browser.get("/security/").text
    assert told(shop) == ["passkey_added"]

    # alone
    alone = shop.visitor()
    given = key.get(options_of(alone.get("/sign-in?next=/account/documents")))
    signed = alone.post("/sign-in/passkey", {"answer": given}, query_string={"next": "/account/documents"})
    assert signed.location == "/account/documents"
    assert is_in(alone)
    thief = shop.visitor()
    assert thief.post("/sign-in/passkey", {"answer": given}).location == "/sign-in", "an answer holds once"
    assert not is_in(thief)

    # after the password: the password alone is not enough any more
    second = half(shop)
    page = second.get("/sign-in/second-step")
    given = key.get(options_of(page))
    assert second.post("/sign-in/second-step", {"answer": given}).location == "/account/"
    assert half(shop).post("/sign-in/second-step", {"answer": given}).status_code == 422

    # renamed, removed
    (row,) = shop.rows(Passkey)
    assert browser.post(f"/security/passkeys/{row.id}", {"name": "The old phone"}).status_code == 303
    assert "The old phone" in browser.get("/security/").text
    eve = shop.customer("eve@example.com")
    assert eve.get(f"/security/passkeys/{row.id}").status_code == 404
    assert eve.post(f"/security/passkeys/{row.id}/remove").status_code == 404
    assert browser.post(f"/security/passkeys/{row.id}/remove").status_code == 303
    assert told(shop)[-1] == "two_step_off"
    given = key.get(options_of(shop.visitor().get("/sign-in")))
    assert shop.visitor().post("/sign-in/passkey", {"answer": given}).location == "/sign-in"


def test_a_passkey_that_is_not_right_opens_nothing(named_shop: Shop, monkeypatch):
    shop, key = named_shop, SoftKey()
    add_passkey(shop.customer(ADA), key)
    key.counter = 5

    def opened(answer: str) -> bool:
        browser = shop.visitor()
        location = browser.post("/sign-in/passkey", {"answer": answer}).location
        assert is_in(browser) == (location == "/account/")
        return is_in(browser)

    def asked() -> str:
        return options_of(shop.visitor().get("/sign-in"))

    assert opened(key.get(asked()))
    wrong = {
        "another site": replace(key, origin="https://evil.example"),
        "a site that only looks like ours": replace(key, origin="http://localhost.evil.example:8000"),
        "another key under its name": replace(key, private=SoftKey().private),
        "nobody has shown finger or face": replace(key, verifies=False),
        "a copy whose counter is behind": replace(key, counter=1),
    }
    assert [why for why, other in wrong.items() if opened(other.get(asked()))] == []
    assert not opened(key.get(options_of(half(shop).get("/sign-in/second-step")))), "asked for something else"
    assert not opened(key.get(asked().replace('"challenge": "', '"challenge": "AAAA'))), "not asked by us"
    for rubbish in ("", "x", "[]", "{}", '{"id": "x", "response": {"clientDataJSON": 7}}', "x" * 30_000):
        assert not opened(rubbish)
    given = key.get(asked())
    late = int(clock.now().timestamp()) + 601  # of the question already signed
    with monkeypatch.context() as later:
        later.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _self: late)
        assert not opened(given)
    assert opened(key.get(asked()))
    shop.change(User, 1, disabled=True)
    assert not opened(key.get(asked()))


def test_one_answer_sent_twice_at_once_opens_one_session(named_shop: Shop):
    shop, key = named_shop, SoftKey(counts=False)
    add_passkey(shop.customer(ADA), key)
    pair = [shop.visitor(), shop.visitor()]
    given = key.get(options_of(pair[0].get("/sign-in")))
    with ThreadPoolExecutor(2) as pool:
        sent = pool.map(lambda one: one.post("/sign-in/passkey", {"answer": given}).location, pair)
    assert sorted(sent) == ["/account/", "/sign-in"]


def test_without_a_name_there_are_no_passkeys_and_it_is_said(shop: Shop):
    browser = shop.customer(ADA)
    assert "reached by a name over https" in browser.get("/security/passkeys/new").text
    assert "data-passkey" not in shop.visitor().get("/sign-in").text
