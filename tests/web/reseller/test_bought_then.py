"""What credits have bought is told as it was bought, whatever the user has by now."""

import re
import sys

import pytest
from reseller_area import Area, open_area, sell_fifty
from web_shop import Shop

from billhead.models.operations import AuditEntry
from billhead.models.people import Reseller

SPORT, SPORT_HD = "more-0|1 month", "more-1|1 month"  # 1.00 and 2.00 credits


def change(area: Area, key: int, way: str, offer: str = SPORT_HD) -> str:
    """Returns the page on which it was said yes to."""
    page, wish = f"/reseller/users/{key}/change", {"offer": offer, "way": way}
    shown = area.browsers["baltic"].get(page, query_string=wish).text
    sure = re.search(r'name="sure" value="([^"]+)"', shown)[1]
    assert area.browsers["baltic"].post(page, {**wish, "sure": sure}, page=page).status_code == 303
    area.shop.work()
    return shown


def test_a_change_of_plan_rewrites_no_row_of_the_statement(any_shop: Shop):
    area = open_area(any_shop)
    sell_fifty(area)
    key = area.add("baltic", "Anna", offer=SPORT)
    area.shop.work()
    change(area, key, "new_term")
    for page in (area.browsers["baltic"].get("/reseller/credits").text.split('id="statement"')[1],
                 area.browsers["baltic"].get(f"/reseller/users/{key}").text):  # fmt: skip
        assert "Change of plan, Sport HD, 1 month: " in page
        assert "New user, Sport, 1 month: " in page
        assert "New user, Sport HD" not in page
    boss = area.shop.person("staff", "boss@example.com", "*")
    parts = boss.get(f"/admin/subscriptions/{key}").text.split(">Parts<")[1].split("</table>")[0]
    assert parts.count('data-label="Plan"') == 1, "what was changed on its first day never had one"
    rows = area.browsers["baltic"].get("/reseller/credits?format=csv").text
    assert ",order,Sport,1 month,captured," in rows


def test_the_history_says_what_was_paid_for_and_for_how_long(area: Area):
    baltic = area.browsers["baltic"]
    key = area.add("baltic", "Anna")
    area.shop.work()
    assert baltic.yes(f"/reseller/users/{key}/renew", term="1 month").status_code == 303
    area.shop.work()
    page = baltic.get(f"/reseller/users/{key}").text
    until = re.search(r"Paid until</dt><dd><time[^>]*>([^<]+)<", page)[1]
    history = page.split('id="history"')[1]
    assert f"Renewal, Basic, 1 month: 10.00 credits, until {until}" in history
    assert "New user, Basic, 1 month: 10.00 credits, until " in history
    boss = area.shop.person("staff", "boss@example.com", "*")
    staffs = boss.get(f"/admin/subscriptions/{key}").text
    assert f"Renewal, Basic, 1 month: 10.00 credits, until {until}" in staffs
    assert "held credits" not in staffs, "that was the number of the hold, beside a day too late"


def test_what_those_above_have_paid_is_not_told_to_whom_they_hand_a_user(area: Area):
    key = area.add("aurora", "Anna")
    area.shop.work()
    aurora = area.browsers["aurora"]
    asks = f"/reseller/users/move?pick={key}"
    assert aurora.yes(asks, to=str(area.ids["baltic"])).status_code == 303
    assert "10.00 credits" in aurora.get(f"/reseller/users/{key}").text.split('id="history"')[1]
    theirs = area.browsers["baltic"].get(f"/reseller/users/{key}").text.split('id="history"')[1]
    assert "Paid by credits" in theirs
    assert "10.00 credits" not in theirs


