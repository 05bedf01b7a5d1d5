"""Staff renew and end for a reseller what it pays with credits: from its credits and back to them, shown first."""

import re
from datetime import timedelta

from reseller_area import Area

from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.people import Reseller
from billhead.models.resellers import ResellerKey
from billhead.models.subscriptions import Subscription, SubscriptionComponent


def seen(page):
    return re.search(r'name="seen"[^>]*value="([^"]+)"', page.text)[1]


def test_staff_renew_and_end_with_the_credits_of_the_payer(area: Area):
    shop, key = area.shop, area.add("baltic", "Anna")
    shop.work()
    boss = shop.person("staff", "boss@example.com", "*")
    clerk = shop.person("staff", "clerk@example.com", "subscriptions.write", "subscriptions.read")
    page = f"/admin/subscriptions/{key}"
    assert "renew-with-credits" in boss.get(page).text
    assert clerk.get(f"{page}/renew-with-credits").status_code == 403
    assert area.credits("baltic") == 9000  # 100.00 - 10.00
    shown = boss.post(f"{page}/renew-with-credits", {"reason": "asked on the phone"})
    assert "Baltic pays" in shown.text
    assert "10.00" in shown.text
    until = shop.rows(Subscription, Subscription.id == key)[0].paid_through + timedelta(days=27)  # and one month more
    assert re.search(rf"Paid until</dt>\s*<dd>[^<]*<time[^>]*>|Paid until</dt>\s*<dd>.*{until.year}", shown.text)
    assert "First unpaid day" not in shown.text
    assert area.credits("baltic") == 9000  # only shown
    told = {"reason": "asked on the phone", "seen": seen(shown)}
    assert boss.post(f"{page}/renew-with-credits", told).status_code == 303
    assert area.credits("baltic") == 8000
    shop.work()
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "resellers.renew_user")
    assert (entry.role, entry.reason) == ("staff", "asked on the phone")
    # ended: what is unused of both terms comes back, as the rights of Baltic say
    shown = boss.post(f"{page}/end-with-credits", {"reason": "has moved away"})
    back = round(float(re.search(r"Baltic gets back</dt>\s*<dd>([\d.]+)", shown.text)[1]) * 100)
    assert 1900 < back < 2000
    told = {"reason": "has moved away", "seen": seen(shown)}
    assert boss.post(f"{page}/end-with-credits", told).status_code == 303
    assert area.credits("baltic") == 8000 + back
    assert shop.rows(Subscription, Subscription.id == key)[0].state == "canceled"
    assert boss.get("/admin/subscriptions/999/end-with-credits").status_code == 404


def test_staff_revoke_a_key_of_a_reseller(area: Area):
    shop, baltic = area.shop, area.ids["baltic"]
    made = area.browsers["baltic"].post("/reseller/keys", {"name": "Box script"}, page="/reseller/keys")
    secret = re.search(r"bhr_[\w-]+", made.text)[0]
    asking = {"headers": {"Authorization": f"Bearer {secret}"}}
    assert shop.visitor().get("/api/v1/balance", **asking).status_code == 200
    boss, clerk = shop.person("staff", "boss@example.com", "*"), shop.person("staff", "clerk@example.com")
    page, (key,) = f"/admin/resellers/{baltic}", shop.rows(ResellerKey)
    path = f"{page}/keys/{key.id}/revoke"
    assert path in boss.get(page).text
    assert path not in clerk.get(page).text
    assert clerk.get(path).status_code == 403
    assert boss.get(f"/admin/resellers/{area.ids['gulf']}/keys/{key.id}/revoke").status_code == 404
    assert "Revoke Box script of Baltic?" in boss.get(path).text
    assert boss.post(path, {"reason": "it leaked"}, page=path).location == page
    assert shop.visitor().get("/api/v1/balance", **asking).status_code == 401
    assert path not in boss.get(page).text
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "resellers.revoke_key")
    assert (entry.subject, entry.reason, entry.details["key"]) == (f"reseller:{baltic}", "it leaked", "Box script")


def told(page, what):
    found = re.search(rf"{what}</dt>\s*<dd>(.*?)</dd>", page.text, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else None


def test_staff_add_a_user_on_the_credits_of_a_reseller(area: Area):
    shop, baltic = area.shop, area.ids["baltic"]
    boss, clerk = shop.person("staff", "boss@example.com", "*"), shop.person("staff", "clerk@example.com")
    page = f"/admin/resellers/{baltic}/users/new"
    assert clerk.get(page).status_code == 403
    assert page in boss.get(f"/admin/resellers/{baltic}").text
    asked = boss.get(page).text
    assert "Baltic has 100.00 to spend and 2 trials left today." in asked
    assert "Hidden" not in asked  # is none of what it sells
    fields = {"offer": "basic|1 month", "name": "Anna", "email": "", "mac": "", "addon_0": "1", "reason": "by phone"}
    shown = boss.post(page, fields, page=page)
    # 10.00 for a month and 3.00 for a second screen
    assert (told(shown, "Baltic pays"), told(shown, "It has to spend afterwards")) == ("13.00", "87.00")
    assert area.credits("baltic") == 10_000
    answer = boss.yes(page, shown, **fields)
    (made,) = shop.rows(Subscription)
    assert answer.location == f"/admin/subscriptions/{made.id}"
    assert (made.payer_reseller_id, made.settlement, area.credits("baltic")) == (baltic, "credits", 8_700)
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "resellers.add_user")
    assert (entry.role, entry.reason) == ("staff", "by phone")
    trial = {"offer": "basic|1 month", "name": "Ben", "trial": "y", "reason": "to try"}
    assert told(boss.post(page, trial, page=page), "Baltic pays") == "1.00"
    dear = {**fields, "offer": "basic|12 months", "name": "Carl", "addon_0": "0"}
    assert "are needed" in boss.post(page, dear, page=page).text  # a year takes 100.00
    assert boss.post(page, {**fields, "offer": "hidden|1 month"}, page=page).status_code == 422


