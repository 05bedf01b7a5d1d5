"""Looking in gives nobody what they may not do at their own desk, and a visit is of the session that began it."""

from web_shop import Shop

from billhead.models.operations import AuditEntry
from billhead.models.people import UserSession
from billhead.models.sign_in import Impersonation

LOOK = "/admin/customers/1/look-in"
WHY = {"reason": "no picture"}


def test_by_looking_in_staff_do_only_what_they_may_do_anyway(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    boss = shop.person("staff", "boss@example.com", "people.look_in")
    assert boss.post(LOOK, WHY).location == "/account/"
    assert boss.get("/account/profile").status_code == 200
    assert boss.get("/account/documents").status_code == 200
    for path, needed in {
        "/account/profile": "customers.write",
        "/account/invoicing": "customers.write",
        "/account/subscriptions/1/cancel": "services.access, services.write, subscriptions.write",
        "/account/lines/1/password": "services.access, services.write, subscriptions.write",
        "/account/tickets/new": "tickets.write",
    }.items():
        answer = boss.post(path, {"name": "Eve", "country": "FI", "zone": "UTC"})
        assert answer.status_code == 403, path
        assert f"needs {needed}" in answer.text, path
    assert boss.get("/account/lines/1").status_code == 403, "it shows the password of the line"
    assert boss.get("/account/subscriptions/1").status_code == 403
    assert boss.post("/account/subscriptions/1/change", {}).status_code == 403, "an order is the customer's"
    assert shop.rows(AuditEntry, AuditEntry.action == "accounts.update_profile") == []

    # who has it at their own desk has it here; by their e-mail address the trail finds them here too
    helper = shop.person("staff", "helper@example.com", "people.look_in", "customers.write", "services.access")
    helper.post(LOOK, WHY)
    assert helper.get("/account/subscriptions/1").status_code == 200
    assert helper.post("/account/subscriptions/1/cancel", {}).status_code == 403
    zone = {"name": "Ada Lovelace", "country": "FI", "zone": "Asia/Tokyo"}
    assert helper.post("/account/profile", zone).status_code == 303
    helper.post("/end-visit")
    found = helper.get("/admin/audit?format=csv&actor=helper@example.com").text
    assert "accounts.update_profile" in found
    assert "people.look_in" in found
    assert "accounts.update_profile" not in helper.get("/admin/audit?format=csv&actor=boss@example.com").text
    assert "accounts.update_profile" not in helper.get("/admin/audit?format=csv&actor=nobody@example.com").text


def test_a_visit_is_not_inherited_by_the_next_session(shop: Shop):
    """SQLite gives the id of a session that is gone to the next one: whoever signs in then is in nobody's area."""
    shop.customer()
    boss = shop.person("staff", "boss@example.com", "people.look_in")
    boss.post(LOOK, WHY)
    (before,) = shop.rows(Impersonation)
    boss.post("/sign-out")
    other = shop.person("staff", "other@example.com", "people.look_in")
    assert shop.rows(UserSession)[-1].id == before.session_id
    assert other.get("/admin/").status_code == 200
    other.post("/sign-out")
    boss.sign_in("boss@example.com")
    assert shop.rows(UserSession)[-1].id == before.session_id
    assert boss.get("/admin/").status_code == 200