def test_a_new_term_begins_tomorrow_and_days_for_nothing_are_not_advised_where_they_are_chosen(area: Area):
    sell_fifty(area)
    area.shop.change(Reseller, area.ids["baltic"], rights={"sells": ["more-0", "more-2", "more-6"]})
    key = area.add("baltic", "Anna", offer="more-6|1 month")  # 7.00 credits
    area.shop.work()
    page = f"/reseller/users/{key}/change"
    shown = area.browsers["baltic"].get(page).text
    assert "A term begins tomorrow" in shown
    kept = area.browsers["baltic"].get(page, query_string={"offer": SPORT, "way": "keep_end"}).text
    assert "Choose “For nothing, as days”" in kept
    days = area.browsers["baltic"].get(page, query_string={"offer": SPORT, "way": "convert"}).text
    assert "Choose “For nothing, as days”" not in days
    assert "they are less than a day of the new plan" in days


def test_the_sum_of_costs_says_that_it_is_of_what_has_a_price(area: Area):
    baltic = area.browsers["baltic"]
    assert baltic.post("/reseller/prices", {"basic|1 month": "14.90"}).status_code == 303
    area.add("baltic", "Anna")
    area.shop.work()
    assert "Together, in EUR" in baltic.get("/reseller/margin").text
    area.add("baltic", "Bo", offer="box|1 month", mac="00:1A:79:00:00:07")
    area.shop.work()
    page = baltic.get("/reseller/margin").text
    assert "What has a price, together, in EUR" in page


def test_long_margins_are_turned_page_by_page_and_summed_whole(area: Area, monkeypatch: pytest.MonkeyPatch):
    baltic = area.browsers["baltic"]
    area.add("baltic", "Anna")
    area.add("baltic", "Bo", offer="box|1 month", mac="00:1A:79:00:00:07")
    area.shop.work()
    whole = baltic.get("/reseller/margin").text
    rows = re.compile(r'<th scope="row" data-label="Plan">([^<]+)</th>')
    assert len(rows.findall(whole)) == 2
    assert "page=" not in whole
    monkeypatch.setattr(sys.modules["billhead.web.reseller.margin"], "_PAGE", 1)
    first = baltic.get("/reseller/margin").text
    (further,) = re.findall(r'href="(/reseller/margin[^"]*page=2)"', first)
    second = baltic.get(further).text
    assert rows.findall(first) + rows.findall(second) == rows.findall(whole)
    together = re.compile(r'Credits together</th><td class="num">([^<]+)<')
    assert together.findall(first) == together.findall(second) == together.findall(whole)
    for odd in ("0", "-1", "x", "99999999"):
        assert baltic.get(f"/reseller/margin?page={odd}").status_code == 200, odd


def test_what_was_done_to_many_says_so_in_the_language_of_the_page(area: Area):
    baltic = area.browsers["baltic"]
    keys = [area.add("baltic", name) for name in ("Anna", "Bo")]
    area.shop.work()
    told = {"pick": [str(key) for key in keys], "do": "renew"}
    sure = re.search(r'name="sure" value="([^"]*)"', baltic.post("/reseller/users/many", told).text)[1]
    assert baltic.post("/reseller/users/many", {**told, "sure": sure}).status_code == 303
    area.shop.work()
    assert "baltic@example.com: many at once, no. 1" in baltic.get("/reseller/credits").text
    boss = area.shop.person("staff", "boss@example.com", "*")
    for page in ("/admin/audit", f"/admin/subscriptions/{keys[0]}", f"/admin/resellers/{area.ids['baltic']}/credits"):
        assert "many at once, no. 1" in boss.get(page).text, page
    baltic.post("/language", {"language": "de", "back": "/"}, page="/reseller/")
    assert "renew many" not in baltic.get("/reseller/credits").text


def test_the_history_of_what_staff_did_to_many_is_theirs_alone(area: Area):
    """Of the same number there is one of a reseller: it stood in the history of staff's."""
    baltic, key = area.browsers["baltic"], area.add("baltic", "Anna")
    area.shop.work()
    told = {"pick": [str(key)], "do": "renew"}
    sure = re.search(r'name="sure" value="([^"]*)"', baltic.post("/reseller/users/many", told).text)[1]
    assert baltic.post("/reseller/users/many", {**told, "sure": sure}).status_code == 303
    area.shop.work()
    about = {row.subject for row in area.shop.rows(AuditEntry, AuditEntry.action == "resellers.do_next_user")}
    assert about == {"user_bulk:1"}
