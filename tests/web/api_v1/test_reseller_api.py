"""What programs of resellers do with a key: the same as the area, once, and nothing of anybody else's."""

import re
from datetime import date, timedelta

from reseller_area import Area
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.accounts.disable_login import disable_login
from billhead.actions.accounts.enable_login import enable_login
from billhead.actions.resellers.create_key import create_key
from billhead.actions.resellers.revoke_key import revoke_key
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import AuditEntry
from billhead.models.people import Reseller, User
from billhead.models.resellers import ResellerKey
from billhead.models.subscriptions import Subscription
from billhead.web import programs
from billhead.web.api_v1.description import DESCRIPTION

ANNA = {"plan": "basic", "term": "1 month", "name": "Anna"}


class Program:
    """Of a reseller: asks with its key, and never with a cookie."""

    def __init__(self, area: Area, who: str) -> None:
        self.area, self.who, self.client = area, who, area.shop.app.test_client(use_cookies=False)
        scope = Scope(reseller_id=area.ids[who])
        with area.shop.app.app_context(), writing(Context(f"reseller:{who}", Role.RESELLER, scope)) as tx:
            self.key = create_key(tx, area.ids[who], "till").key

    def get(self, path: str, status: int = 200):
        answer = self.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == status, answer.text
        return answer.json

    def post(self, path: str, body: object = None, once: str = "", status: int = 200):
        return self._send("POST", path, body, once, status)

    def patch(self, path: str, body: object, once: str = "", status: int = 200):
        return self._send("PATCH", path, body, once, status)

    def _send(self, method: str, path: str, body: object, once: str, status: int):
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Idempotency-Key": once} if once else {})
        answer = self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json


def entries(area: Area) -> int:
    with area.shop.app.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(LedgerEntry))


def test_a_day_of_a_program(area: Area):
    shop, till = area.shop, Program(area, "baltic")
    assert till.get("/balance") == {
        "reseller": "baltic", "name": "Baltic", "suspended": False, "credits": "100.00", "held": "0.00",
        "owed": "0.00", "credit_line": "0.00", "users": 0,
    }  # fmt: skip
    sold = till.get("/packages")
    assert {"plan": "basic", "name": "Basic", "term": "1 month", "credits": "10.00", "needs_mac": False,
            "trial": {"term": "2 days", "credits": "1.00"}} in sold["packages"]  # fmt: skip
    assert sold["add_ons"] == [
        {"code": "screen", "name": "Second screen", "most": 2, "plans": ["basic"], "credits": {"1 month": "3.00"}}
    ]
    # 10.00 + 3.00 for a screen; sent twice, it is done once
    wanted = ANNA | {"email": "anna@example.com", "addons": {"screen": 1}}
    anna = till.post("/users", wanted, "order-1", 201)
    assert anna["credits"] == "13.00"
    assert till.post("/users", wanted, "order-1", 201) == anna
    assert till.post("/users", ANNA, "order-1", 409)["code"] == "conflict"
    assert till.get("/balance")["held"] == "13.00"
    shop.work()
    assert (till.get("/balance")["credits"], till.get("/balance")["held"]) == ("87.00", "0.00")
    seen = till.get(f"/users/{anna['id']}")
    assert (seen["name"], seen["state"], seen["paid_through"]) == ("Anna", "active", anna["paid_through"])
    assert seen["line"]["login"] in till.get(f"/users/{anna['id']}/access")["text"]
    assert shop.rows(AuditEntry, AuditEntry.action == "access.seen")[0].actor == "reseller_key:1"
    # a month more, once
    terms = till.get(f"/users/{anna['id']}/renew")["terms"]
    assert [(one["term"], one["credits"]) for one in terms] == [("1 month", "13.00")]  # a second screen has no year
    assert till.post(f"/users/{anna['id']}/renew", {"term": "a while"}, once="renewal-0", status=422)["field"] == "term"
    renewed = till.post(f"/users/{anna['id']}/renew", once="renewal-1")
    assert till.post(f"/users/{anna['id']}/renew", once="renewal-1") == renewed
    assert date.fromisoformat(renewed["paid_through"]) > date.fromisoformat(anna["paid_through"]) + timedelta(days=27)
    shop.work()
    assert area.credits("baltic") == 10000 - 1300 - 1300
    blocked = till.post(f"/users/{anna['id']}/block", once="b-1")
    assert (blocked["state"], blocked["blocked_by"]) == ("suspended", "reseller")
    assert till.post(f"/users/{anna['id']}/block", once="b-2", status=409)["code"] == "conflict"
    assert till.get("/users?show=disabled")["users"][0]["id"] == anna["id"]
    assert till.post(f"/users/{anna['id']}/unblock", once="b-3")["state"] == "active"
    trial = till.post("/users", ANNA | {"name": "Ben", "trial": True}, "order-2", 201)
    assert trial["credits"] == "1.00"
    # pages, and what the credits went to
    first = till.get("/users?limit=1")
    assert [first["users"][0]["name"], first["next"]] == ["Ben", trial["id"]]
    second = till.get(f"/users?limit=1&before={first['next']}")
    assert [second["users"][0]["name"], second["next"]] == ["Anna", None]
    assert [one["name"] for one in till.get("/users?q=anna@")["users"]] == ["Anna"]
    rows = till.get("/statement")["rows"]
    assert [one["change"] for one in rows] == ["-1.00", "-13.00", "-13.00", "100.00"]
    assert rows[0]["after"] == till.get("/balance")["credits"] == "73.00"
    assert [one["change"] for one in till.get("/statement?kind=credits_granted")["rows"]] == ["100.00"]
    did = {one.action for one in shop.rows(AuditEntry, AuditEntry.actor == "reseller_key:1")}
    assert {"resellers.add_user", "resellers.renew_user", "resellers.disable_user", "resellers.enable_user"} <= did
    with shop.asking() as few:
        till.get("/users")
    assert len(few) <= 12


