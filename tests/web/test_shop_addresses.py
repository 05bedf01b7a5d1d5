"""A reseller's shop is reached at its path and at its confirmed names; nowhere else, and never another one there."""

import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, select
from web_shop import PASSWORD, Browser
from white_label import ShopBrowser, WhiteLabel

from billhead import clock
from billhead.actions.notifications._facts import gather
from billhead.actions.shops.ask_host import ask_host
from billhead.actions.shops.close_shop import close_shop, preview_close_shop
from billhead.actions.shops.drop_host import drop_host
from billhead.actions.shops.open_shop import NewShop, open_shop
from billhead.actions.shops.reopen_shop import reopen_shop
from billhead.actions.subscriptions._order_links import order_link
from billhead.db import db, reading
from billhead.domain.errors import Conflict, NotAllowed, NotFound
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller
from billhead.models.shops import Shop, ShopHost
from billhead.web.shop_address import outside

ADA = "ada@example.com"


def shown(white: WhiteLabel, path: str, host: str) -> tuple[int, str]:
    answer = white.shop.app.test_client().get(path, environ_overrides={"HTTP_HOST": host})
    name = re.search(r"<title>.* · (.*)</title>", answer.text, re.DOTALL)
    return answer.status_code, name[1] if name else ""


def is_in(browser: ShopBrowser) -> bool:
    return browser.get("/account/").status_code == 200


def test_a_shop_is_at_its_path_and_at_the_names_that_were_confirmed(white_label: WhiteLabel):
    white_label.host("aurora", "TV.Aurora.example.")
    asked = white_label.act(ask_host, white_label.area.ids["gulf"], "gulf.example", who="gulf")
    assert shown(white_label, "/", "localhost") == (200, "NorthCable")
    assert shown(white_label, "/shop/aurora-tv/", "localhost") == (200, "Aurora TV")
    assert shown(white_label, "/shop/aurora-tv", "localhost") == (200, "Aurora TV")
    assert shown(white_label, "/", "tv.aurora.example") == (200, "Aurora TV")
    assert shown(white_label, "/", "TV.AURORA.example:8443") == (200, "Aurora TV")
    assert shown(white_label, "/", "gulf.example") == (200, "NorthCable")  # nobody has confirmed it
    assert shown(white_label, "/shop/nobody/", "localhost")[0] == 404
    assert shown(white_label, "/shop/northcable/", "localhost")[0] == 404  # the operator's is no reseller's shop
    assert shown(white_label, "/theme/lounge.css", "localhost")[0] == 200
    white_label.act(drop_host, white_label.area.ids["gulf"], asked.shop_host_id, who="gulf")
    assert [row.host for row in white_label.shop.rows(ShopHost)] == ["tv.aurora.example"]


FOREIGN = (
    "aurora-tv.evil.example", "gulf.evil.example", "tv.aurora.example.evil.example", "evil.example", "127.0.0.1",
    "[::1]", "tv.aurora.example@evil.example", "xn--bcher-kva.example", "a" * 300, "tv.aurora.example,gulf.example",
)  # fmt: skip
NONE = {
    "localhost": "no name", "10.0.0.1": "an address", "tv.example:8080": "no name", "tv_x.example": "no name",
    "https://tv.example": "no name", "tv.example/shop": "no name", "-tv.example": "no name", "": "no name",
    "gulf.example": "already", "tv..example": "no name", "<script>.example": "no name",
}  # fmt: skip


def test_a_host_that_nobody_confirmed_is_the_operators(white_label: WhiteLabel):
    white_label.host("aurora", "tv.aurora.example")
    for host in FOREIGN:
        assert shown(white_label, "/", host) in [(200, "NorthCable"), (400, "")], host


def test_a_shops_name_never_shows_another_shop(white_label: WhiteLabel):
    white_label.host("aurora", "tv.aurora.example")
    assert shown(white_label, "/shop/gulf/", "tv.aurora.example")[0] == 404
    assert shown(white_label, "/shop/aurora-tv/", "tv.aurora.example") == (200, "Aurora TV")


def test_a_proxys_word_for_the_host_is_not_taken(white_label: WhiteLabel):
    white_label.host("aurora", "tv.aurora.example")
    told = {"X-Forwarded-Host": "tv.aurora.example", "Forwarded": "host=tv.aurora.example"}
    answer = white_label.shop.app.test_client().get("/", base_url="http://evil.example", headers=told)
    assert "Aurora TV" not in answer.text


def test_the_operators_areas_are_not_at_a_shop(white_label: WhiteLabel):
    white_label.host("aurora", "tv.aurora.example")
    for path in ("/admin/", "/reseller/", "/admin/customers", "/setup"):
        assert white_label.visitor("aurora").get(path).status_code == 404, path
        assert white_label.visitor("aurora", "tv.aurora.example").get(path).status_code == 404, path


