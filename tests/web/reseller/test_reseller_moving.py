"""A super-reseller hands users down and takes them back; nobody reaches beside or above."""

import re

from reseller_area import Area

from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription


def payers(area):
    return [one.payer_reseller_id for one in area.shop.rows(Subscription)]


def test_users_go_down_the_tree_and_come_back(area: Area):
    aurora, baltic = area.browsers["aurora"], area.browsers["baltic"]
    keys = [area.add("aurora", name) for name in ("Anna", "Bo")]
    area.shop.work()
    assert 'formaction="/reseller/users/move"' in aurora.get("/reseller/users").text
    assert 'formaction="/reseller/users/move"' not in baltic.get("/reseller/users").text
    sent = aurora.post("/reseller/users/move", {"pick": [str(key) for key in keys]}, page="/reseller/users")
    assert sent.status_code == 200, "asked where it was sent: an address holds no 500 of them"
    assert "Move 2 users?" in sent.text
    assert "Anna, Bo" in sent.text
    assert "Gulf" not in sent.text
    assert 'role="alert"' not in sent.text
    everybody = aurora.post("/reseller/users/move", {"all": "yes", "pick": str(keys[0])}, page="/reseller/users")
    picks = re.findall(r'name="pick" value="(\d+)"', everybody.text)
    assert picks == [str(key) for key in keys]
    assert payers(area) == [area.ids["aurora"]] * 2
    answer = {
        "pick": picks,
        "to": str(area.ids["baltic"]),
        "seen": re.search(r'name="seen"[^>]*value="(\w+)"', sent.text)[1],
    }
    assert aurora.post("/reseller/users/move", answer | {"to": "x"}, page="/reseller/users").status_code == 422
    done = aurora.post("/reseller/users/move", answer, page="/reseller/users")
    assert done.location == "/reseller/users"
    assert "2 users are with Baltic now." in aurora.get("/reseller/users").text
    assert payers(area) == [area.ids["baltic"]] * 2
    assert "Anna" in baltic.get("/reseller/users").text
    one = f"/reseller/users/move?pick={keys[0]}"
    assert f'href="{one}"' in aurora.get(f"/reseller/users/{keys[0]}").text
    assert aurora.yes(one, to=str(area.ids["aurora"])).status_code == 303
    assert payers(area) == [area.ids["aurora"], area.ids["baltic"]]
    assert [one.reseller_id for one in area.shop.rows(Customer, Customer.name.in_(["Anna", "Bo"]))] == [
        area.ids["aurora"], area.ids["baltic"],
    ]  # fmt: skip
    both = aurora.get(f"/reseller/users/move?pick={keys[0]}&pick={keys[1]}")
    assert both.status_code == 303
    assert "one reseller at a time" in aurora.get("/reseller/users").text


def test_nobody_reaches_beside_or_above(area: Area):
    aurora, baltic = area.browsers["aurora"], area.browsers["baltic"]
    mine, foreign = area.add("aurora", "Anna"), area.add("gulf", "Gunnar")
    area.shop.work()
    assert aurora.get(f"/reseller/users/move?pick={foreign}").status_code == 404
    assert baltic.get(f"/reseller/users/move?pick={mine}").status_code == 403
    path = f"/reseller/users/move?pick={mine}"
    for wrong, status in ((area.ids["gulf"], 422), (999, 422), (0, 422), ("x", 422)):
        assert aurora.yes(path, to=str(wrong)).status_code == status, wrong
    assert payers(area) == [area.ids["aurora"], area.ids["gulf"]]
    assert aurora.post("/reseller/users/move", {}, page="/reseller/users").status_code == 303
    assert aurora.get("/reseller/users/move").status_code == 303
