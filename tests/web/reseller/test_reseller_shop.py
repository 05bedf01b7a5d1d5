"""A reseller sets its shop up: what it is called, its colours, its prices and accounts; and nobody else's."""

import re
from io import BytesIO

import pytest
from billing_shop import TwentyPercent
from white_label import WhiteLabel

from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.payments.save_gateway_account import AccountEntry
from billhead.actions.resellers.grant_credits import grant_credits
from billhead.actions.resellers.set_own_price import set_own_price
from billhead.actions.resellers.take_credits import take_credits
from billhead.actions.shops._colours import contrast
from billhead.actions.shops.ask_host import ask_host
from billhead.actions.shops.confirm_host import confirm_host
from billhead.actions.shops.leave_out import leave_out
from billhead.actions.shops.save_shop_gateway import save_shop_gateway
from billhead.actions.shops.set_shop_looks import ShopLooks, set_shop_looks
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.actions.subscriptions._sale import AddOnOrder, Order
from billhead.actions.subscriptions.start import start_subscription
from billhead.db import reading
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound, NoticeRejected
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Price, PriceBook
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller
from billhead.models.shops import Shop, ShopHost
from billhead.plugin_host import plugins

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63e04e2a050001"
    "5e00e35b9bbcad0000000049454e44ae426082"
)
PAGES = ("/reseller/shop/pages", "/reseller/shop/pages/new",
         "/reseller/shop", "/reseller/shop/looks", "/reseller/shop/prices", "/reseller/shop/payment",
         "/reseller/shop/tickets", "/reseller/shop/departments/new", "/reseller/shop/help", "/reseller/shop/help/new",
         "/reseller/shop/payment/cards", "/reseller/shop/orders", "/reseller/shop/documents")  # fmt: skip
INSIDE = ("http://127.0.0.1:8000/", "https://localhost/", "https://10.0.0.7/", "https://[::1]/", "https://db/x?y=",
          "https://169.254.169.254/latest", "https://2130706433/", "https://0x7f.0.0.1/", "https://panel.local/",
          "https://[::ffff:10.0.0.7]/", "https:///path")  # fmt: skip
NO_COLOURS = ("red", "#12345", "#1234567", "#0b6275;}body{display:none", "</style><script>alert(1)</script>",
              "url(//evil.example)", "var(--ink)", "#0b62 75", "expression(1)", "#0b6275 }", "＃0b6275")  # fmt: skip


