"""How a shop shows its plans on the first page: as its operator or its owner chooses among what the theme has."""

from white_label import WhiteLabel

from billhead.actions.shops._layouts import layouts_in
from billhead.actions.shops.set_shop_looks import ShopLooks, set_shop_looks
from billhead.models.sellers import Seller
from billhead.plugin import Theme

SEEN = {"cards": '<article class="plan">', "table": '<div class="table-wrap">', "list": '<ul class="plan-rows">'}


def shown(page):
    return [way for way, mark in SEEN.items() if mark in page.text]


def test_operator_and_owner_choose_each_for_their_own_shop(white_label: WhiteLabel):
    shop, aurora, key = white_label.shop, white_label.area.browsers["aurora"], white_label.area.ids["aurora"]
    boss = shop.person("staff", "boss@example.com", "*")
    visitor, owns = shop.visitor(), white_label.visitor("aurora")
    assert (shown(visitor.get("/")), shown(owns.get("/"))) == (["cards"], ["cards"])
    for way in ("table", "list"):
        form = {"theme": "lounge", "plans_shown_as": way, "accent": ""}
        assert boss.post("/admin/setup/look", form, page="/admin/setup/look").status_code == 303
        assert (shown(visitor.get("/")), shown(owns.get("/"))) == ([way], ["cards"])
        assert "Choose" in visitor.get("/").text
    told = {"theme": "lounge", "plans_shown_as": "table", "save": ""}
    assert aurora.post("/reseller/shop/looks", told, page="/reseller/shop/looks").status_code == 303
    assert (shown(visitor.get("/")), shown(owns.get("/"))) == (["list"], ["table"])
    assert '<option value="table" selected>' in aurora.get("/reseller/shop/looks").text
    for wrong in ("../cards", "wide"):
        assert white_label.refusal(set_shop_looks, key, ShopLooks("lounge", {}, {}, wrong), who="aurora")
    shop.change(Seller, shop.seller_id, plans_shown_as="wide")
    assert shown(visitor.get("/")) == ["cards"], "a way that the theme has no more"


def test_a_theme_adds_a_way_and_its_children_have_it(tmp_path):
    folder = tmp_path / "parent" / "templates" / "storefront"
    folder.mkdir(parents=True)
    for name in ("plans_as_one-line.html", "plans_as_.html", "plans_as_Big.html", "plans.html"):
        (folder / name).write_text("")
    line = [Theme("child", "Child", tmp_path, parent="parent"), Theme("parent", "Parent", tmp_path / "parent")]
    assert list(layouts_in(line)) == ["one-line", "cards", "table", "list"]
    assert layouts_in(line)["one-line"] == "One line"
