"""Whom a reseller keeps is its customer on every page: at the address and under the name of the nearest shop above."""

import re

import pytest
from web_shop import PASSWORD, Browser
from white_label import ShopBrowser, WhiteLabel

from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._logins import addressee
from billhead.actions.notifications._render import render
from billhead.actions.shops.close_shop import close_shop
from billhead.actions.shops.reopen_shop import reopen_shop
from billhead.db import reading
from billhead.domain.document import Kind
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.people import Customer, LoginAttempt, Reseller, User
from billhead.models.subscriptions import Subscription
from billhead.models.support import Department, Ticket
from billhead.plugin_host import vault

ANNA = "anna@example.com"
OURS = "NorthCable"
AT = "http://127.0.0.1:8000"
SHOP = f"{AT}/shop/aurora-tv"
OTHER = "another long password"
_ONCE = re.compile(r'name="csrf_token"[^>]*>|value="[^"]*@example.com"')


def invite(white: WhiteLabel, who: str = "aurora", email: str = ANNA) -> int:
    """A user on the reseller's credits is asked to sign in; returns the subscription."""
    key = white.area.add(who, "Anna", email=email)
    white.shop.work()
    assert white.area.browsers[who].yes(f"/reseller/users/{key}/let-in").status_code == 303
    return key


def newest(white: WhiteLabel, kind: str) -> Notice:
    return white.shop.rows(Notice, Notice.kind == kind)[-1]


def said(white: WhiteLabel, notice: Notice) -> tuple[str, str]:
    """(the name in which it is said, all that it says)"""
    with white.shop.app.app_context(), reading() as session:
        one = session.merge(notice, load=False)
        text = render(one.kind, gather(session, one))
        return addressee(session, one).called, f"{text.subject}\n{text.text}\n{text.html}"


def link(white: WhiteLabel, kind: str = "invited") -> str:
    with white.shop.app.app_context():
        return f"/set-password/{vault().decrypt(newest(white, kind).data['sealed_token'])}"


def anna_at(white: WhiteLabel, who: str = "aurora", host: str = "") -> ShopBrowser:
    """She takes her invitation, and signs in at the shop."""
    anna = white.visitor("aurora", host)
    assert anna.post(link(white), {"password": PASSWORD}).location.endswith("/sign-in")
    assert anna.sign_in(ANNA).status_code == 303
    return anna


def enters(browser: Browser, password: str = PASSWORD, email: str = ANNA) -> str:
    """Where a sign-in leads: to the account, to another address, or nowhere."""
    answer = browser.sign_in(email, password)
    if answer.status_code == 303:
        return "in"
    elsewhere = re.search(r'class="btn btn-primary" href="([^"]+)"', answer.text)
    return elsewhere[1] if answer.status_code == 403 and elsewhere else "nobody"


def test_a_user_of_a_reseller_is_a_customer_of_its_shop_on_every_page(any_white_label: WhiteLabel):
    white = any_white_label
    key = invite(white)
    name, mail = said(white, newest(white, "invited"))
    assert name == "Aurora TV"
    assert f"{SHOP}/set-password/" in mail
    anna = anna_at(white)
    for page in ("/account/", f"/account/subscriptions/{key}", "/account/profile", "/account/tickets", "/security/",
                 "/help", "/status", "/news", "/", "/plans/basic"):  # fmt: skip
        answer = anna.get(page)
        assert answer.status_code == 200, page
        assert "· Aurora TV</title>" in answer.text, page
        assert OURS not in answer.text, page
    assert "Ask Aurora TV" in anna.get("/").text, "what she has she does not buy herself"
    for useless in ("orders", "documents", "credit", "payment-methods"):
        assert f'/account/{useless}"' not in anna.get("/account/").text, "there is nothing to pay"
    wish = {"contact": "WhatsApp +358 40 123", "told_before": "3"}
    white.area.browsers["aurora"].post("/reseller/users/contact", wish, page="/reseller/users/contact")
    assert "WhatsApp +358 40 123" in anna.get("/account/tickets/new").text, "nobody answers tickets here yet"
    assert enters(white.visitor("aurora"), "wrong wrong wrong") == "nobody"