def test_it_is_named_coloured_priced_and_paid_by_its_reseller(white_label: WhiteLabel):
    shop, aurora = white_label.shop, white_label.area.browsers["aurora"]
    for path in PAGES:
        assert aurora.get(path).status_code == 200, path
    told = {"name": "Aurora Prime", "mail_from": "hello@aurora.example", "legal_name": "Aurora Oy", "city": "Oulu"}
    assert aurora.post("/reseller/shop", told, page="/reseller/shop").location == "/reseller/shop"
    seller = shop.rows(Seller, Seller.code == "aurora-tv")[0]
    assert (seller.name, seller.mail_from, seller.legal_name, seller.address["city"]) == (
        "Aurora Prime", "hello@aurora.example", "Aurora Oy", "Oulu")  # fmt: skip
    assert "Aurora Prime" in white_label.visitor("aurora").get("/").text
    colours = {"theme": "lounge", "light-accent": "#0B6275", "dark-accent": "#7fd3e6", "light-top": "#10222e"}
    preview = aurora.post("/reseller/shop/looks", {**colours, "look": ""}, page="/reseller/shop/looks").text
    sheet = re.search(r'href="(/reseller/shop/look.css[^"]+)"', preview)[1].replace("&amp;", "&")
    assert ".look-sample[data-look=light]{" in aurora.get(sheet).text
    assert shop.rows(Shop)[0].looks == {}  # looked at, not kept
    assert aurora.post("/reseller/shop/looks", {**colours, "save": ""}, page="/reseller/shop/looks").status_code == 303
    visitor = white_label.visitor("aurora")
    link = re.search(r'href="/shop/aurora-tv(/look.css[^"]+)"', visitor.get("/").text)[1]
    css = visitor.get(link).text
    assert ":root{--accent:#0b6275;" in css
    assert "--accent:#7fd3e6" in css
    assert "look.css" not in white_label.visitor("gulf").get("/").text
    assert "look.css" not in shop.visitor().get("/").text
    page, basic = "/reseller/shop/prices", "basic|1 month"
    before = len(shop.rows(Price))
    for other in ({"basic|12 months": "x"}, {f"{basic}|trial": "-1"}):
        wrong = aurora.post(page, {basic: "19,50", "box|1 month": "9", **other}, page=page)
        assert wrong.status_code == 422
        assert f'name="{basic}" value="19,50"' in wrong.text, "what was typed stays"
    assert len(shop.rows(Price)) == before, "all or none"
    assert aurora.post(page, {basic: "19,50"}, page=page).status_code == 303
    assert aurora.post(page, {basic: "19.5"}, page=page).status_code == 303
    assert len(shop.rows(Price)) == before + 1, "what has not changed is not written again"
    lines = aurora.get(f"{page}?format=csv").text.lstrip("\ufeff").splitlines()
    assert lines[0] == "Plan,Term,Takes credits,At least,You ask,Currency"
    assert [one for one in lines if one.startswith("Basic,1 month,") and one.endswith(",19.50,EUR")]
    assert "19.50" in visitor.get("/plans/basic").text
    assert "25.00" in white_label.visitor("gulf").get("/plans/basic").text
    assert aurora.post(page, {"basic|12 months": "190"}, page=page).status_code == 303
    shelf = re.findall(r'name="leave" value="(\w+)"', aurora.get(page).text)
    assert sorted(shelf) == sorted({*shelf, "basic"}), "a plan is taken off the shelf once, not term by term"
    assert aurora.post("/reseller/shop/left-out", {"leave": "basic"}).status_code == 303
    assert visitor.get("/plans/basic").status_code == 404
    assert aurora.post("/reseller/shop/left-out", {"sell": "basic"}).status_code == 303
    assert visitor.get("/plans/basic").status_code == 200


def test_its_picture_is_on_its_pages_and_nowhere_else(white_label: WhiteLabel):
    aurora, visitor = white_label.area.browsers["aurora"], white_label.visitor("aurora")
    assert "mark.svg" not in visitor.get("/").text  # the operator's is not shown in a shop
    told = {"name": "Aurora TV", "mail_from": "hello@aurora.example", "legal_name": "Aurora Oy"}
    picture = {**told, "logo": (BytesIO(PNG), "logo.png")}
    assert aurora.post("/reseller/shop", picture, page="/reseller/shop").status_code == 303
    assert visitor.get("/logo").data == PNG
    assert '<img src="/shop/aurora-tv/logo"' in visitor.get("/").text
    assert white_label.visitor("gulf").get("/logo").status_code == 404
    bad = {**told, "logo": (BytesIO(b"<svg onload=alert(1)>"), "logo.svg")}
    assert aurora.post("/reseller/shop", bad, page="/reseller/shop").status_code == 422
    bomb = PNG[:16] + (65_000).to_bytes(4) * 2 + PNG[24:]  # some hundred bytes, sixteen gigabytes once unpacked
    refused = aurora.post("/reseller/shop", {**told, "logo": (BytesIO(bomb), "logo.png")}, page="/reseller/shop")
    assert refused.status_code == 422
    assert "more than 16 million points" in refused.text


def test_what_is_no_colour_is_refused(white_label: WhiteLabel):
    key, aurora = white_label.area.ids["aurora"], white_label.area.browsers["aurora"]
    for colour in NO_COLOURS:
        looks = ShopLooks("lounge", {"accent": colour}, {})
        assert white_label.refusal(set_shop_looks, key, looks, who="aurora"), colour
        answer = aurora.get("/reseller/shop/look.css", query_string={"theme": "lounge", "light-accent": colour})
        assert answer.status_code == 422, colour
        form = {"theme": "lounge", "light-accent": colour, "save": ""}
        page = aurora.post("/reseller/shop/looks", form, page="/reseller/shop/looks")
        assert page.status_code == 422, colour
        assert "<script>alert" not in page.text, colour
        assert white_label.shop.rows(Shop)[0].looks == {}, colour


