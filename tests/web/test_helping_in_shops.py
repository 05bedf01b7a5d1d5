"""What the operator tells of its network reaches the customers of resellers' shops, who watch by its panels."""

import pytest
from white_label import WhiteLabel

from billhead.models.helping import Announcement


@pytest.fixture
def staff(white_label: WhiteLabel):
    return white_label.shop.person("staff", "boss@example.com", "*")


def announce(staff, title, **more):
    page = "/admin/announcements/new"
    told = {"title": title, "body": "From **2** to 3.", "panel": "0", "pinned": "y", "readers": "everybody",
            "starts_at": "2020-01-01T10:00", **more}  # fmt: skip
    answer = staff.post(page, told, page=page)
    assert answer.status_code == 303, answer.text


def test_the_status_of_the_operators_panels_stands_in_a_shop(white_label: WhiteLabel, staff):
    shop, visitor = white_label.shop, white_label.visitor("aurora")
    assert "Nothing is told here yet" in visitor.get("/status").text
    page = f"/admin/network-status/{shop.panel_id}"
    assert (
        staff.post(page, {"name": "Sports", "said": "disturbed", "words": "Since noon."}, page=page).status_code == 303
    )
    for shown in (visitor.get("/status").text, shop.visitor().get("/status").text):
        assert "Sports" in shown
        assert "Since noon." in shown
        assert "A part of it is disturbed." in shown


def test_announcements_reach_a_shop_where_they_are_for_it(white_label: WhiteLabel, staff):
    shop = white_label.shop
    white_label.sell()
    ada, eve = white_label.visitor("aurora"), white_label.customer("aurora", "eve@example.com")
    ada.sign_in("ada@example.com")
    own = shop.customer("otto@example.com")
    announce(staff, "Only with us")
    announce(staff, "Everywhere", in_shops="y")
    announce(staff, "For who watches", in_shops="y", panel=str(shop.panel_id))
    shop.work()
    read = {who: one.get("/news").text for who, one in {"ada": ada, "eve": eve, "own": own}.items()}
    told = {who: [title for title in ("Only with us", "Everywhere", "For who watches") if title in text]
            for who, text in read.items()}  # fmt: skip
    assert told == {
        "ada": ["Everywhere", "For who watches"], "eve": ["Everywhere"], "own": ["Only with us", "Everywhere"]
    }  # fmt: skip
    assert "Everywhere" in ada.get("/account/").text
    with shop.asking() as asked:
        ada.get("/account/")
    assert sum("FROM announcement" in one for one in asked) == 1


def test_an_audience_is_kept_to(white_label: WhiteLabel, staff):
    shop, baltic = white_label.shop, white_label.area.browsers["baltic"]
    otto = shop.customer("otto@example.com")
    announce(staff, "Prices in credits rise", readers="resellers", in_shops="y")
    announce(staff, "New films", readers="customers", in_shops="y")
    announce(staff, "A panel is down", panel=str(shop.panel_id))
    ada = white_label.customer("aurora")
    for reader, titles in {
        baltic: ["Prices in credits rise", "A panel is down"], otto: ["New films"], ada: ["New films"]
    }.items():  # fmt: skip
        read = reader.get("/news").text
        found = [one for one in ("Prices in credits rise", "New films", "A panel is down") if one in read]
        assert found == titles
    assert "resellers alone" in staff.get("/admin/announcements").text
    page = "/admin/announcements/1"
    told = {"title": "x", "body": "y", "panel": "0", "starts_at": "2020-01-01T10:00", "readers": "everyone"}
    assert staff.post(page, told, page=page).status_code == 422
    assert shop.rows(Announcement)[0].readers == "resellers"
