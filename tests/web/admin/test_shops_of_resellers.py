"""Staff and a reseller's shop: opened, paid by which gateways, named, closed with the figures first."""

from white_label import WhiteLabel

from billhead.models.payments import GatewayAccount
from billhead.models.people import Reseller
from billhead.models.sellers import Seller
from billhead.models.shops import Shop, ShopHost


def test_staff_give_a_reseller_its_shop_and_close_it(white_label: WhiteLabel):
    shop, key = white_label.shop, white_label.area.ids["baltic"]
    boss = shop.person("staff", "boss@example.com", "*")
    assert "may have one" not in boss.get(f"/admin/resellers/{key}").text
    page = f"/admin/resellers/{key}/shop"
    assert f'href="/admin/resellers/{key}/rights"' in boss.get(page).text  # and no form that is refused once filled in
    assert boss.get(f"{page}/open").location == page
    asked, rights = f"/admin/resellers/{key}/rights", {
        "name": "Baltic", "credit_line": "0", "sells": ["basic", "box"], "trials_per_day": "2", "floor_percent": "0",
        "terminate": "y", "refund_unused": "y", "own_shop": "y", "reason": "it asked for one",
    }  # fmt: skip
    shown = boss.post(asked, rights, page=asked)
    assert boss.yes(asked, shown, **rights).location == f"/admin/resellers/{key}"
    (row,) = shop.rows(Reseller, Reseller.id == key)
    assert row.rights == {"sells": ["basic", "box"], "trials_per_day": 2, "terminate": True, "refund_unused": True,
                          "refund_only_unwatched": False, "floor_percent": 0, "own_shop": True}  # fmt: skip
    assert "may have one" in boss.get(f"/admin/resellers/{key}").text
    assert f'href="{page}/open"' in boss.get(page).text
    told = {"code": "baltic-tv", "name": "Baltic TV", "currency": "EUR", "gateways": ["cards"], "reason": "asked for"}
    assert boss.post(f"{page}/open", told, page=page).location == page
    assert "Baltic TV" in boss.get(page).text
    assert "/shop/baltic-tv" in boss.get(page).text
    assert shop.visitor().get("/shop/baltic-tv/").status_code == 200
    first = boss.post(f"{page}/close", {"reason": "it has ended"}, page=page)
    assert "Customers who stay" in first.text
    assert "Shop orders" in boss.get("/admin/").text
    assert boss.get("/admin/shop-orders").status_code == 200
    trainee = shop.person("staff", "trainee@example.com")
    assert trainee.get(f"{page}/open").status_code == 403


def test_staff_confirm_a_name_and_say_how_a_shop_is_paid(white_label: WhiteLabel):
    from billhead.actions.shops.ask_host import ask_host

    shop, key = white_label.shop, white_label.area.ids["aurora"]
    boss, page = shop.person("staff", "boss@example.com", "*"), f"/admin/resellers/{key}/shop"
    asked = white_label.act(ask_host, key, "tv.aurora.example", who="aurora")
    assert "was never confirmed" in boss.get(f"{page}/hosts/{asked.shop_host_id}/drop").text
    assert boss.post(f"{page}/hosts/{asked.shop_host_id}/confirm", page=page).location == page
    assert shop.rows(ShopHost)[0].confirmed_at is not None
    assert "http://tv.aurora.example" in boss.get(page).text
    assert boss.post(f"{page}/gateways", {"gateways": [], "reason": "too many disputes"}, page=page).location == page
    assert shop.rows(Shop, Shop.reseller_id == key)[0].gateways == []
    account = shop.rows(GatewayAccount, GatewayAccount.id == white_label.accounts["aurora"])[0]
    assert not account.enabled
    (keeper,) = shop.rows(Seller, Seller.id == account.seller_id)
    assert f'data-label="Seller">{keeper.name}<' in boss.get("/admin/gateways").text  # two may have the same name
    ada = white_label.customer("aurora")
    assert white_label.order(ada, "aurora").status_code != 303
    drop = f"{page}/hosts/{asked.shop_host_id}/drop"
    assert "New mails and documents lead to http://127.0.0.1:8000/shop/aurora-tv" in boss.get(drop).text
    assert boss.post(drop, page=drop).status_code == 422
    assert boss.post(drop, {"reason": "it has moved"}, page=drop).location == page
    assert shop.rows(ShopHost) == []


def test_ways_whose_money_a_person_confirms_are_offered_too_the_reseller_is_that_person(white_label: WhiteLabel):
    shop, key = white_label.shop, white_label.area.ids["aurora"]
    boss, page = shop.person("staff", "boss@example.com", "*"), f"/admin/resellers/{key}/shop/gateways"
    told = {"gateways": ["cards", "transfer"], "reason": "asked for"}
    assert boss.post(page, told, page=page).status_code == 303
    assert boss.post(page, told | {"gateways": ["cards"]}, page=page).status_code == 303
    offered = boss.get(page).text
    assert 'value="cards"' in offered
    assert 'value="transfer"' in offered