def test_staff_order_credits_that_come_when_the_proforma_is_paid(area: Area):
    shop, gulf = area.shop, area.ids["gulf"]
    boss = shop.person("staff", "boss@example.com", "*")
    page, fields = f"/admin/resellers/{gulf}/order-credits", {"package": "hundred", "reason": "asked by mail"}
    assert "A hundred: 100.00, €80.00" in boss.get(page).text
    shown = boss.post(page, fields, page=page)
    assert told(shown, "Credits, when it is paid") == "100.00"
    assert told(shown, "To be paid, with tax") == "€80.00"
    answer = boss.yes(page, shown, **fields)
    (paper,) = shop.rows(Document)
    assert answer.location == f"/admin/documents/{paper.id}"
    assert (paper.kind, paper.state, paper.total_minor, area.credits("gulf")) == ("proforma", "open", 8000, 10_000)
    again = boss.yes(page, boss.post(page, fields, page=page), **fields)
    assert again.location == answer.location  # one that waits is taken


def test_staff_change_the_plan_that_credits_pay(area: Area):
    shop, key = area.shop, area.add("baltic", "Anna")
    shop.work()
    boss = shop.person("staff", "boss@example.com", "*")
    page = f"/admin/subscriptions/{key}/change-with-credits"
    assert page in boss.get(f"/admin/subscriptions/{key}").text
    year = {"offer": "basic|12 months", "way": "new_term", "addon_0": "0", "reason": "wants a year"}
    assert "are needed" in boss.post(page, year, page=page).text
    fields = {**year, "offer": "basic|1 month", "addon_0": "2", "reason": "wants two screens more"}
    shown = boss.post(page, fields, page=page)
    assert told(shown, "The new time costs") == "16.00"  # 10.00 and twice 3.00
    left = float(told(shown, "Left of what was paid"))
    assert (9 < left < 10, float(told(shown, "Baltic pays"))) == (True, round(16 - left, 2))
    assert len(shop.rows(SubscriptionComponent)) == 1
    assert boss.yes(page, shown, **fields).location == f"/admin/subscriptions/{key}"
    shop.work()
    assert [row.quantity for row in shop.rows(SubscriptionComponent, SubscriptionComponent.ends_on.is_(None))] == [1, 2]
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "resellers.change_user")
    assert (entry.role, entry.reason) == ("staff", "wants two screens more")
    ada = shop.customer()
    shop.order(ada)
    assert boss.get("/admin/subscriptions/2/change-with-credits").status_code == 404  # is paid by an invoice


def test_the_question_before_looking_in_as_a_reseller_says_that_one_only_looks(area: Area):
    boss = area.shop.person("staff", "boss@example.com", "*")
    assert "You only look" in boss.get(f"/admin/resellers/{area.ids['gulf']}/look-in").text
    area.shop.customer()
    assert "You only look" not in boss.get("/admin/customers/5/look-in").text


def test_staff_move_a_reseller_and_raise_it_with_what_it_loses_first(area: Area):
    shop, baltic, gulf = area.shop, area.ids["baltic"], area.ids["gulf"]
    boss = shop.person("staff", "boss@example.com", "*")
    area.add("baltic", "Anna")
    shop.change(Reseller, gulf, rights={"sells": ["box"], "trials_per_day": 0})
    page = f"/admin/resellers/{baltic}/place"
    assert page in boss.get(f"/admin/resellers/{baltic}").text
    same = {"below": str(area.ids["aurora"]), "tier": "reseller", "reason": "try"}
    assert "Choose another place" in boss.post(page, same, page=page).text
    assert boss.post(page, {**same, "below": str(baltic)}, page=page).status_code == 422
    fields = {"below": str(gulf), "tier": "super_reseller", "reason": "Gulf has taken it over"}
    shown = boss.post(page, fields, page=page)
    assert told(shown, "Sells afterwards") == "Basic for boxes"
    assert told(shown, "Sells no more") == "Basic"
    assert told(shown, "Running subscriptions on plans that can(?:'|&#39;)t be sold any more") == "1"
    assert told(shown, "Trials a day") == "2 → 0"
    assert told(shown, "Tier") == "super-reseller"
    assert boss.yes(page, shown, **fields).location == f"/admin/resellers/{baltic}"
    (row,) = shop.rows(Reseller, Reseller.id == baltic)
    assert (row.parent_id, row.tier) == (gulf, "super_reseller")
    assert area.browsers["baltic"].get("/reseller/resellers").status_code == 200  # its area is a super-reseller's now
    (entry,) = shop.rows(AuditEntry, AuditEntry.action == "resellers.move_reseller")
    assert (entry.reason, entry.details["after"]) == ("Gulf has taken it over", gulf)