def test_whoever_was_given_credit_finds_it_and_is_sold_none(white_label: WhiteLabel):
    key = invite(white_label)
    anna = anna_at(white_label)
    assert '/account/credit"' not in anna.get("/account/").text
    (subscription,) = white_label.shop.rows(Subscription, Subscription.id == key)
    white_label.act(grant_credit, subscription.customer_id, Money(500, "EUR"), "for the evening without sound")
    home = anna.get("/account/").text
    assert '/account/credit"' in home
    for useless in ("orders", "documents", "statement", "payment-methods"):
        assert f'/account/{useless}"' not in home, useless
    page = anna.get("/account/credit").text
    assert "€5.00" in page
    assert "for the evening without sound" in page
    assert "/account/credit/buy" not in page
    assert anna.post("/account/credit/buy", {"amount": "20"}, page="/account/credit").status_code == 403
    assert not white_label.shop.rows(Document, Document.customer_id == subscription.customer_id)


def test_at_the_operators_address_she_is_told_where_she_is_at_home_and_a_stranger_nothing(white_label: WhiteLabel):
    invite(white_label)
    anna_at(white_label)
    at_operators = white_label.shop.visitor()
    told = at_operators.sign_in(ANNA)
    assert told.status_code == 403
    assert f'href="{SHOP}/sign-in"' in told.text
    assert "Your account is at Aurora TV" in told.text
    assert "billhead_login" not in "".join(told.headers.getlist("Set-Cookie"))
    assert at_operators.get("/account/").status_code == 303, "nothing is open"
    wrong, nobody = at_operators.sign_in(ANNA, "wrong wrong wrong"), at_operators.sign_in("nobody@example.com")
    assert (wrong.status_code, nobody.status_code) == (422, 422)
    assert _ONCE.sub("", wrong.text) == _ONCE.sub("", nobody.text)
    # nor at another reseller's, where she is nobody
    assert enters(white_label.visitor("gulf")) == "nobody"
    assert enters(white_label.visitor("gulf"), "wrong wrong wrong") == "nobody"
    # and a token of her session opens nothing elsewhere
    anna = white_label.visitor("aurora")
    anna.sign_in(ANNA)
    token = anna.client.get_cookie("billhead_login.aurora-tv", path="/shop/aurora-tv").value
    at_operators.client.set_cookie("billhead_login", token, domain="localhost")
    assert at_operators.get("/account/").status_code == 303


def test_at_a_name_of_its_own_she_signs_in_by_that_alone(white_label: WhiteLabel):
    white_label.host("aurora", "tv.aurora.example")
    invite(white_label)
    home = "http://tv.aurora.example:8000"
    assert f"{home}/set-password/" in said(white_label, newest(white_label, "invited"))[1]
    anna = anna_at(white_label, host="tv.aurora.example")
    assert anna.get("/account/").status_code == 200
    assert anna.client.get_cookie("billhead_login", domain="tv.aurora.example") is not None
    assert white_label.shop.visitor().get("/account/").status_code == 303
    assert enters(white_label.shop.visitor()) == f"{home}/sign-in"
    assert enters(white_label.visitor("aurora")) == "in", "the path is the same shop's"
    anna.post("/forgotten-password", {"email": ANNA}, page="/forgotten-password")
    white_label.shop.work()
    name, mail = said(white_label, newest(white_label, "password_link"))
    assert (name, OURS in mail) == ("Aurora TV", False)
    assert set(re.findall(r"https?://([^/\"' )]+)", mail)) == {"tv.aurora.example:8000"}


def test_below_a_super_reseller_its_shop_is_the_face_and_answers_go_to_whom_they_know(white_label: WhiteLabel):
    invite(white_label, "baltic")
    name, mail = said(white_label, newest(white_label, "invited"))
    assert (name, f"{SHOP}/set-password/" in mail) == ("Aurora TV", True)
    with white_label.shop.app.app_context(), reading() as session:
        assert gather(session, session.merge(newest(white_label, "invited")))["reply_to"] == "baltic@example.com"
    anna = anna_at(white_label, "baltic")
    assert "· Aurora TV</title>" in anna.get("/account/").text
    assert "By Baltic" in anna.get("/account/").text
    assert enters(white_label.visitor("gulf")) == "nobody"


