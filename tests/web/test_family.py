"""A customer gives the family logins: each does what it may, on every route, and nothing any more once removed."""

import re

from sqlalchemy import select
from web_shop import PASSWORD, Browser, Shop

from billhead.db import reading
from billhead.domain.rights import BUYERS, FAMILY_RIGHTS, OWN_RIGHTS
from billhead.models.operations import Notice
from billhead.models.people import User
from billhead.models.sign_in import KnownDevice
from billhead.plugin_host import vault
from billhead.web.access import stated


def joined(shop: Shop, owner: Browser, email: str, *rights: str) -> Browser:
    answer = owner.post("/account/family/new", {"email": email, "rights": list(rights)})
    assert answer.status_code == 303, answer.text
    with shop.app.app_context(), reading() as session:
        known = select(Notice).where(Notice.recipient == email, Notice.kind == "invited").order_by(Notice.id.desc())
        token = vault().decrypt(session.scalars(known).first().data["sealed_token"])
    browser = shop.visitor()
    assert browser.post(f"/set-password/{token}", {"password": PASSWORD}).location == "/sign-in"
    assert browser.sign_in(email).location == "/account/"
    return browser


def test_the_family_has_logins_with_rights(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    assert "Only you so far" in ada.get("/account/family").text
    assert (
        "choose what this person may do"
        in ada.post("/account/family/new", {"email": "bob@example.com", "rights": []}).text.lower()
    )
    assert ada.post("/account/family/new", {"email": "b@example.com", "rights": ["own.methods"]}).status_code == 422
    bob = joined(shop, ada, "bob@example.com", "own.invoices")
    assert "Hello" not in bob.get("/account/").text, "nobody is greeted by another's name"
    assert "Line <bdi>" not in bob.get("/account/").text, "lines are for who may see them"
    assert "Add a passkey" not in bob.get("/security/").text, "no house without https has any"
    assert "/pay/" not in bob.get("/account/").text
    assert bob.get("/account/documents").status_code == 200
    closed = ("/account/subscriptions/1", "/pay/1", "/account/payment-methods", "/account/profile", "/account/family")
    assert [path for path in closed if bob.get(path).status_code != 403] == []
    assert "Payment methods" not in bob.get("/account/").text
    assert bob.get("/security/").status_code == 200, "its own security is everybody's own"
    assert "bob@example.com" in bob.get("/security/").text

    # other rights hold at the next click
    with shop.app.app_context(), reading() as session:
        bob_id = session.scalar(select(User.id).where(User.email == "bob@example.com"))
    assert ada.post(f"/account/family/{bob_id}", {"rights": ["own.lines", "own.pay"]}).status_code == 303
    assert bob.get("/account/documents").status_code == 403
    assert bob.get("/account/subscriptions/1").status_code == 200
    assert bob.get("/pay/1").status_code == 200

    # nobody else's family, nor by oneself
    eve = shop.customer("eve@example.com")
    assert eve.post(f"/account/family/{bob_id}", {"rights": ["own.pay"]}).status_code == 404
    assert eve.post(f"/account/family/{bob_id}/remove").status_code == 404
    assert eve.post("/account/family/new", {"email": "ada@example.com", "rights": ["own.pay"]}).status_code == 422
    assert bob.post(f"/account/family/{bob_id}", {"rights": list(FAMILY_RIGHTS)}).status_code == 403

    # removed: out at once, and in again by a new link only
    assert "signed out on all devices" in ada.get(f"/account/family/{bob_id}/remove").text
    assert shop.rows(KnownDevice, KnownDevice.user_id == bob_id)
    assert ada.post(f"/account/family/{bob_id}/remove").status_code == 303
    assert shop.rows(KnownDevice, KnownDevice.user_id == bob_id) == []
    assert bob.get("/account/").location.startswith("/sign-in")
    assert bob.sign_in("bob@example.com").status_code == 422
    again = joined(shop, ada, "bob@example.com", "own.support")
    assert again.get("/account/documents").status_code == 403

    # looking for who has a login here, and filling strangers' mailboxes, ends soon
    answers = [ada.post("/account/family/new", {"email": "eve@example.com", "rights": ["own.pay"]}) for _ in range(12)]
    assert "Too many tries" in answers[-1].text
    assert ada.post("/account/family/new", {"email": "new@example.com", "rights": ["own.pay"]}).status_code == 422


def test_every_route_of_the_area_names_its_right_and_holds_it(shop: Shop):
    """Each right in turn: a family login with it alone opens its routes, and is refused at all others."""
    ada = shop.customer()
    shop.order(ada)
    views = shop.app.view_functions
    assert {stated(view)[0] for name, view in views.items() if name.startswith("customer.")} == {frozenset(BUYERS)}
    buying = {name: stated(view) for name, view in views.items() if {"customer"} <= stated(view)[0] <= set(BUYERS)}
    mine = {name: right for name, (_roles, right) in buying.items() if right}
    assert set(mine.values()) <= OWN_RIGHTS
    assert [name for name, view in views.items() if name.startswith("customer.") and not stated(view)[1]] == []
    shop.app.config["WTF_CSRF_ENABLED"] = False
    rules = [rule for rule in shop.app.url_map.iter_rules() if rule.endpoint in mine]
    assert len(rules) > 50
    faults = []
    for number, right in enumerate(FAMILY_RIGHTS):
        shop.app.config["WTF_CSRF_ENABLED"] = True
        browser = joined(shop, ada, f"f{number}@example.com", right)
        shop.app.config["WTF_CSRF_ENABLED"] = False
        for rule in rules:
            path = re.sub(r"<[^>]+>", "999", rule.rule)
            for method in sorted(rule.methods & {"GET", "POST"}):
                refused = browser.client.open(path, method=method).status_code == 403
                if refused == (mine[rule.endpoint] in (right, "own.area")):
                    faults.append(f"{method} {rule.rule} with {right}")
    assert faults == []


def test_who_may_pay_only_neither_ends_a_service_nor_renews_it(shop: Shop):
    ada = shop.customer()
    shop.order(ada, save="1")
    shop.pay(save=True)
    shop.work()
    for number, right in enumerate(("own.pay", "own.lines")):
        browser = joined(shop, ada, f"f{number}@example.com", right)
        page = "/account/subscriptions/1/renewal"
        statuses = [browser.post(f"{page}/{way}", page="/account/").status_code for way in ("on", "off")]
        assert statuses == ([403, 403] if right == "own.pay" else [403, 303]), right
