"""Logins: signing up, in and out, being locked out, and setting a new password by a link."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from web_shop import PASSWORD, Browser, Shop

from billhead import clock
from billhead.actions.accounts._passwords import _at_a_time
from billhead.actions.accounts.hash_password import hash_password
from billhead.models.operations import Job, Notice
from billhead.models.people import Customer, LoginAttempt, OneTimeToken, User, UserSession
from billhead.plugin_host import vault

NEW = "quite another sentence"


def mailed_link(shop: Shop) -> str:
    shop.work()
    notice = [one for one in shop.rows(Notice) if one.kind == "password_link"][-1]
    with shop.app.app_context():
        return f"/set-password/{vault().decrypt(notice.data['sealed_token'])}"


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


def test_signing_up_makes_a_customer_who_is_signed_in(any_shop: Shop):
    browser = any_shop.customer("Ada@Example.com ", zone="Pacific/Honolulu")
    assert is_in(browser)
    (customer,) = any_shop.rows(Customer)
    assert (customer.email, customer.country, customer.currency) == ("ada@example.com", "FI", "EUR")
    assert customer.zone == "Pacific/Honolulu"
    (user,) = any_shop.rows(User)
    assert user.password_hash.startswith("$argon2id$")
    assert [notice.kind for notice in any_shop.rows(Notice)] == ["welcome"]


def test_the_cookie_tells_scripts_and_the_database_nothing(shop: Shop):
    browser = shop.visitor()
    shop.customer("ada@example.com")
    answer = browser.sign_in("ada@example.com")
    (cookie,) = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("billhead_login=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    token = browser.client.get_cookie("billhead_login").value
    assert token not in [session.token_hash for session in shop.rows(UserSession)]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("email", "ada@nowhere", "not an e-mail address"),
        ("email", "", "is needed"),
        ("password", "short", "at least 10 characters"),
        ("password", "aaaaaaaaaaaaaa", "guessed at once"),
        ("name", " ", "Your name is needed"),
        ("country", "XX", "Not a valid choice"),
    ],
)
def test_what_is_wrong_in_a_sign_up_is_said_at_its_field(shop: Shop, field, value, told):
    told_us = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD, "country": "FI", field: value}
    answer = shop.visitor().post("/sign-up", told_us)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert told in answer.text
    assert shop.rows(User) == []


def test_an_address_that_has_an_account_is_sent_to_sign_in(shop: Shop):
    shop.customer("ada@example.com")
    fields = {"name": "Eve", "email": "ADA@example.com", "password": PASSWORD, "country": "FI"}
    answer = shop.visitor().post("/sign-up", fields)
    assert answer.status_code == 422
    assert "sign in instead" in answer.text
    # its owner is mailed how to get in, a few times; whoever tries many addresses is stopped
    shop.work()
    assert [(one.kind, one.recipient) for one in shop.rows(Notice)][-1] == ("known_address", "ada@example.com")
    for _ in range(19):
        assert shop.visitor().post("/sign-up", fields).status_code == 422
    refused = shop.visitor().post("/sign-up", fields | {"email": "new@example.com"})
    assert refused.status_code == 303, "a new customer is let in"
    assert "Too many tries" in shop.visitor().post("/sign-up", fields).text


def test_signing_in_leads_back_to_where_one_was_going(shop: Shop):
    shop.customer("ada@example.com")
    browser = shop.visitor()
    asked = browser.get("/account/documents?before=9")
    assert asked.location == "/sign-in?next=/account/documents?before%3D9"
    answer = browser.post(asked.location, {"email": "ada@example.com", "password": PASSWORD})
    assert answer.location == "/account/documents?before=9"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb"])
def test_nobody_is_led_to_another_site(shop: Shop, elsewhere):
    shop.customer("ada@example.com")
    browser = shop.visitor()
    fields = {"email": "ada@example.com", "password": PASSWORD}
    answer = browser.post("/sign-in", fields, query_string={"next": elsewhere})
    assert answer.location == "/account/"


def test_a_wrong_password_and_a_stranger_get_the_same_answer(shop: Shop):
    shop.customer("ada@example.com")
    answers = [shop.visitor().sign_in("ada@example.com", "wrong password"), shop.visitor().sign_in("eve@example.com")]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert all("The e-mail address or the password is wrong" in answer.text for answer in answers)


def test_too_many_tries_lock_the_account_even_for_the_right_password(any_shop: Shop):
    any_shop.customer("ada@example.com")
    browser = any_shop.visitor()
    for _ in range(6):
        browser.sign_in("ada@example.com", "wrong password")
    assert "Too many tries" in browser.sign_in("ada@example.com").text
    assert browser.sign_in("eve@example.com").status_code == 422  # other accounts are asked as before
    assert "Too many tries" not in browser.sign_in("eve@example.com").text

    for attempt in any_shop.rows(LoginAttempt):
        any_shop.change(LoginAttempt, attempt.id, at=clock.now() - timedelta(minutes=16))
    assert browser.sign_in("ada@example.com").status_code == 303


def test_guessing_in_parallel_gains_nothing(any_shop: Shop):
    browsers = [any_shop.visitor() for _ in range(12)]
    for browser in browsers:
        browser.get("/sign-in")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda one: one.sign_in("ada@example.com", "wrong password").text, browsers))
    assert len([one for one in answers if "Too many tries" in one]) == 6
    assert len([one for one in any_shop.rows(LoginAttempt) if one.key.startswith("account:")]) == 6


def test_signing_in_rightly_many_times_locks_nobody_out(shop: Shop):
    shop.customer("ada@example.com")
    assert all(shop.visitor().sign_in("ada@example.com").status_code == 303 for _ in range(7))
    assert shop.rows(LoginAttempt) == []


def test_signing_out_ends_the_session_for_a_copied_cookie_too(shop: Shop):
    browser = shop.customer("ada@example.com")
    thief = shop.visitor()
    thief.client.set_cookie("billhead_login", browser.client.get_cookie("billhead_login").value)
    assert is_in(thief)
    browser.post("/sign-out")
    assert not is_in(browser)
    assert not is_in(thief)


def test_a_session_ends_by_itself(shop: Shop):
    browser = shop.customer("ada@example.com")
    (session,) = shop.rows(UserSession)
    shop.change(UserSession, session.id, expires_at=clock.now() - timedelta(seconds=1))
    assert not is_in(browser)


def test_a_disabled_login_is_out_at_once(shop: Shop):
    browser = shop.customer("ada@example.com")
    shop.change(User, 1, disabled=True)
    assert not is_in(browser)
    assert shop.visitor().sign_in("ada@example.com").status_code == 422


def test_a_new_password_by_link_works_once_and_signs_out_everywhere(any_shop: Shop):
    browser = any_shop.customer("ada@example.com")
    asker = any_shop.visitor()
    assert "Look into your mail" in asker.post("/forgotten-password", {"email": "ADA@example.com"}).text
    link = mailed_link(any_shop)
    assert asker.post(link, {"password": "short"}).status_code == 422
    assert asker.post(link, {"password": NEW}).location == "/sign-in"
    assert not is_in(browser)
    assert asker.sign_in("ada@example.com").status_code == 422
    assert asker.sign_in("ada@example.com", NEW).status_code == 303
    assert "This link has ended" in any_shop.visitor().post(link, {"password": NEW}).text


def test_a_link_gets_old_and_a_newer_one_ends_it(shop: Shop):
    shop.customer("ada@example.com")
    browser = shop.visitor()
    browser.post("/forgotten-password", {"email": "ada@example.com"})
    first = mailed_link(shop)
    browser.post("/forgotten-password", {"email": "ada@example.com"})
    second = mailed_link(shop)
    assert browser.post(first, {"password": NEW}).status_code == 409
    (token,) = shop.rows(OneTimeToken)
    shop.change(OneTimeToken, token.id, expires_at=clock.now() - timedelta(seconds=1))
    assert browser.post(second, {"password": NEW}).status_code == 409


def test_asking_for_a_link_does_not_tell_who_has_an_account(shop: Shop):
    answer = shop.visitor().post("/forgotten-password", {"email": "nobody@example.com"})
    assert "Look into your mail" in answer.text
    shop.work()
    assert shop.rows(Notice) == []


def test_asking_for_a_link_is_the_same_work_for_a_stranger(shop: Shop):
    """The request itself writes as much, whoever is asked about: a worker looks them up."""
    shop.customer("ada@example.com")
    browser, written = shop.visitor(), []
    for email in ("ada@example.com", "nobody@example.com"):
        before = [(type(one).__name__, one.id) for table in (Notice, OneTimeToken, Job) for one in shop.rows(table)]
        answer = browser.post("/forgotten-password", {"email": email})
        after = [(type(one).__name__, one.id) for table in (Notice, OneTimeToken, Job) for one in shop.rows(table)]
        written.append(([name for name, _ in after if (name, _) not in before], answer.text.replace(email, "")))
    assert written[0][0] == written[1][0] == ["Job"]
    assert re.sub(r'value="[^"]+"', "", written[0][1]) == re.sub(r'value="[^"]+"', "", written[1][1])

    # nobody's mailbox is filled from our page, and nobody asks for everybody
    for _ in range(8):
        browser.post("/forgotten-password", {"email": "ada@example.com"})
        shop.work()
    assert len([one for one in shop.rows(Notice) if one.kind == "password_link"]) == 5
    for n in range(12):
        answer = browser.post("/forgotten-password", {"email": f"x{n}@example.com"})
    assert "Too many tries" in answer.text


def test_changing_the_password_needs_the_old_one_and_keeps_this_browser(shop: Shop):
    browser = shop.customer("ada@example.com")
    other = shop.visitor()
    other.sign_in("ada@example.com")
    refused = browser.post("/security/password", {"old": "wrong password", "password": NEW})
    assert "This is not your present password" in refused.text
    assert browser.post("/security/password", {"old": PASSWORD, "password": NEW}).status_code == 303
    assert is_in(browser)
    assert not is_in(other)


def test_the_old_password_changes_nothing_once_a_link_was_faster_and_ends_the_links_itself(any_shop: Shop):
    browser, other = any_shop.customer("ada@example.com"), any_shop.visitor()
    other.post("/forgotten-password", {"email": "ada@example.com"})
    link = mailed_link(any_shop)
    assert browser.post("/security/password", {"old": PASSWORD, "password": NEW}).status_code == 303
    assert any_shop.visitor().post(link, {"password": "somebody found the mail"}).status_code == 409

    with any_shop.app.app_context():
        newest = hash_password("set by a link meanwhile", "ada@example.com")
    _at_a_time.acquire()
    _at_a_time.acquire()  # no password is hashed now
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(browser.post, "/security/password", {"old": NEW, "password": "a thief in the browser"})
        deadline = time.monotonic() + 10
        while not any(one.key == "old_password:1" for one in any_shop.rows(LoginAttempt)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        any_shop.change(User, 1, password_hash=newest)
        _at_a_time.release()
        _at_a_time.release()
        assert late.result().status_code == 422
    assert any_shop.visitor().sign_in("ada@example.com", "set by a link meanwhile").status_code == 303


def test_staff_come_to_the_admin_area_for_twelve_hours(shop: Shop):
    shop.person("staff", "boss@example.com", "*")
    (session,) = shop.rows(UserSession)
    assert session.expires_at - session.created_at == timedelta(hours=12)


def test_a_form_without_its_token_is_refused(shop: Shop):
    answer = shop.visitor().client.post("/sign-in", data={"email": "a@b.example", "password": PASSWORD})
    assert answer.status_code == 400
    assert "load the page again" in answer.text


def test_the_appearance_is_kept_for_the_first_paint(shop: Shop):
    browser = shop.visitor()
    assert '<html lang="en">' in browser.get("/").text
    assert browser.post("/appearance", {"appearance": "dark", "back": "/cart"}).location == "/cart"
    assert '<html lang="en" data-bs-theme="dark">' in browser.get("/").text
    browser.post("/appearance", {"appearance": ""})
    assert '<html lang="en">' in browser.get("/").text