def test_who_signs_in_stays_in_the_shop(white_label: WhiteLabel):
    white_label.host("gulf", "gulf.example")
    ada = white_label.customer("aurora", ADA)
    (row,) = white_label.shop.rows(Customer, Customer.email == ADA)
    assert (row.seller_id, row.reseller_id) == (white_label.sellers["aurora"], white_label.area.ids["aurora"])
    assert is_in(ada)
    for elsewhere in (white_label.visitor("gulf"), white_label.visitor("gulf", "gulf.example")):
        refused = elsewhere.post("/sign-in", {"email": ADA, "password": PASSWORD})
        nobody = elsewhere.post("/sign-in", {"email": "nobody@example.com", "password": PASSWORD})
        assert (refused.status_code, nobody.status_code) == (422, 422)
        once = re.compile(r'name="csrf_token"[^>]*>|value="[^"]*@example.com"')
        assert once.sub("", refused.text) == once.sub("", nobody.text)
    assert white_label.shop.visitor().sign_in(ADA).status_code == 422
    assert white_label.customer("gulf", ADA)  # two shops may share a person


def test_a_cookie_of_one_shop_opens_no_other(white_label: WhiteLabel):
    white_label.host("gulf", "gulf.example")
    ada = white_label.customer("aurora", ADA)
    token = ada.client.get_cookie("billhead_login.aurora-tv", path="/shop/aurora-tv").value
    for other, name in ((white_label.visitor("gulf", "gulf.example"), "billhead_login"),
                        (white_label.shop.visitor(), "billhead_login")):  # fmt: skip
        domain = getattr(other, "host", "localhost")
        other.client.set_cookie(name, token, domain=domain)
        assert other.get("/account/").status_code == 303
    stolen = white_label.visitor("gulf")
    stolen.client.set_cookie("billhead_login.gulf", token, path="/shop/gulf")
    assert not is_in(stolen)
    # and the operator's customer is nobody in a shop
    eve = white_label.shop.customer("eve@example.com")
    assert eve.get("/shop/aurora-tv/account/").location == "/shop/aurora-tv/sign-in?next=/shop/aurora-tv/account/"


def test_only_a_shops_pages_ask_for_a_shops_look(white_label: WhiteLabel):
    asked: list[str] = []
    with white_label.shop.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))

    def looked(browser: Browser) -> int:
        asked.clear()
        assert browser.get("/").status_code == 200
        return sum("seller_logo" in one for one in asked)

    assert [looked(white_label.shop.visitor()), looked(white_label.visitor("aurora"))] == [0, 1]


def test_links_stay_in_the_shop(white_label: WhiteLabel):
    browser = white_label.visitor("aurora")
    links = re.findall(r'(?:href|action|src)="(/[^"]*)"', browser.get("/").text)
    assert links
    assert [link for link in links if not link.startswith("/shop/aurora-tv")] == []
    ada = white_label.customer("aurora")
    assert ada.post("/appearance", {"appearance": "dark", "back": "/shop/aurora-tv/cart"}).location.endswith(
        "/aurora-tv/cart"
    )


@pytest.mark.parametrize(
    ("host", "path", "back"),
    [
        ("tv.aurora.example", "", "http://tv.aurora.example{port}/back"),
        ("tv.aurora.example", "/shop/aurora-tv", "http://tv.aurora.example{port}/shop/aurora-tv/back"),
        ("localhost", "/shop/aurora-tv", "{base}/shop/aurora-tv/back"),
        ("localhost", "", "{base}/back"),
    ],
)
def test_who_pays_comes_back_to_the_host_where_they_are_signed_in(white_label: WhiteLabel, host, path, back):
    white_label.host("aurora", "tv.aurora.example")
    app = white_label.shop.app
    base = app.extensions["billhead"].config.base_url
    told = {"SCRIPT_NAME": path, "billhead.shop": path.removeprefix("/shop/")}
    with app.test_request_context("/cart", base_url=f"http://{host}", environ_overrides=told):
        port = f":{urlsplit(base).port}" if urlsplit(base).port else ""
        assert outside(f"{path}/back") == back.format(base=base, port=port)


def test_mail_of_a_shop_leads_to_the_shop(white_label: WhiteLabel):
    def told() -> str:
        facts = []
        for notice in white_label.shop.rows(Notice):
            with white_label.shop.app.app_context(), reading() as session:
                facts.append(str(gather(session, session.merge(notice, load=False))))
        return " ".join(facts)

    white_label.customer("aurora", ADA)
    browser = white_label.visitor("aurora")
    browser.post("/forgotten-password", {"email": ADA}, page="/forgotten-password")
    white_label.shop.work()
    base = white_label.shop.app.extensions["billhead"].config.base_url
    found = set(re.findall(r"https?://[^'\"/ ]+/(?:shop/[a-z-]+/)?", told()))
    assert found == {f"{base}/shop/aurora-tv/"}
    assert "/set-password/" in told()
    white_label.host("aurora", "tv.aurora.example")
    hosts = set(re.findall(r"https?://([^'\"/: ]+)", told()))
    assert hosts == {"tv.aurora.example"}


