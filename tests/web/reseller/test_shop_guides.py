"""Set-up guides of a reseller's shop: who watches through it reads the shop's own instead of the house's."""

import pytest
from white_label import WhiteLabel

from billhead.actions.access.save_guide import GuideText, save_guide
from billhead.actions.shops import save_shop_guide as saving
from billhead.actions.shops.save_shop_guide import save_shop_guide
from billhead.domain.errors import Conflict, NotFound
from billhead.models.access import SetupGuide
from billhead.models.operations import AuditEntry
from billhead.models.people import Reseller

GUIDE = {"code": "vlc", "language": "en", "title": "Aurora’s VLC", "kinds": "stream", "position": "0",
         "steps": "Type {address}\nCall Aurora."}  # fmt: skip
PAGE = "/reseller/shop/guides"


def write(white: WhiteLabel, who: str = "aurora", **other: str):
    told = {**GUIDE, **other}
    page = f"{PAGE}/{told['code']}/{told['language']}"
    return white.area.browsers[who].post(page, told, page=page)


def test_customers_of_a_shop_read_its_own_guides_instead_of_the_houses(any_white_label: WhiteLabel):
    white = any_white_label
    white.sell()
    white.shop.work()
    ada = white.visitor("aurora")
    ada.sign_in("ada@example.com")
    assert "VLC (computer, phone)" in ada.get("/account/lines/1").text
    listed = white.area.browsers["aurora"].get(PAGE).text
    assert "VLC (computer, phone)" in listed
    assert f'href="{PAGE}"' in white.area.browsers["aurora"].get("/reseller/shop/help").text
    assert write(white).status_code == 303
    page = ada.get("/account/lines/1").text
    assert "Aurora’s VLC" in page
    assert "VLC (computer, phone)" not in page
    boss = white.shop.person("staff", "boss@example.com", "*")
    assert "Aurora’s VLC" not in boss.get("/admin/guides").text, "it is not the operator's"
    looked = boss.post("/admin/services/1/access", page="/admin/services/1").text
    assert "Aurora’s VLC" in looked, "as the customer sees them"
    (kept,) = white.shop.rows(SetupGuide)
    asks = f"{PAGE}/{kept.id}/remove"
    gone = white.area.browsers["aurora"].post(asks, page=asks)
    assert (gone.status_code, gone.location) == (303, PAGE)
    assert "VLC (computer, phone)" in ada.get("/account/lines/1").text
    trail = [row.action for row in white.shop.rows(AuditEntry) if row.action.endswith("_guide")]
    assert {"shops.save_guide", "shops.drop_guide"} <= set(trail)


def test_staff_see_the_guides_of_the_shop_in_whose_name_a_user_watches(white_label: WhiteLabel):
    white_label.area.add("aurora", "Anna", email="anna@example.com")
    white_label.shop.work()
    assert write(white_label).status_code == 303
    boss = white_label.shop.person("staff", "boss@example.com", "*")
    assert "Aurora’s VLC" in boss.post("/admin/services/1/access", page="/admin/services/1").text


def test_nobody_writes_or_takes_away_a_guide_of_another(white_label: WhiteLabel):
    ours = white_label.act(save_guide, white_label.shop.seller_id, GuideText("kodi", "en", "Ours", ["stream"], "Go."))
    assert write(white_label).status_code == 303
    (auroras,) = white_label.shop.rows(SetupGuide, SetupGuide.code == "vlc")
    gulf = white_label.area.browsers["gulf"]
    assert "Aurora’s VLC" not in gulf.get(PAGE).text
    for key in (auroras.id, ours.guide_id):
        asks = f"{PAGE}/{key}/remove"
        assert gulf.get(asks).status_code == 404
        assert gulf.post(asks, page="/reseller/").status_code == 404
    assert white_label.area.browsers["baltic"].get(PAGE).status_code == 404, "it has no shop"
    with pytest.raises(NotFound):
        white_label.act(
            save_shop_guide, white_label.area.ids["gulf"], GuideText("vlc", "en", "x", ["stream"], "y"), who="aurora"
        )
    white_label.shop.change(Reseller, white_label.area.ids["aurora"], suspended=True)
    assert write(white_label, title="Late").status_code in (403, 409, 422)
    assert {row.title for row in white_label.shop.rows(SetupGuide)} == {"Aurora’s VLC", "Ours"}


def test_what_can_not_be_filled_is_refused_and_so_is_one_too_many(white_label: WhiteLabel, monkeypatch):
    refused = write(white_label, steps="Type {colour}")
    assert refused.status_code == 422
    assert "There is no {colour}" in refused.text
    monkeypatch.setattr(saving, "MOST", 1)
    assert write(white_label).status_code == 303
    assert write(white_label, title="Again").status_code == 303, "one that is there is written anew"
    more = write(white_label, language="de")
    assert more.status_code == 422
    assert "guides already" in more.text
    with pytest.raises(Conflict):
        white_label.act(
            save_shop_guide,
            white_label.area.ids["aurora"],
            GuideText("kodi", "en", "x", ["stream"], "y"),
            who="aurora",
        )
    assert len(white_label.shop.rows(SetupGuide)) == 1