def test_whose_it_is_and_who_asks(area: Area):
    shop, till, above = area.shop, Program(area, "baltic"), Program(area, "aurora")
    anna = till.post("/users", ANNA, "1", 201)["id"]
    shop.work()
    assert above.get(f"/users/{anna}")["reseller"] == area.ids["baltic"]
    assert [one["id"] for one in above.get(f"/users?reseller={area.ids['baltic']}")["users"]] == [anna]
    before = entries(area)
    for who in ("coast", "gulf"):
        other = Program(area, who)
        assert other.get("/users")["users"] == []
        for path in (f"/users/{anna}", f"/users/{anna}/access", f"/users?reseller={area.ids['baltic']}"):
            assert other.get(path, 404)["code"] == "not_found"
        for act in ("renew", "block", "unblock"):
            assert other.post(f"/users/{anna}/{act}", once="1", status=404)["code"] == "not_found"
    assert till.get(f"/users?reseller={area.ids['aurora']}", 404)["code"] == "not_found"
    assert entries(area) == before
    # no key, a wrong one, a cookie instead of one
    bare = area.browsers["baltic"].client
    for headers in ({}, {"Authorization": "Bearer bhr_wrong"}, {"Authorization": f"Basic {till.key}"}):
        answer = bare.get("/api/v1/balance", headers=headers)
        assert (answer.status_code, answer.json["code"]) == (401, "unknown_key")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert bare.post("/api/v1/users", json=ANNA, headers={**headers, "Idempotency-Key": "x"}).status_code == 401
    assert bare.get("/api/v1/nothing").json["code"] == "not_found"
    # a suspended reseller looks and does nothing
    shop.change(Reseller, area.ids["baltic"], suspended=True)
    assert till.get("/balance")["suspended"] is True
    for path, body in (("/users", ANNA), (f"/users/{anna}/renew", None), (f"/users/{anna}/block", None)):
        assert till.post(path, body, "9", 403)["code"] == "reseller_suspended"
    acts = [rule for rule in shop.app.url_map.iter_rules() if rule.endpoint.startswith("api_v1.")]
    for rule in acts:  # whatever it is, and whatever it is sent
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            path = re.sub("<[^>]+>", str(anna), rule.rule)
            refused = bare.open(path, method=method, headers={"Authorization": f"Bearer {till.key}"})
            told = refused.status_code, refused.json["code"], refused.json["message"]
            why = "Baltic is suspended: you can look, but nothing can be done."
            assert told == (403, "reseller_suspended", why), rule
    shop.change(Reseller, area.ids["baltic"], suspended=False)
    # a revoked key is none
    key = shop.rows(ResellerKey)[0]
    scope = Scope(reseller_id=area.ids["baltic"])
    with shop.app.app_context(), writing(Context("reseller:1", Role.RESELLER, scope)) as tx:
        revoke_key(tx, area.ids["baltic"], key.id)
    assert till.get("/balance", 401)["code"] == "unknown_key"


