"""A login that somebody else has: staff see its devices, sign it out, disable it, and let its owner in again."""

import re
from datetime import timedelta

from web_shop import PASSWORD, Shop

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import User, UserSession
from billhead.models.sign_in import KnownDevice, LinkedIdentity
from billhead.plugin_host import vault

PAGE = "/admin/customers/1/logins"
WHY = "Somebody in another country has used it; call us."


def is_in(browser):
    return browser.get("/account/").status_code == 200


def staff(shop: Shop):
    return shop.person("staff", "boss@example.com", "*")


def test_devices_are_listed_and_signed_out(any_shop: Shop):
    shop = any_shop
    ada, boss = shop.customer(), staff(shop)
    thief = shop.visitor()
    assert thief.sign_in("ada@example.com").status_code == 303
    listed = boss.get(PAGE).text
    assert listed.count(f"{PAGE}/1/sign-out") == 2
    assert "127.0.0.1" in listed
    clerk = shop.person("staff", "clerk@example.com")
    assert clerk.get(PAGE).status_code == 200
    assert clerk.get(f"{PAGE}/1/sign-out").status_code == 403
    assert boss.get("/admin/customers/1/logins/2/sign-out").status_code == 404  # is staff's own
    assert boss.post(f"{PAGE}/1/sign-out", {"reason": "asked by phone"}, page=PAGE).location == PAGE
    assert not is_in(ada)
    assert not is_in(thief)
    assert "Nobody is signed in." in boss.get(PAGE).text
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.end_sessions")
    assert (entry.subject, entry.reason, entry.details["sessions"]) == ("user:1", "asked by phone", 2)
    assert shop.visitor().sign_in("ada@example.com").status_code == 303
    with shop.asking() as asked:
        boss.get(PAGE)
    assert sum("FROM user_session" in one and "ORDER BY" in one for one in asked) == 1


def test_a_disabled_login_says_why_to_who_knows_the_password_alone(any_shop: Shop):
    shop = any_shop
    ada, boss = shop.customer(), staff(shop)
    assert boss.post(f"{PAGE}/1/disable", {"reason": ""}, page=PAGE).status_code == 422
    assert boss.post(f"{PAGE}/1/disable", {"reason": WHY}, page=PAGE).location == PAGE
    assert not is_in(ada)
    assert shop.rows(UserSession, UserSession.user_id == 1) == []
    assert WHY in boss.get(PAGE).text
    right = shop.visitor().sign_in("ada@example.com")
    assert (right.status_code, WHY in right.text) == (422, True)
    wrong = shop.visitor().sign_in("ada@example.com", "quite another one")
    assert "is wrong" in wrong.text
    assert WHY not in wrong.text
    assert shop.visitor().post("/forgotten-password", {"email": "ada@example.com"}).status_code in (200, 303)
    shop.work()
    assert shop.rows(Notice, Notice.kind == "password_link") == []
    again = boss.post(f"{PAGE}/1/disable", {"reason": "once more"}, page=PAGE)
    assert "is disabled already" in again.text
    # its owner has called: the ways of before are worth nothing, a link sets another password
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(KnownDevice(user_id=1, token_hash="thief", since=clock.now()))
        linked = {"issuer": "https://id.example.com", "subject": "thief", "linked_at": clock.now()}
        tx.session.add(LinkedIdentity(seller_id=shop.seller_id, user_id=1, **linked))
    assert boss.post(f"{PAGE}/1/enable", {"reason": "is her", "new_password": "y"}, page=PAGE).location == PAGE
    assert "is wrong" in shop.visitor().sign_in("ada@example.com").text
    assert shop.rows(KnownDevice, KnownDevice.user_id == 1) == shop.rows(LinkedIdentity) == []
    shop.work()
    (told,) = shop.rows(Notice, Notice.kind == "password_link")
    with shop.app.app_context():
        path = f"/set-password/{vault().decrypt(told.data['sealed_token'])}"
    new = "quite another sentence"
    assert shop.visitor().post(path, {"password": new}, page=path).status_code == 303
    assert shop.visitor().sign_in("ada@example.com", new).status_code == 303
    assert "is not disabled" in boss.post(f"{PAGE}/1/enable", {"reason": "is her"}, page=PAGE).text


def test_a_login_that_ended_with_its_account_is_not_opened_by_hand(shop: Shop):
    shop.customer()
    boss = staff(shop)
    shop.change(User, 1, disabled=True)
    assert "Let in again" not in boss.get(PAGE).text
    assert "ended with its account" in boss.post(f"{PAGE}/1/enable", {"reason": "please"}, page=PAGE).text
    assert "is wrong" in shop.visitor().sign_in("ada@example.com").text


def test_who_is_locked_out_may_try_again_once_staff_say_so(any_shop: Shop):
    shop = any_shop
    shop.customer()
    boss = staff(shop)
    for _ in range(6):
        shop.visitor().sign_in("ada@example.com", "not this one at all")
    assert "Too many tries" in shop.visitor().sign_in("ada@example.com").text
    page = boss.get(PAGE).text
    assert re.search(r"locked out<", page)
    assert f"{PAGE}/1/unlock" in page
    assert boss.post(f"{PAGE}/1/unlock", {"reason": "was typing in capitals"}, page=PAGE).location == PAGE
    assert "locked out" not in boss.get(PAGE).text
    assert shop.visitor().sign_in("ada@example.com", PASSWORD).status_code == 303
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.unlock_login")
    assert entry.at > clock.now() - timedelta(minutes=5)
