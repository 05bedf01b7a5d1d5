"""Before a reseller's rights are taken away, their page says in figures whom each of them touches."""

import re

from white_label import WhiteLabel

from billhead.actions.resellers.create_key import create_key
from billhead.models.people import Reseller

FIGURE = re.compile(r"<dt>([^<]+)</dt>\s*<dd>(\d+)</dd>")


def test_each_right_that_is_taken_away_says_whom_it_touches(any_white_label: WhiteLabel):
    white_label, area, shop = any_white_label, any_white_label.area, any_white_label.shop
    boss, top = shop.person("staff", "boss@example.com", "*"), area.ids["aurora"]
    white_label.sell()  # Ada, in Aurora's shop
    area.add("aurora", "Anna")
    area.add("baltic", "Bert")
    for name in ("Cleo", "Dora"):
        area.add("baltic", name, trial="yes")
    shop.work()
    white_label.act(create_key, area.ids["baltic"], "A program", who="baltic")
    page = f"/admin/resellers/{top}/rights"
    as_now = {"name": "Aurora", "sells": ["basic", "box"], "trials_per_day": "2", "floor_percent": "0",
              "terminate": "y", "refund_unused": "y", "own_shop": "y", "credit_line": "0", "reason": "x"}  # fmt: skip
    assert dict(FIGURE.findall(boss.post(page, as_now, page=page).text)) == {"Resellers below it": "2"}
    without = {name: told for name, told in as_now.items() if name not in ("terminate", "refund_unused", "own_shop")}
    fields = {**without, "sells": ["box"], "trials_per_day": "1"}
    shown = boss.post(page, fields, page=page)
    assert dict(FIGURE.findall(shown.text.replace("&#39;", "'"))) == {
        "Resellers below it": "2",
        "Running subscriptions on plans that can't be sold any more": "5",  # Ada's too
        "Users whom they can't end any more": "4",
        "Users who bring no credits back when they are ended": "4",
        "Trials of today above the new number, which stay": "1",
        "Shops that sell nothing new any more": "1",
        "Customers of these shops": "1",
        "API keys that can do less": "1",
    }
    assert shop.rows(Reseller, Reseller.id == top)[0].rights["terminate"]
    assert boss.yes(page, shown, **fields).status_code == 303
    again = {**fields, "name": "Aurora Media"}
    told = boss.post(page, again, page=page).text
    assert dict(FIGURE.findall(told)) == {"Resellers below it": "2"}, "what is gone is not lost again"