def test_a_colour_that_came_in_another_way_is_still_no_css(white_label: WhiteLabel):
    (row,) = white_label.shop.rows(Shop, Shop.reseller_id == white_label.area.ids["aurora"])
    bad = {"tokens": {"light": {"accent": "#fff;}*{color:red", "ink}": "#000000", "top": "#101010"}, "dark": {}}}
    white_label.shop.change(Shop, row.seller_id, looks=bad)
    css = white_label.visitor("aurora").get("/look.css").text
    assert css.startswith(":root{--top:#101010;}")


def test_words_that_could_not_be_read_are_refused(white_label: WhiteLabel):
    key = white_label.area.ids["aurora"]
    with pytest.raises(InvalidInput, match="contrast of"):
        white_label.act(set_shop_looks, key, ShopLooks("lounge", {"ink": "#bbbbbb"}, {}), who="aurora")
    with pytest.raises(InvalidInput, match="accent"):
        white_label.act(set_shop_looks, key, ShopLooks("lounge", {"accent": "#ffee00"}, {}), who="aurora")
    with pytest.raises(InvalidInput, match="no theme"):
        white_label.act(set_shop_looks, key, ShopLooks("console", {}, {}), who="aurora")
    assert f"{contrast('#000000', '#ffffff'):.1f}" == "21.0"


def test_a_price_below_the_floor_or_of_a_plan_that_it_may_not_sell_is_refused(white_label: WhiteLabel):
    key = white_label.area.ids["aurora"]
    row = white_label.shop.rows(Reseller, Reseller.id == key)[0]
    white_label.shop.change(Reseller, key, rights={**row.rights, "floor_percent": 150})
    with pytest.raises(InvalidInput, match=r"at least 14\.99 EUR"):  # 9.99 × 150 % = 14.985
        white_label.act(set_shop_price, key, "basic", "1 month", Money(1498, "EUR"), who="aurora")
    done = white_label.act(set_shop_price, key, "basic", "1 month", Money(1499, "EUR"), who="aurora")
    assert done.amount_minor == 1499
    for plan in ("gift", "hundred", "nothing"):
        with pytest.raises(NotFound):
            white_label.act(set_shop_price, key, plan, "1 month", Money(9900, "EUR"), who="aurora")
    with pytest.raises(InvalidInput, match="EUR"):
        white_label.act(set_shop_price, key, "basic", "1 month", Money(9900, "JPY"), who="aurora")


def test_the_floor_of_a_list_without_tax_is_told_with_tax(white_label: WhiteLabel, monkeypatch: pytest.MonkeyPatch):
    """9.99 and 20 %: 11.99 with tax, of which 150 % are 17.985 and 80 % 9.592."""
    shop, key = white_label.shop, white_label.area.ids["aurora"]
    with shop.app.app_context():
        monkeypatch.setattr(type(plugins()), "tax_engine", lambda _host, _code: TwentyPercent())
    for seller_id in (shop.seller_id, white_label.sellers["aurora"]):
        shop.change(Seller, seller_id, tax_engine="flat")
    (book,) = shop.rows(PriceBook, PriceBook.code == "eur", PriceBook.seller_id == shop.seller_id)
    shop.change(PriceBook, book.id, tax_inclusive=False)
    row = shop.rows(Reseller, Reseller.id == key)[0]
    for percent, action, least in ((150, set_shop_price, 1799), (80, set_own_price, 960)):
        shop.change(Reseller, key, rights={**row.rights, "floor_percent": percent})
        with pytest.raises(InvalidInput, match="at least"):
            white_label.act(action, key, "basic", "1 month", Money(least - 1, "EUR"), who="aurora")
        assert white_label.act(action, key, "basic", "1 month", Money(least, "EUR"), who="aurora").amount_minor == least


def test_an_add_on_that_was_taken_off_the_shelf_is_neither_shown_nor_sold(white_label: WhiteLabel):
    key, visitor = white_label.area.ids["aurora"], white_label.visitor("aurora")
    white_label.act(set_shop_price, key, "screen", "1 month", Money(600, "EUR"), who="aurora")
    assert "Second screen" in visitor.get("/plans/basic").text
    white_label.customer("aurora")
    ada = white_label.shop.rows(Customer, Customer.email == "ada@example.com")[0].id
    order = Order(ada, "basic", "1 month", addons=(AddOnOrder("screen"),))
    white_label.act(leave_out, key, ["screen"], who="aurora")
    assert "Second screen" not in visitor.get("/plans/basic").text
    with pytest.raises(NotFound):
        white_label.act(start_subscription, order)
    white_label.act(leave_out, key, [], who="aurora")
    started = white_label.act(start_subscription, order)
    assert white_label.shop.rows(Document, Document.id == started.document_id)[0].total_minor == 3100  # 25.00 + 6.00


