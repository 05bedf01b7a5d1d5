"""Refer a friend in the browser: the operator turns it on, a customer has a link, a friend comes by it."""

from web_shop import PASSWORD, Shop
from white_label import WhiteLabel

from billhead.models.referrals import Referral, ReferralCode

RULES = {"on": "y", "rewards": "EUR 5 3", "waiting_days": "14", "back_days": "120", "most_a_month": "5"}


def turn_on(shop: Shop, seller_id: int = 0, **fields: str):
    staff = shop.person("staff", "olga@example.com", "sellers.write")
    path = f"/admin/sellers/{seller_id or shop.seller_id}/referrals"
    wrong = staff.post(path, {**RULES, "rewards": "EUR 5"}, page=path)
    assert (wrong.status_code, "write for each currency once" in wrong.text.lower()) == (422, True)
    assert staff.post(path, {**RULES, **fields}, page=path).status_code == 303
    assert "EUR 5.00 3.00" in staff.get(path).text
    return staff


def test_a_friend_comes_by_the_link_and_stands_in_the_list_without_a_name(shop: Shop):
    ada = shop.customer()
    assert ada.get("/account/friends").status_code == 404, "it is off by default"
    assert "/account/friends" not in ada.get("/account/").text
    staff = turn_on(shop)
    assert "/account/friends" in ada.get("/account/").text
    text = ada.get("/account/friends").text
    (own,) = shop.rows(ReferralCode)
    assert f"/r/{own.code}" in text
    assert "€5.00" in text
    assert "Nobody has come yet" in text
    visitor = shop.visitor()
    came = visitor.get(f"/r/{own.code.lower()}")
    assert (came.status_code, came.headers["X-Robots-Tag"]) == (303, "noindex")
    assert "Max-Age=2592000" in came.headers["Set-Cookie"]
    told = {"name": "Ben Bold", "email": "ben@example.com", "password": PASSWORD, "country": "FI"}
    joined = visitor.post("/sign-up", told)
    assert joined.status_code == 303
    assert any("billhead_friend=;" in one for one in joined.headers.getlist("Set-Cookie")), "used up"
    (row,) = shop.rows(Referral)
    assert (row.referrer_id, row.state) == (own.customer_id, "waiting")
    shown = ada.get("/account/friends").text
    assert "a friend" in shown
    assert "Ben" not in shown
    assert "ben@example.com" not in shown
    assert "Ben Bold" in staff.get("/admin/referrals?state=waiting").text
    assert "Ben Bold" not in staff.get("/admin/referrals?state=earned").text
    assert "Ben Bold,Ada Lovelace" in staff.get("/admin/referrals?format=csv").text


def test_a_wrong_code_is_answered_like_a_right_one_and_stops_no_sign_up(shop: Shop):
    turn_on(shop)
    visitor = shop.visitor()
    assert visitor.get("/r/" + "x" * 300).status_code == 303
    told = {"name": "Ben Bold", "email": "ben@example.com", "password": PASSWORD, "country": "FI"}
    assert visitor.post("/sign-up", told).status_code == 303
    assert shop.rows(Referral) == []


def test_a_shop_of_a_reseller_has_its_own_rules_and_its_own_cookie(white_label: WhiteLabel):
    shop = white_label.shop
    turn_on(shop)
    aurora = white_label.customer("aurora")
    assert aurora.get("/account/friends").status_code == 404
    assert "Set-Cookie" not in white_label.visitor("aurora").get("/r/ABCDEFGH").headers