@pytest.mark.parametrize("how", ["closed", "suspended", "no right any more"])
def test_a_shop_that_is_not_open_is_nobodys_face(white_label: WhiteLabel, how: str):
    invite(white_label)
    anna = anna_at(white_label)
    key = white_label.area.ids["aurora"]
    (row,) = white_label.shop.rows(Reseller, Reseller.id == key)
    if how == "closed":
        white_label.act(close_shop, key)
    elif how == "suspended":
        white_label.shop.change(Reseller, key, suspended=True)
    else:
        white_label.shop.change(Reseller, key, rights={**row.rights, "own_shop": False})
    assert anna.get("/account/").status_code == 303
    assert enters(white_label.visitor("aurora")) == f"{AT}/sign-in", "she knows no other address"
    at_operators = white_label.shop.visitor()
    assert enters(at_operators) == "in"
    assert f"· {OURS}</title>" in at_operators.get("/account/").text
    if how == "closed":
        white_label.act(reopen_shop, key)
        assert at_operators.get("/account/").status_code == 303
        assert enters(white_label.visitor("aurora")) == "in"


def test_a_reseller_without_a_shop_above_it_leaves_all_as_it_was(white_label: WhiteLabel):
    white_label.act(close_shop, white_label.area.ids["aurora"])
    invite(white_label, "baltic")
    name, mail = said(white_label, newest(white_label, "invited"))
    assert (name, f"{AT}/set-password/" in mail) == ("Baltic", True)
    anna = white_label.shop.visitor()
    assert anna.post(link(white_label), {"password": PASSWORD}).location == "/sign-in"
    assert enters(anna) == "in"


def test_of_two_logins_by_one_address_the_password_says_which(white_label: WhiteLabel):
    """She has bought in the shop, and the reseller has added her as well; the other way round she is told at once."""
    own = white_label.customer("aurora", ANNA)
    invite(white_label)
    visitor = white_label.visitor("aurora")
    assert visitor.post(link(white_label), {"password": OTHER}).status_code == 303
    ids = {}
    for password in (PASSWORD, OTHER):
        browser = white_label.visitor("aurora")
        assert enters(browser, password) == "in"
        ids[password] = "Ada Lovelace" in browser.get("/account/profile").text
    assert ids == {PASSWORD: True, OTHER: False}
    assert own.get("/account/").status_code == 200
    white_label.visitor("aurora").post("/forgotten-password", {"email": ANNA}, page="/forgotten-password")
    white_label.shop.work()
    assert len(white_label.shop.rows(Notice, Notice.kind == "password_link")) == 2, "each has its link"
    invite(white_label, email="bo@example.com")
    told = {"name": "Bo", "email": "bo@example.com", "password": PASSWORD, "country": "FI"}
    assert "sign in instead" in white_label.visitor("aurora").post("/sign-up", told).text
    assert len(white_label.shop.rows(User, User.email == "bo@example.com")) == 1


def test_guesses_are_counted_together_wherever_they_are_made(white_label: WhiteLabel):
    invite(white_label)
    anna_at(white_label)
    for browser in (white_label.visitor("aurora"), white_label.shop.visitor()) * 3:
        assert enters(browser, "wrong wrong wrong") == "nobody"
    assert "Too many tries" in white_label.visitor("aurora").sign_in(ANNA).text
    assert "Too many tries" in white_label.shop.visitor().sign_in(ANNA).text
    # who signs up in the shop by a stranger's address clears nothing of what was tried at that one's password
    eve = "eve@example.com"
    white_label.shop.customer(eve)
    white_label.customer("aurora", eve)
    for _ in range(3):
        assert enters(white_label.shop.visitor(), "wrong wrong wrong", eve) == "nobody"
    assert enters(white_label.visitor("aurora"), PASSWORD, eve) == "in"
    tried = LoginAttempt.key == f"account:{white_label.shop.seller_id}:{eve}"
    assert len(white_label.shop.rows(LoginAttempt, tried)) == 3
    # a mailed link lifts the lock wherever it is
    white_label.visitor("aurora").post("/forgotten-password", {"email": ANNA}, page="/forgotten-password")
    white_label.shop.work()
    assert (
        white_label.visitor("aurora").post(link(white_label, "password_link"), {"password": OTHER}).status_code == 303
    )
    assert enters(white_label.visitor("aurora"), OTHER) == "in"