def test_what_is_refused_costs_nothing(area: Area, monkeypatch):
    till = Program(area, "baltic")
    before = entries(area)
    wrong = [
        ({"plan": "basic", "term": "1 month"}, "name"), (ANNA | {"name": 7}, "name"),
        (ANNA | {"name": "x" * 201}, "name"),
        (ANNA | {"trial": "yes"}, "trial"), (ANNA | {"addons": {"screen": -1}}, "addons"),
        (ANNA | {"addons": {"screen": True}}, "addons"), (ANNA | {"addons": ["screen"]}, "addons"),
        (ANNA | {"credits": "0.00"}, "credits"), (ANNA | {"customer_id": 1}, "customer_id"),
        (ANNA | {"language": "xx"}, "language"), (ANNA | {"email": "no"}, "email"), (ANNA | {"plan": "box"}, "mac"),
        (ANNA | {"addons": {"\ud800": 1}}, "addons"), (ANNA | {"addons": {"\0": 1}}, "addons"),
        ([ANNA], "body"), ("Anna", "body"), (None, "body"),
    ]  # fmt: skip
    for number, (body, field) in enumerate(wrong):
        assert till.post("/users", body, f"w{number}", 422)["field"] == field, body
    assert till.post("/users", ANNA, "", 422)["field"] == "Idempotency-Key"
    assert till.post("/users", ANNA, "with space", 422)["field"] == "Idempotency-Key"
    assert till.post("/users", ANNA | {"plan": "gift"}, "p", 422)["code"] == "plan_not_for_reseller"
    for path in ("/users?limit=0", "/users?limit=201", "/users?limit=x", "/users?before=x",
                 "/users?show=all", "/statement?kind=x", "/users?state=active",
                 "/statement?from=2026-11-01", "/balance?of=gulf"):  # fmt: skip
        assert till.get(path, 422)["code"] == "invalid_input", path
    assert till.get("/users?state=active", 422)["field"] == "state", "who is mistaken is not given everything"
    assert till.get(f"/users/{10**30}", 404)
    assert till.get("/users?q=a%00b", 200)["users"] == []
    deep = {"Authorization": f"Bearer {till.key}", "Idempotency-Key": "deep", "Content-Type": "application/json"}
    assert till.client.post("/api/v1/users", data="[" * 200_000, headers=deep).json["field"] == "body"
    assert till.post("/users", ANNA | {"term": "12 months"}, "year", 201)["credits"] == "100.00"
    assert till.post("/users", ANNA, "one-more", 409)["code"]  # nothing is left
    assert entries(area) == before + 1
    assert len(area.shop.rows(Subscription)) == 1
    assert area.credits("baltic") == 0
    monkeypatch.setattr(programs, "_A_MINUTE", 3)
    refused = till.client.get("/api/v1/balance", headers={"Authorization": f"Bearer {till.key}"})
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (429, "too_often", "60")
    assert Program(area, "gulf").get("/balance")["credits"] == "100.00"  # others go on