def test_nobody_sets_up_somebody_elses_shop(white_label: WhiteLabel):
    gulfs = white_label.area.ids["gulf"]
    attempts = [
        (set_shop_price, (gulfs, "basic", "1 month", Money(1, "EUR"))),
        (set_shop_looks, (gulfs, ShopLooks("lounge", {}, {}))),
        (save_shop_gateway, (gulfs, "cards", AccountEntry("", "Mine"), {"page": "https://evil.example/", "key": "x"})),
    ]
    for action, args in attempts:
        with pytest.raises(NotFound):
            white_label.act(action, *args, who="aurora")
    baltic = white_label.area.browsers["baltic"]
    assert [baltic.get(path).status_code for path in PAGES] == [404] * len(PAGES)
    assert "My shop" not in baltic.get("/reseller/").text


def test_its_accounts_are_its_own_and_secret(white_label: WhiteLabel):
    aurora = white_label.area.browsers["aurora"]
    page = aurora.get("/reseller/shop/payment/cards").text
    assert 'value="k"' not in page
    assert aurora.get("/reseller/shop/payment/phone").status_code == 404  # not allowed by the operator
    key = white_label.area.ids["aurora"]
    with pytest.raises(NotAllowed):
        white_label.act(save_shop_gateway, key, "phone", AccountEntry("", "Phone"), {}, who="aurora")
    for inside in INSIDE:  # it would have us call what only we can reach
        entry, settings = AccountEntry("", "Card"), {"page": inside, "key": "k"}
        with pytest.raises(InvalidInput, match="our own network"):
            white_label.act(save_shop_gateway, key, "cards", entry, settings, who="aurora")
    row = white_label.shop.rows(GatewayAccount, GatewayAccount.id == white_label.accounts["aurora"])[0]
    assert (row.code, row.seller_id) == ("aurora-tv-cards", white_label.sellers["aurora"])
    assert '"k"' not in row.secrets
    # nobody pays one shop's order through another's account, nor the operator's
    for foreign in (white_label.accounts["gulf"], white_label.shop.accounts["cards"]):
        ada = white_label.customer("aurora", f"ada{foreign}@example.com")
        assert ada.post("/plans/basic", {"term": "1 month"}).status_code == 303
        assert ada.post("/checkout", {"account": str(foreign)}).status_code in (404, 422)


def test_orders_documents_and_customers_of_one_shop_are_not_found_in_another(white_label: WhiteLabel):
    ada = white_label.customer("aurora", "ada@example.com")
    assert white_label.order(ada, "aurora").status_code == 303
    white_label.pay("aurora")
    white_label.shop.work()
    invoice = next(row for row in white_label.shop.rows(Document) if row.kind == "invoice")
    aurora, gulf = white_label.area.browsers["aurora"], white_label.area.browsers["gulf"]
    assert "Ada Lovelace" in aurora.get("/reseller/shop/orders").text
    assert "supplied" in aurora.get("/reseller/shop/orders?format=csv").text
    assert "25.00 EUR" in aurora.get("/reseller/shop/documents?format=csv").text
    assert "Ada Lovelace" in aurora.get("/reseller/users").text
    for path in ("orders", "documents", "orders?format=csv", "documents?format=csv"):
        assert "Ada" not in gulf.get(f"/reseller/shop/{path}").text
    # the paper itself, as the customer has it; and nobody else's
    assert f"/reseller/shop/documents/{invoice.id}" in aurora.get("/reseller/shop/documents").text
    assert f"/reseller/shop/documents/{invoice.id}.pdf" in aurora.get(f"/reseller/shop/documents/{invoice.id}").text
    paper = aurora.get(f"/reseller/shop/documents/{invoice.id}.pdf")
    assert (paper.status_code, paper.mimetype) == (200, "application/pdf")
    assert gulf.get(f"/reseller/shop/documents/{invoice.id}.pdf").status_code == 404
    assert white_label.area.browsers["baltic"].get(f"/reseller/shop/documents/{invoice.id}.pdf").status_code == 404
    eve = white_label.customer("gulf", "eve@example.com")
    for path in (f"/account/documents/{invoice.id}", f"/pay/{invoice.id}", f"/account/documents/{invoice.id}.pdf"):
        assert eve.get(path).status_code == 404, path
    assert ada.get(f"/account/documents/{invoice.id}").status_code == 200


