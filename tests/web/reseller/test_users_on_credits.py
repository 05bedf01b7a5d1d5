"""What a user reads whose time a reseller's credits pay, how they get to sign in, and who keeps what staff cancel."""

from datetime import date

from reseller_area import Area
from web_shop import PASSWORD

from billhead import clock
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.operations import Notice
from billhead.models.people import Customer, User
from billhead.models.subscriptions import SubscriptionEvent
from billhead.plugin_host import vault

ANNA = "anna@example.com"


def invitation(area: Area) -> Notice:
    return area.shop.rows(Notice, Notice.kind == "invited")[-1]


def link(area: Area) -> str:
    with area.shop.app.app_context():
        return f"/set-password/{vault().decrypt(invitation(area).data['sealed_token'])}"


def let_in(area: Area, who: str = "baltic") -> tuple[int, str]:
    key = area.add(who, "Anna", email=ANNA)
    area.shop.work()
    assert area.browsers[who].yes(f"/reseller/users/{key}/let-in").status_code == 303
    return key, link(area)


def test_a_user_is_let_in_by_a_mail_of_the_resellers(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    key, first = let_in(area)
    with shop.app.app_context(), reading() as session:
        said = render("invited", gather(session, invitation(area)))
    assert said.subject == "Your login at Baltic"
    assert invitation(area).recipient == ANNA
    assert "Mail the link again" in baltic.get(f"/reseller/users/{key}").text
    assert baltic.yes(f"/reseller/users/{key}/let-in").status_code == 303
    anna = shop.visitor()
    assert anna.post(first, {"password": PASSWORD}).status_code != 303, "a link from before has ended"
    assert anna.post(link(area), {"password": PASSWORD}).location == "/sign-in"
    assert anna.sign_in(ANNA).location == "/account/"
    assert "Anna" in anna.get("/account/").text
    shown = baltic.get(f"/reseller/users/{key}").text
    assert "Let them sign in" not in shown
    assert "Mail the link again" not in shown
    again = baltic.yes(f"/reseller/users/{key}/let-in")
    assert again.status_code == 422
    assert "has a login already" in again.text


def test_an_invitation_that_went_to_a_wrong_address_is_put_right(area: Area):
    key, first = let_in(area)
    baltic, page = area.browsers["baltic"], f"/reseller/users/{key}/edit"
    told = {"name": "Anna", "phone": "", "language": "en", "note": ""}
    nowhere = baltic.post(page, {**told, "email": ""})
    assert "give another" in nowhere.text
    assert baltic.post(page, {**told, "email": "anna.berg@example.com"}).status_code == 303
    stranger = area.shop.visitor()
    assert stranger.post(first, {"password": PASSWORD}).status_code != 303, "it was mailed to a stranger"
    assert baltic.yes(f"/reseller/users/{key}/let-in").status_code == 303
    assert invitation(area).recipient == "anna.berg@example.com"
    assert area.shop.visitor().post(link(area), {"password": PASSWORD}).location == "/sign-in"
    refused = baltic.post(page, {**told, "email": ANNA})
    assert "only they change it" in refused.text


def test_who_was_invited_is_not_kept_twice(area: Area):
    let_in(area)
    stranger = area.shop.visitor()
    told = {"name": "Anna", "email": ANNA, "password": PASSWORD, "country": "FI"}
    answer = stranger.post("/sign-up", told)
    assert answer.status_code == 422
    assert "sign in instead" in answer.text
    assert len(area.shop.rows(Customer, Customer.email == ANNA)) == 1
    assert len(area.shop.rows(User, User.email == ANNA)) == 1


def test_nobody_lets_in_the_users_of_others_nor_an_address_that_is_taken(area: Area):
    key = area.add("baltic", "Anna", email=ANNA)
    nameless = area.add("baltic", "Bo")
    taken = area.add("baltic", "Cleo")
    (cleo,) = area.shop.rows(Customer, Customer.name == "Cleo")
    area.shop.change(Customer, cleo.id, email="gulf@example.com")  # as an import may have brought it
    for other in ("coast", "gulf"):
        assert area.browsers[other].get(f"/reseller/users/{key}/let-in").status_code == 404
        assert area.browsers[other].post(f"/reseller/users/{key}/let-in").status_code == 404
    baltic = area.browsers["baltic"]
    assert "Let them sign in" not in baltic.get(f"/reseller/users/{nameless}").text
    assert "no e-mail address" in baltic.yes(f"/reseller/users/{nameless}/let-in").text
    assert "has a login at this seller already" in baltic.yes(f"/reseller/users/{taken}/let-in").text
    assert area.shop.rows(User, User.email == ANNA) == []
    assert area.browsers["aurora"].yes(f"/reseller/users/{key}/let-in").status_code == 303, "it stands above"
    for _ in range(4):
        assert baltic.yes(f"/reseller/users/{key}/let-in").status_code == 303
    assert "ive links a day" in baltic.yes(f"/reseller/users/{key}/let-in").text


def test_the_history_tells_the_days_that_a_change_has_added(area: Area):
    key = area.add("baltic", "Anna")
    told = {"kind": "changed", "effective_on": date(2026, 4, 16), "details": {"days": 20, "until": "2026-05-21"}}
    with area.shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(SubscriptionEvent(subscription_id=key, recorded_at=clock.now(), **told))
    page = area.browsers["baltic"].get(f"/reseller/users/{key}").text.replace("\u00a0", " ")
    assert 'Changed<br><span class="fine">Days at the end: +20, until 20 May 2026</span></th>' in page


def test_they_read_who_renews_and_find_no_dead_button(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    shop.change(Plan, shop.rows(Plan, Plan.code == "basic")[0].id,
                details={**shop.rows(Plan, Plan.code == "basic")[0].details, "hold": {"min_days": 1}})  # fmt: skip
    key, way_in = let_in(area)
    anna = shop.visitor()
    anna.post(way_in, {"password": PASSWORD})
    anna.sign_in(ANNA)
    assert baltic.post("/reseller/users/contact", {"contact": "x" * 301}).status_code == 422
    wish = {"contact": "WhatsApp +358 40 123\nbaltic@example.com", "told_before": "3"}
    assert baltic.post("/reseller/users/contact", wish, page="/reseller/users/contact").status_code == 303
    one = f"/account/subscriptions/{key}"
    for page in (anna.get("/account/").text, anna.get(one).text):
        assert "By Baltic" in page
        assert "automatically" not in page
        assert "WhatsApp +358 40 123" in page
        for dead in ("By hand", "Put on hold", "Next invoice", "Cancel this subscription"):
            assert dead not in page
    assert "our reseller looks after this subscription" in anna.get(f"{one}/cancel").text
    baltic.post(f"/reseller/users/{key}/renewal", {"wish": "on"}, page=f"/reseller/users/{key}")
    assert "By Baltic, automatically" in anna.get(one).text


def test_a_reseller_keeps_what_staff_have_canceled(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    key = area.add("baltic", "Anna")
    shop.work()
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        cancel(tx, key, "end_of_term")
    path = f"/reseller/users/{key}/keep"
    assert f'href="{path}"' in baltic.get(f"/reseller/users/{key}").text
    assert area.browsers["gulf"].get(path).status_code == 404
    assert baltic.yes(path).status_code == 303
    shown = baltic.get(f"/reseller/users/{key}").text
    assert "goes on as before" in shown
    assert path not in shown
    assert "Renew" in shown
    assert baltic.yes(path).status_code == 422


def test_whom_a_reseller_keeps_is_sold_nothing_by_the_operator(area: Area):
    """Baltic keeps Anna for credits: neither her account, nor the operator's shop, nor a mail offers her the operator's
    plans, films and prices. A visitor sees the shop as ever."""
    shop = area.shop
    key, way_in = let_in(area)
    wish = {"contact": "WhatsApp +358 40 123", "told_before": "3"}
    area.browsers["baltic"].post("/reseller/users/contact", wish, page="/reseller/users/contact")
    anna = shop.visitor()
    anna.post(way_in, {"password": PASSWORD})
    anna.sign_in(ANNA)
    home = anna.get("/account/").text
    for offered in ("Add another plan", 'href="/cart"', 'href="/"', "Friends"):
        assert offered not in home, offered
    for page in ("/", "/plans/basic", "/compare", "/cart", "/checkout", "/promo/HELLO", "/become-a-reseller"):
        answer = anna.get(page)
        assert answer.status_code == 200, page
        assert "Ask Baltic" in answer.text, page
        assert "WhatsApp +358 40 123" in answer.text
        assert "€" not in answer.text
    assert anna.post("/plans/basic", {"term": "1 month"}, page="/account/").status_code == 403
    service = f"/account/subscriptions/{key}"
    anna.post(f"{service}/buy", {"plan": "final", "pay": "now"}, page=service)
    assert "looks after this subscription" in anna.get(service).text
    assert "Ask Baltic" not in shop.visitor().get("/").text
    assert "€9.99" in shop.visitor().get("/").text
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        cancel(tx, key, "end_of_term")
    (told,) = shop.rows(Notice, Notice.kind == "canceled")
    with shop.app.app_context(), reading() as session:
        assert "To our shop" not in render("canceled", gather(session, told)).text
