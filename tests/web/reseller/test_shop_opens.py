"""A shop that was opened just now: its reseller sees what is still missing, and visitors that it opens soon."""

import html
import re

from white_label import SHOPS, ShopBrowser, WhiteLabel

from billhead.actions.payments.save_gateway_account import AccountEntry
from billhead.actions.resellers.take_credits import take_credits
from billhead.actions.shops.leave_out import leave_out
from billhead.actions.shops.open_shop import NewShop, open_shop
from billhead.actions.shops.save_shop_gateway import save_shop_gateway
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Price
from billhead.models.people import Reseller
from billhead.models.sellers import Seller

STEP = re.compile(r'<li( class="done")?><a href="([^"]+)"><b>([^<]+) <span class="fine">([^<]+)</span></b>')
CARDS = {"page": "https://pay.example/", "key": "k"}


def still(white_label: WhiteLabel, who: str) -> list[str]:
    page = white_label.area.browsers[who].get("/reseller/shop").text
    return [title for _done, _where, title, state in STEP.findall(page) if state == "missing"]


def test_the_steps_are_gone_through_one_by_one_until_somebody_can_buy(any_white_label: WhiteLabel):
    white_label, shop, area = any_white_label, any_white_label.shop, any_white_label.area
    key, baltic = area.ids["baltic"], area.browsers["baltic"]
    row = shop.rows(Reseller, Reseller.id == key)[0]
    shop.change(Reseller, key, rights={**row.rights, "own_shop": True})
    seller = white_label.act(open_shop, key, NewShop("baltic", gateways=("cards",))).seller_id
    white_label.act(take_credits, key, Money(10000, CREDITS))
    found = STEP.findall(baltic.get("/reseller/shop").text)
    assert still(white_label, "baltic") == [
        "Your prices", "A way to be paid", "Name and address by law", "Imprint and terms", "Credits"]  # fmt: skip
    assert [title for *_, title, state in found if state == "can be left out"] == ["Support", "A name of your own"]
    for _done, where, title, _state in found:
        assert baltic.get(where.partition("#")[0]).status_code == 200, title
    visitor = ShopBrowser(shop.app.test_client(), "baltic")
    for path in ("/", "/compare"):
        page = visitor.get(path).text
        assert "Opening soon" in page, path
        assert "nothing for sale" not in page, path
    white_label.act(set_shop_price, key, "basic", "1 month", Money(2500, "EUR"), who="baltic")
    page = visitor.get("/").text
    assert "25.00" in page
    assert "Opening soon" not in page
    account = AccountEntry("", "Card")
    white_label.act(save_shop_gateway, key, "cards", account, CARDS, who="baltic")
    assert still(white_label, "baltic") == ["Name and address by law", "Imprint and terms", "Credits"]
    shop.change(Seller, seller, address={"street": "Satamakatu 4", "city": "Helsinki"})
    imprint = baltic.post("/reseller/shop/pages/new", {"slug": "imprint", "place": "footer", "position": "1"}).location
    text = {"title": "Imprint", "body": "Baltic Oy", "began_with": "0"}
    assert baltic.post(imprint, text, page=imprint).status_code == 303
    assert still(white_label, "baltic") == ["Imprint and terms", "Credits"], "a draft is read by nobody"
    assert baltic.post(imprint, {**text, "began_with": "1", "publish": ""}, page=imprint).status_code == 303
    shop.change(Reseller, key, credit_line_minor=5000)
    assert STEP.findall(baltic.get("/reseller/shop").text) == []


def test_a_shop_that_has_sold_is_empty_by_choice(white_label: WhiteLabel):
    white_label.sell()
    white_label.shop.work()
    for who in SHOPS:
        white_label.act(leave_out, white_label.area.ids[who], ["basic"], who=who)
    assert "nothing for sale" in white_label.visitor("aurora").get("/").text
    shop = white_label.visitor("gulf").get("/").text
    assert "Opening soon" in shop, "nobody has bought there, and nothing that it sells has a price"


PRICES, BOX = "/reseller/shop/prices", re.compile(r'name="([a-z]+\|[0-9a-z ]+)" value="([^"]*)"')


def test_prices_are_filled_from_the_list_shown_and_then_stored(white_label: WhiteLabel):
    """The list: Basic 9.99 a month and 100.00 a year, for boxes 9.99, a second screen 3.00. Basic is sold for 25.00."""
    key, aurora, shop = white_label.area.ids["aurora"], white_label.area.browsers["aurora"], white_label.shop
    before = len(shop.rows(Price))
    page = aurora.post(PRICES, {"percent": "+20", "fill": "", "screen|1 month": "4"}, page=PRICES).text
    boxes = dict(BOX.findall(page))
    assert boxes == {
        "basic|1 month": "25.00", "basic|12 months": "120.00",
        "box|1 month": "12.00",  # 11.988
        "screen|1 month": "4",
    }  # fmt: skip
    assert "Filled in: 2." in page
    assert len(shop.rows(Price)) == before, "shown, not stored"
    assert aurora.post(PRICES, {**boxes, "percent": ""}, page=PRICES).status_code == 303
    assert dict(BOX.findall(aurora.get(PRICES).text)) == {**boxes, "screen|1 month": "4.00"}
    row = shop.rows(Reseller, Reseller.id == key)[0]
    shop.change(Reseller, key, rights={**row.rights, "floor_percent": 95})
    for percent, why in (("-10", "Basic, 1 month: Must be at least 9.50 EUR"), ("", "is not a percentage")):
        refused = aurora.post(PRICES, {**boxes, "percent": percent, "everywhere": "y", "fill": ""}, page=PRICES)
        assert refused.status_code == 422
        assert why in html.unescape(refused.text)
        assert dict(BOX.findall(refused.text)) == boxes, "nothing is filled where one can't be"
    page = aurora.post(PRICES, {**boxes, "percent": "−5", "everywhere": "y"}, page=PRICES).text
    assert dict(BOX.findall(page)) == {
        "basic|1 month": "9.50", "basic|12 months": "95.00", "box|1 month": "9.50",  # 9.4905: the floor is 9.50
        "screen|1 month": "2.90",  # 2.85
    }  # fmt: skip
