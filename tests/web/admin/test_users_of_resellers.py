"""Staff renew and end for a reseller what it pays with credits: from its credits and back to them, shown first."""

import re
from datetime import timedelta

from reseller_area import Area

from billhead.models.operations import AuditEntry
from billhead.models.resellers import ResellerKey
from billhead.models.subscriptions import Subscription


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