def test_the_description_says_what_there_is(area: Area):
    app = area.shop.app
    routes = {
        (rule.rule.replace("<int:key>", "{id}").replace("<int:line>", "{line}").removeprefix("/api/v1"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods & {"GET", "POST", "PATCH"}
        if rule.endpoint.startswith("api_v1.") and rule.endpoint != "api_v1.openapi"
    }
    assert routes == {(path, method) for path, methods in DESCRIPTION["paths"].items() for method in methods}
    told = app.test_client().get("/api/v1/openapi.json").json
    assert told["openapi"] == "3.1.0"
    answer = told["paths"]["/users/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    till = Program(area, "baltic")
    anna = till.post("/users", ANNA, "1", 201)
    assert set(till.get(f"/users/{anna['id']}")) == set(answer["properties"])
    assert set(till.get("/balance")) == set(
        told["paths"]["/balance"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    )


def test_programs_change_what_is_known_and_add_a_line(area: Area):
    key = area.add("baltic", "Anna", email="anna@example.com")
    till, beside = Program(area, "baltic"), Program(area, "coast")
    changed = till.patch(f"/users/{key}", {"phone": "0401", "note": "cash"}, "change-1")
    assert (changed["name"], changed["email"], changed["phone"], changed["note"]) == (
        "Anna", "anna@example.com", "0401", "cash",
    )  # fmt: skip
    assert till.get(f"/users/{key}")["note"] == "cash"
    assert till.patch(f"/users/{key}", {"email": "anna"}, "change-2", status=422)["field"] == "email"
    beside.patch(f"/users/{key}", {"phone": "0402"}, "change-3", status=404)
    assert till.patch(f"/users/{key}", {"language": "xx"}, "change-4", status=422)["field"] == "language"
    added = till.post(f"/users/{key}/lines", {"plan": "basic", "term": "1 month"}, "line-1", status=201)
    again = till.post(f"/users/{key}/lines", {"plan": "basic", "term": "1 month"}, "line-1", status=201)
    assert added == again
    assert added["credits"] == "10.00"
    assert len(area.shop.rows(Subscription)) == 2
    beside.post(f"/users/{key}/lines", {"plan": "basic", "term": "1 month"}, "line-2", status=404)


def test_automatic_renewal_and_what_is_due(area: Area):
    till = Program(area, "baltic")
    key = till.post("/users", ANNA, "a", 201)["id"]
    area.shop.work()
    assert till.get(f"/users/{key}")["automatic_renewal"] is False
    assert till.post(f"/users/{key}/automatic-renewal", {}, "b", 422)
    assert till.post(f"/users/{key}/automatic-renewal", {"on": True}, "c")["automatic_renewal"] is True
    assert till.get("/renewals") == {"renewals": [], "credits": "0.00"}
    end = clock.today_in("Europe/Helsinki") + timedelta(days=1)
    area.shop.change(Subscription, key, paid_through=end, billed_through=end)
    due = {"id": key, "paid_through": end.isoformat(), "credits": "10.00", "why_not": None}
    assert till.get("/renewals") == {"renewals": [due], "credits": "10.00"}
    assert Program(area, "aurora").get("/renewals")["renewals"] == [], "another pays for it"
    Program(area, "gulf").post(f"/users/{key}/automatic-renewal", {"on": False}, "d", 404)


def test_another_plan_is_seen_first_and_the_end_brings_credits_back(area: Area):
    till, gulf = Program(area, "baltic"), Program(area, "gulf")
    key = till.post("/users", ANNA, "a", 201)["id"]
    area.shop.work()
    wish = {"addons": {"screen": 1}}
    seen = till.post(f"/users/{key}/change/preview", wish)
    assert float(seen["pay"]) > 0
    assert till.get("/balance")["credits"] == "90.00"
    assert till.post(f"/users/{key}/change", {**wish, "pay": "0.01"}, "b", 409)["code"] == "price_changed"
    for path in ("change/preview", "change", "end"):
        gulf.post(f"/users/{key}/{path}", None if path == "end" else wish, "z-" + path, 404)
    done = till.post(f"/users/{key}/change", {**wish, "pay": seen["pay"]}, "c")
    assert (done["pay"], done["paid_through"]) == (seen["pay"], seen["paid_through"])
    again = {**wish, "pay": seen["pay"]}
    assert till.post(f"/users/{key}/change", again, "c") == done, "the answer was lost, and the panel is not done yet"
    area.shop.work()
    assert till.post(f"/users/{key}/change", again, "c") == done, "nor is anything left to pay once it is"
    ended = till.post(f"/users/{key}/end", None, "d")
    assert float(ended["back"]) > 9
    assert till.post(f"/users/{key}/end", None, "d") == ended, "once"
    assert till.get(f"/users/{key}")["state"] == "canceled"


def test_lines_get_new_passwords_and_other_boxes(area: Area):
    till, gulf = Program(area, "baltic"), Program(area, "gulf")
    stream = till.post("/users", ANNA, "a", 201)["id"]
    box = till.post("/users", {**ANNA, "plan": "box", "mac": "00:1A:79:00:00:01"}, "b", 201)["id"]
    area.shop.work()
    (line,), (mag,) = till.get(f"/users/{stream}")["lines"], till.get(f"/users/{box}")["lines"]
    assert till.post(f"/users/{stream}/lines/{line['id']}/password", None, "c")["lines"][0]["login"] == line["login"]
    swapped = till.post(f"/users/{box}/lines/{mag['id']}/box", {"mac": "00:1a:79:00:00:02"}, "d")
    assert swapped["lines"][0]["mac"] == "00:1A:79:00:00:02"
    till.post(f"/users/{stream}/lines/{mag['id']}/password", None, "e", 404)
    gulf.post(f"/users/{stream}/lines/{line['id']}/password", None, "f", 404)
    gulf.post(f"/users/{box}/lines/{mag['id']}/box", {"mac": "00:1A:79:00:00:03"}, "g", 404)


def test_credits_are_passed_on_to_those_below_alone(area: Area):
    aurora, baltic = Program(area, "aurora"), Program(area, "baltic")
    told = {"to": "baltic", "credits": "5.00", "reason": "for the weekend"}
    assert aurora.post("/credits/pass-on", told, "a") == {"to": "baltic", "credits": "5.00", "left": "95.00"}
    row = baltic.get("/statement?kind=credits_transferred")["rows"][0]
    assert (row["change"], row["reason"]) == ("5.00", "for the weekend")
    assert row["request"]
    for once, wrong, status in (("b", {"to": "gulf"}, 404), ("c", {"to": "aurora"}, 404), ("d", {"credits": "x"}, 422)):
        aurora.post("/credits/pass-on", {**told, **wrong}, once, status)
    baltic.post("/credits/pass-on", {**told, "to": "coast"}, "b", 404)


def test_a_key_opens_nothing_while_the_login_behind_it_is_disabled(area: Area):
    """Of whoever made it; and where nobody of the reseller may sign in, no matter who made it."""
    shop, made_by_hand = area.shop, Program(area, "baltic")
    browser = area.browsers["baltic"]
    shown = browser.post("/reseller/keys", {"name": "till"}, page="/reseller/keys").text
    own = Program.__new__(Program)
    own.area, own.who, own.client = area, "baltic", made_by_hand.client
    own.key = re.search(r"bhr_[\w-]{43}", shown)[0]
    (login,) = shop.rows(User, User.reseller_id == area.ids["baltic"])
    assert shop.rows(ResellerKey)[-1].created_by.endswith(f":{login.id}")
    why = Context.system("test", reason="the telephone was stolen")
    with shop.app.app_context(), writing(why) as tx:
        disable_login(tx, login.id)
    for program in (own, made_by_hand):
        told = program.get("/balance", 403)
        assert (told["code"], told["hint"]) == ("login_disabled", "the telephone was stolen")
        assert program.post("/users", ANNA, "1", 403)["code"] == "login_disabled"
    second = {"seller_id": login.seller_id, "role": login.role, "reseller_id": login.reseller_id}
    with shop.app.app_context(), writing(why) as tx:
        tx.session.add(User(**second, email="books@example.com", created_at=clock.now()))
    assert own.get("/balance", 403)["code"] == "login_disabled", "who made it is still shut out"
    assert made_by_hand.get("/balance")["reseller"] == "baltic"
    with shop.app.app_context(), writing(why) as tx:
        enable_login(tx, login.id)
    assert own.get("/balance")["reseller"] == "baltic"
