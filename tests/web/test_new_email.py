"""Another e-mail address: by a link to it and word to the old one, once, for a day; by staff at once."""

from datetime import timedelta

import pytest
from web_shop import PASSWORD, Browser, Shop

from billhead import clock
from billhead.actions.accounts.confirm_new_email import confirm_new_email
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer, OneTimeToken, User, UserSession
from billhead.plugin_host import vault

NEW = "ada@new.example"


def ask(browser: Browser, email: str = NEW, **fields):
    return browser.post("/security/email", {"email": email, **fields}, page="/security/email")


def link_to(shop: Shop, email: str = NEW) -> str:
    notice = shop.rows(Notice, Notice.kind == "confirm_email", Notice.recipient == email)[-1]
    with shop.app.app_context():
        return f"/new-address/{vault().decrypt(notice.data['sealed_token'])}"


def told(shop: Shop, email: str) -> list[str]:
    return [one.data["what"] for one in shop.rows(Notice, Notice.kind == "security_change", Notice.recipient == email)]


def test_ada_changes_her_address(any_shop: Shop):
    shop = any_shop
    ada = shop.customer()
    assert ask(ada).location == "/security/"
    assert "ada@new.example waits for its link" in ada.get("/security/email").text
    assert shop.rows(User)[0].email == "ada@example.com", "not before the link"
    assert told(shop, "ada@example.com") == ["email_asked"]
    elsewhere = shop.visitor()
    assert NEW in elsewhere.get(link_to(shop)).text
    assert shop.rows(User)[0].email == "ada@example.com", "a mail program that looks at the link changes nothing"
    assert elsewhere.post(link_to(shop)).location == "/sign-in"
    assert (shop.rows(User)[0].email, shop.rows(Customer)[0].email) == (NEW, NEW)
    assert told(shop, "ada@example.com") == ["email_asked", "email_changed"], "the old mailbox learns of it"
    assert ada.get("/account/").status_code == 200, "she stays signed in"
    assert elsewhere.sign_in("ada@example.com").status_code == 422
    assert elsewhere.sign_in(NEW).location == "/account/"
    assert elsewhere.get(link_to(shop)).status_code == 409
    assert elsewhere.post(link_to(shop)).status_code == 409, "once"
    (asked,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.ask_new_email")
    assert (asked.subject, asked.details) == ("user:1", {"email": NEW})
    (done,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.confirm_new_email")
    assert (done.subject, done.details) == ("user:1", {"from": "ada@example.com", "to": NEW})


def test_the_password_is_asked_for_first_and_a_visit_does_not_do_it(shop: Shop):
    ada = shop.customer()
    shop.change(UserSession, 1, confirmed_at=clock.now() - timedelta(minutes=16))
    assert ada.get("/security/email").location == "/security/confirm?next=/security/email"
    assert ask(ada).location.startswith("/security/confirm")
    assert shop.rows(OneTimeToken) == []
    sam = shop.person("staff", "sam@example.com", "*")
    sam.post("/admin/customers/1/look-in", {"reason": "she asked"})
    assert ask(sam).status_code == 403
    assert shop.rows(Notice, Notice.kind == "confirm_email") == []
    assert shop.visitor().get("/security/email").location.startswith("/sign-in")


@pytest.mark.parametrize("email", ["", "ada", "ADA@example.com", "eve@example.com", "sam@example.com"])
def test_what_is_no_address_their_own_or_taken_is_refused(shop: Shop, email):
    ada = shop.customer()
    shop.customer("eve@example.com", name="Eve Online")
    shop.person("staff", "sam@example.com", "*")
    answer = ask(ada, email)
    assert answer.status_code == 422
    assert "Online" not in answer.text, "nobody learns whose it is"
    assert shop.rows(OneTimeToken) == []


def test_links_end(shop: Shop):
    ada, visitor = shop.customer(), shop.visitor()
    ask(ada)
    first = link_to(shop)
    ask(ada)
    assert visitor.get(first).status_code == 409, "the newer one alone holds"
    second = link_to(shop)
    shop.customer(NEW, name="Ada Byron")
    answer = visitor.post(second, page="/sign-in")
    assert answer.status_code == 422, "somebody else has got it meanwhile"
    assert "Byron" not in answer.text
    ask(ada, "third@new.example")
    third = link_to(shop, "third@new.example")
    fields = {"old": PASSWORD, "password": "another sentence to sign in"}
    assert ada.post("/security/password", fields).status_code == 303
    assert visitor.post(third, page="/sign-in").status_code == 409, "who had asked may not have been Ada"
    ask(ada, "fourth@new.example")
    fourth = link_to(shop, "fourth@new.example")
    shop.change(OneTimeToken, 1, expires_at=clock.now())
    assert visitor.get(fourth).status_code == 409, "a day"
    assert visitor.get("/new-address/nonsense").status_code == 409
    assert ask(ada, "fifth@new.example").status_code == 303
    answer = ask(ada, "sixth@new.example")
    assert answer.status_code == 422, "five in a quarter of an hour"
    assert shop.rows(Notice, Notice.recipient == "sixth@new.example") == []


def test_one_link_at_once_in_two_browsers_changes_once(shop: Shop):
    ada = shop.customer()
    ask(ada)
    token = link_to(shop).rpartition("/")[2]
    with shop.app.app_context():
        with writing(Context.system("test")) as tx:
            confirm_new_email(tx, token)
        with pytest.raises(Conflict), writing(Context.system("test")) as tx:
            confirm_new_email(tx, token)
    assert len(told(shop, "ada@example.com")) == 2


def test_staff_change_their_own_and_a_customer_s(shop: Shop):
    ada, sam = shop.customer(), shop.person("staff", "sam@example.com", "customers.write")
    assert ask(sam, "sam@new.example").status_code == 303
    assert shop.visitor().post(link_to(shop, "sam@new.example")).status_code == 303
    ask(ada, "old-wish@new.example")
    why = {"reason": "lost the mailbox; knows the last invoice"}
    page = sam.get("/admin/customers/1/email").text
    assert "Now it is ada@example.com" in page
    assert sam.post("/admin/customers/1/email", {"email": NEW}).status_code == 422, "without a reason"
    for wrong in ("", "ada", "ada@example.com", "sam@new.example"):
        assert sam.post("/admin/customers/1/email", {"email": wrong, **why}).status_code == 422, wrong
    assert sam.post("/admin/customers/7/email", {"email": NEW, **why}).status_code == 404
    assert sam.post("/admin/customers/1/email", {"email": NEW.upper(), **why}).status_code == 303
    assert (shop.rows(User)[0].email, shop.rows(Customer)[0].email) == (NEW, NEW)
    assert told(shop, "ada@example.com")[-1] == "email_set"
    assert shop.visitor().get(link_to(shop, "old-wish@new.example")).status_code == 409
    (line,) = shop.rows(AuditEntry, AuditEntry.action == "accounts.set_customer_email")
    assert (line.subject, line.reason) == ("customer:1", why["reason"])
    assert line.details == {"from": "ada@example.com", "to": NEW}


def test_how_a_reseller_signs_in_takes_more(shop: Shop):
    shop.customer()
    shop.change(User, 1, role="reseller")
    sam = shop.person("staff", "sam@example.com", "customers.write")
    why = {"reason": "asked by phone", "email": NEW}
    assert sam.post("/admin/customers/1/email", why).status_code == 422
    lead = shop.person("staff", "lead@example.com", "customers.write", "resellers.write")
    assert lead.post("/admin/customers/1/email", why).status_code == 303