def test_whom_the_operator_bills_the_operator_is_the_face_of(white_label: WhiteLabel):
    key = invite(white_label)
    white_label.shop.change(Subscription, key, settlement="invoice")
    at_operators = white_label.shop.visitor()
    assert at_operators.post(link(white_label), {"password": PASSWORD}).status_code == 303
    assert enters(at_operators) == "in"
    assert enters(white_label.visitor("aurora")) == f"{AT}/sign-in"
    assert white_label.area.browsers["aurora"].get("/reseller/").status_code == 200, "resellers stay where they were"
    assert enters(white_label.visitor("aurora"), email="aurora@example.com") == "nobody"


def test_she_writes_to_the_shop_and_not_about_the_bills_of_others(white_label: WhiteLabel):
    invite(white_label)
    anna, aurora = anna_at(white_label), white_label.area.browsers["aurora"]
    (row,) = white_label.shop.rows(Customer, Customer.email == ANNA)
    made = aurora.post("/reseller/shop/departments/new", {"name": "Questions", "position": "1"}, page="/reseller/shop")
    assert made.status_code == 303
    (department,) = white_label.shop.rows(Department)
    form = {"department": str(department.id), "subject": "No picture", "text": "It is black.", "about": ""}
    answer = anna.post("/account/tickets/new", form, page="/account/tickets/new")
    assert answer.status_code == 303, answer.text
    (ticket,) = white_label.shop.rows(Ticket)
    assert (ticket.seller_id, ticket.customer_id) == (white_label.sellers["aurora"], row.id)
    assert "No picture" in aurora.get("/reseller/shop/tickets").text
    assert said(white_label, newest(white_label, "ticket_opened"))[0] == "Aurora TV"
    assert f"{SHOP}/account/tickets/{ticket.id}" in said(white_label, newest(white_label, "ticket_opened"))[1]


def test_staff_who_look_in_see_the_face_that_she_sees(white_label: WhiteLabel):
    invite(white_label)
    anna_at(white_label)
    boss = white_label.shop.person("staff", "boss@example.com", "people.look_in", "customers.write")
    (row,) = white_label.shop.rows(Customer, Customer.email == ANNA)
    assert boss.post(f"/admin/customers/{row.id}/look-in", {"reason": "no picture"}).location == "/account/"
    page = boss.get("/account/").text
    assert "You see what Anna sees" in page
    assert "· Aurora TV</title>" in page
    assert boss.post("/end-visit").status_code == 303
    assert boss.get("/admin/").status_code == 200


def test_a_paper_keeps_the_seller_who_has_made_it_out(white_label: WhiteLabel):
    """The operator billed her before she came to the reseller: what is about a bill is said by who made it out."""
    ada = white_label.shop.customer(ANNA)
    white_label.shop.order(ada)
    white_label.shop.pay()
    white_label.shop.work()
    (bill,) = white_label.shop.rows(Document, Document.kind == Kind.INVOICE.value)
    (row,) = white_label.shop.rows(Customer, Customer.email == ANNA)
    (bought,) = white_label.shop.rows(Subscription)
    aurora = white_label.area.ids["aurora"]
    white_label.shop.change(Subscription, bought.id, settlement="credits", payer_reseller_id=aurora)
    white_label.shop.change(Customer, row.id, reseller_id=aurora)
    assert enters(white_label.shop.visitor()) == f"{SHOP}/sign-in"
    anna = white_label.visitor("aurora")
    assert anna.sign_in(ANNA).status_code == 303
    assert '/account/documents"' in anna.get("/account/").text
    page = anna.get(f"/account/documents/{bill.id}")
    assert page.status_code == 200
    assert OURS in page.text
    assert said(white_label, newest(white_label, "receipt"))[0] == OURS
