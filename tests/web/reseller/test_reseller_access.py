"""Whose is it: every route of the area with everybody's objects, and nobody's form without its token."""

from reseller_area import Area

from billhead.actions.resellers._messages import Letter
from billhead.actions.resellers.do_many import do_many
from billhead.actions.resellers.send_message import send_message
from billhead.db import writing
from billhead.domain.context import Context, Role, Scope
from billhead.models.resellers import ResellerKey
from billhead.models.subscriptions import Service, Subscription
from billhead.web.access import stated


def test_what_is_somebody_elses_is_not_found_on_every_route(area: Area):
    """Aurora above Baltic and Coast, Gulf beside: each route that names something, as each of them."""
    shop = area.shop
    users = {who: area.add(who, who.title()) for who in area.ids}
    shop.work()
    lines = {who: area.shop.rows(Service, Service.subscription_id == key)[0].id for who, key in users.items()}
    keys = {who: _key(area, who) for who in area.ids}
    bulks, messages, letter = {}, {}, Letter("News", "There are some.", "en")
    with shop.app.app_context():
        for who, key in users.items():
            scope = Scope(reseller_id=area.ids[who])
            with writing(Context(f"reseller:{who}", Role.RESELLER, scope)) as tx:
                bulks[who] = do_many(tx, area.ids[who], "renew", [key]).bulk_id
                told = [tx.session.get_one(Subscription, key).customer_id]
                messages[who] = send_message(tx, area.ids[who], told, letter).message_id
    things = {"users": users, "keys": keys, "many": bulks, "messages": messages, "resellers": area.ids}
    below = {"aurora": {"aurora", "baltic", "coast"}, "baltic": {"baltic"}, "coast": {"coast"}, "gulf": {"gulf"}}
    rules = [rule for rule in shop.app.url_map.iter_rules() if rule.endpoint.startswith("reseller.") and rule.arguments]
    assert len(rules) >= 15
    shop.app.config["WTF_CSRF_ENABLED"] = False
    faults = []
    for rule in rules:
        roles, _ = stated(shop.app.view_functions[rule.endpoint])
        assert roles in ({"reseller", "super_reseller"}, {"super_reseller"}), rule.endpoint
        for owner in area.ids:
            path = rule.rule
            path = path.replace("<int:service_id>", str(lines[owner]))
            # of a shop, which nobody here has
            for one in (
                "host",
                "supply",
                "page",
                "ticket",
                "file",
                "department",
                "article",
                "document",
                "payment",
                "refund",
                "proof",
                "guide",
            ):
                path = path.replace(f"<int:{one}_id>", "1")
            path = path.replace("<gateway>", "cards").replace("<language>", "en").replace("<code>", "m3u")
            if "<int:key>" in path:
                path = path.replace("<int:key>", str(things[path.split("/")[2]][owner]))
            assert "<" not in path, rule.endpoint
            for who, browser in area.browsers.items():
                if owner in below[who]:
                    continue
                for method in sorted(rule.methods & {"GET", "POST"}):
                    answer = browser.client.open(path, method=method)
                    expected = 404 if who in ("aurora", "gulf") or "reseller" in roles else 403
                    if answer.status_code != expected:
                        faults.append(f"{method} {path} of {owner} as {who}: {answer.status_code}")
    # a key is its owner's alone, and nobody sets up itself
    faults += [p for p in (f"/reseller/keys/{keys['baltic']}/revoke", f"/reseller/resellers/{area.ids['aurora']}",
                           f"/reseller/resellers/{area.ids['aurora']}/rights")
               if area.browsers["aurora"].get(p).status_code != 404]  # fmt: skip
    assert faults == []


def test_ids_in_forms_and_addresses_are_no_way_in(area: Area):
    users = {who: area.add(who, who.title()) for who in area.ids}
    lines = {who: area.shop.rows(Service, Service.subscription_id == key)[0].id for who, key in users.items()}
    area.shop.app.config["WTF_CSRF_ENABLED"] = False
    # a line of one's own under a user of one's own, mixed up
    odd = f"/reseller/users/{users['baltic']}/lines/{lines['coast']}/password"
    assert area.browsers["aurora"].get(odd).status_code == 404
    gulf, baltic = area.browsers["gulf"], area.browsers["baltic"]
    assert gulf.client.post("/reseller/users/many", data={"pick": [str(users["baltic"])]}).status_code == 404
    assert baltic.client.post("/reseller/users/many", data={"pick": [str(users["aurora"])]}).status_code == 404
    for other in ("aurora", "gulf"):
        picked = {"pick": [str(users["baltic"]), str(users[other])]}
        assert baltic.client.post("/reseller/messages/new", data=picked).status_code == 404
    for whose in ("gulf", "aurora", "coast"):
        assert baltic.get(f"/reseller/users?reseller={area.ids[whose]}").status_code == 404
    assert gulf.get(f"/reseller/credits/pass-on?to={area.ids['baltic']}").status_code == 404
    seen = baltic.get("/reseller/users").text
    assert "Baltic" in seen
    for other in ("Aurora", "Coast", "Gulf"):
        assert f"{other}</bdi></a>" not in seen
        assert other not in baltic.get(f"/reseller/users?q={other}&format=csv").text.split("\n", 1)[1]
    told = area.browsers["aurora"].get("/reseller/users").text
    assert all(f"{name}</bdi></a>" in told for name in ("Aurora", "Baltic", "Coast"))
    assert "Gulf</bdi></a>" not in told


def _key(area: Area, who: str) -> int:
    area.browsers[who].post("/reseller/keys", {"name": who})
    return area.shop.rows(ResellerKey)[-1].id


def test_no_form_without_its_token(area: Area):
    key = area.add("baltic", "Anna")
    client = area.browsers["baltic"].client
    for path in ("users/new", "users/many", f"users/{key}/renew", f"users/{key}/terminate", f"users/{key}/disable",
                 f"users/{key}/enable", f"users/{key}/change", "credits/buy", "keys", "prices"):  # fmt: skip
        answer = client.post(f"/reseller/{path}", data={"name": "x", "offer": "basic|1 month"})
        assert answer.status_code in (400, 422), path
    assert area.credits("baltic") == 9000