def test_a_host_that_can_be_none_is_refused(white_label: WhiteLabel):
    white_label.host("gulf", "gulf.example")
    for host, why in NONE.items():
        told = white_label.refusal(ask_host, white_label.area.ids["aurora"], host, who="aurora")
        assert told is not None, host
        assert (told.field, why in str(told)) == ("host", True), (host, str(told))


def test_nobody_names_hosts_for_somebody_elses_shop(white_label: WhiteLabel):
    theirs = white_label.host("gulf", "gulf.example")
    with pytest.raises(NotFound):
        white_label.act(ask_host, white_label.area.ids["gulf"], "tv.example", who="aurora")
    with pytest.raises(NotFound):
        white_label.act(drop_host, white_label.area.ids["aurora"], theirs, who="aurora")
    with pytest.raises(NotAllowed):
        white_label.act(open_shop, white_label.area.ids["baltic"], NewShop("baltic"), who="baltic")
    with pytest.raises(NotAllowed, match="no right"):
        white_label.act(open_shop, white_label.area.ids["baltic"], NewShop("baltic"))
    with pytest.raises(Conflict, match="already"):
        white_label.act(open_shop, white_label.area.ids["aurora"], NewShop("another"))


def test_a_shop_that_is_closed_takes_nobody_new_and_keeps_who_is_there(white_label: WhiteLabel):
    ada = white_label.customer("aurora", ADA)
    key = white_label.area.ids["aurora"]
    told = white_label.act(preview_close_shop, key)
    assert (told.customers, told.running, told.unpaid, told.waiting) == (1, 0, 0, 0)
    white_label.act(close_shop, key)
    eve = white_label.visitor("aurora")
    page = eve.get("/")
    assert page.status_code == 200
    assert "Basic" not in page.text
    refused = eve.post("/sign-up", {"name": "Eve", "email": "eve@example.com", "password": PASSWORD, "country": "FI"})
    assert refused.status_code in (403, 422)
    assert eve.get("/plans/basic").status_code == 404
    assert is_in(ada)
    assert white_label.visitor("aurora").sign_in(ADA).status_code == 303
    white_label.act(reopen_shop, key)
    assert "Basic" in eve.get("/").text


def test_a_shop_sells_nothing_while_its_reseller_is_suspended(white_label: WhiteLabel):
    white_label.shop.change(Reseller, white_label.area.ids["aurora"], suspended=True)
    assert white_label.visitor("aurora").get("/plans/basic").status_code == 404


def test_what_a_shop_is(any_white_label: WhiteLabel):
    sellers = {row.code: row for row in any_white_label.shop.rows(Seller)}
    assert sorted(sellers) == ["aurora-tv", "gulf", "northcable"]
    assert [row.reseller_id for row in any_white_label.shop.rows(Shop)] == [
        any_white_label.area.ids["aurora"], any_white_label.area.ids["gulf"]]  # fmt: skip
    assert sellers["aurora-tv"].mail_from == "aurora@example.com"
    with any_white_label.shop.app.app_context(), reading() as session:
        assert session.scalar(select(Seller.name).where(Seller.code == "gulf")) == "Gulf Streams"


def test_an_order_is_followed_at_its_own_shop_alone(white_label: WhiteLabel):
    white_label.order(white_label.customer("aurora", ADA), "aurora")
    (document,) = white_label.shop.rows(Document)
    with white_label.shop.app.app_context():
        path = f"/orders/link/{order_link(document.id, clock.business_now())}"
    assert white_label.visitor("aurora").get(path).status_code == 200
    for elsewhere in (white_label.visitor("gulf"), white_label.shop.visitor()):
        assert elsewhere.get(path).status_code == 404
    answers = [white_label.visitor("gulf").get(path).status_code for _ in range(60)]
    assert answers[-1] == 429, "such tries are counted"


def test_a_user_whom_the_reseller_added_gets_a_short_address_of_its_shop(white_label: WhiteLabel):
    white_label.host("aurora", "tv.aurora.example")
    area = white_label.area
    homes = (
        ("aurora", "http://tv.aurora.example:8000"),
        ("baltic", "http://tv.aurora.example:8000"),
    )  # Aurora is above it
    for who, home in (*homes, ("gulf", "http://127.0.0.1:8000/shop/gulf")):
        key = area.add(who, "Anna")
        area.shop.work()
        text = area.browsers[who].get(f"/reseller/users/{key}/access").text
        short = re.search(r"Short address: (\S+)", text)[1]
        assert short.startswith(f"{home}/a/")