def test_a_name_is_asked_for_and_taken_back(white_label: WhiteLabel):
    aurora = white_label.area.browsers["aurora"]
    assert aurora.post("/reseller/shop/hosts", {"host": "tv.aurora.example"}).status_code == 303
    (row,) = white_label.shop.rows(ShopHost)
    assert (row.host, row.confirmed_at) == ("tv.aurora.example", None)
    gulf = white_label.area.browsers["gulf"]
    remove = f"/reseller/shop/hosts/{row.id}/remove"
    assert gulf.get(remove).status_code == 404
    assert gulf.post(remove, page="/reseller/").status_code == 404
    # what will happen is said first; where it was never confirmed nothing leads there
    asked = aurora.get(remove).text
    assert "It was never confirmed" in asked
    assert "links to it in mails" not in asked
    assert "http://127.0.0.1:8000/shop/aurora-tv" not in asked
    white_label.act(confirm_host, row.id)
    asked = aurora.get(remove).text
    for told in ("tv.aurora.example", "links to it in mails", "http://127.0.0.1:8000/shop/aurora-tv"):
        assert told in asked, told
    assert aurora.post(remove).status_code == 200
    assert len(white_label.shop.rows(ShopHost)) == 1
    assert aurora.yes(remove).status_code == 303
    assert white_label.shop.rows(ShopHost) == []


def test_staff_who_may_confirm_a_name_are_told_that_it_is_asked_for(white_label: WhiteLabel):
    shop = white_label.shop
    boss, _clerk = shop.person("staff", "boss@example.com", "*"), shop.person("staff", "clerk@example.com")
    white_label.area.browsers["aurora"].post("/reseller/shop/hosts", {"host": "tv.aurora.example"})
    (notice,) = shop.rows(Notice, Notice.kind == "shop_host")
    assert notice.recipient == "boss@example.com"
    with shop.app.app_context(), reading() as session:
        facts = gather(session, session.get_one(Notice, notice.id))
        said = render(notice.kind, facts)
    assert said.subject == "Aurora TV asks for tv.aurora.example"
    assert f"/admin/resellers/{white_label.area.ids['aurora']}/shop" in said.text
    # who has confirmed it meanwhile need not be called for it, and what staff enter they know
    page = f"/admin/resellers/{white_label.area.ids['aurora']}/shop"
    assert boss.post(f"{page}/hosts/{shop.rows(ShopHost)[0].id}/confirm", page=page).status_code == 303
    with shop.app.app_context(), reading() as session, pytest.raises(NoticeRejected):
        gather(session, session.get_one(Notice, notice.id))
    white_label.act(ask_host, white_label.area.ids["aurora"], "tv2.aurora.example")
    assert len(shop.rows(Notice, Notice.kind == "shop_host")) == 1


def test_every_page_says_that_an_order_waits(white_label: WhiteLabel):
    aurora, gulf = white_label.area.browsers["aurora"], white_label.area.browsers["gulf"]
    much = Money(white_label.area.credits("aurora"), CREDITS)
    white_label.act(take_credits, white_label.area.ids["aurora"], much)
    ada = white_label.customer("aurora")
    assert white_label.order(ada, "aurora").status_code == 303
    white_label.pay("aurora")
    assert "paid order waits" not in aurora.get("/reseller/").text, "nobody has looked yet whether the credits do"
    white_label.shop.work()
    for path in ("/reseller/", "/reseller/users", "/reseller/shop/orders"):
        assert "1 paid order waits" in aurora.get(path).text
        assert "paid order waits" not in gulf.get(path).text
    assert "are needed" in aurora.get("/reseller/shop/orders").text
    white_label.act(grant_credits, white_label.area.ids["aurora"], much)
    white_label.shop.work()
    assert "paid order waits" not in aurora.get("/reseller/").text
