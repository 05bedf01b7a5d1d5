"""Forms as nobody's browser would send them: with fields that are none of theirs, with far too much, with a way out."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from hashlib import sha256
from html import unescape
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from page_forms import PageForm, forms
from peopled import Person, World, open_world
from sqlalchemy import JSON, Boolean, Date, DateTime, Integer
from web_shop import PASSWORD, Browser, Shop
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from apps import close_app
from billhead.actions.staff.create_key import create_key
from billhead.db import Model, writing
from billhead.domain.context import Context, Role, Scope
from billhead.models.payments import Callback
from billhead.web import programs

pytestmark = pytest.mark.xdist_group("peopled")

WHO = ("ada", "aurora", "staff")
HARMLESS = {"GET", "HEAD", "OPTIONS"}
MAY = ("customers.write", "subscriptions.write", "payments.write", "services.access", "credits.write")
NEED_NO_TOKEN = {
    "callbacks.receive": "what a gateway or panel sends is proven by its signature",
    "storefront.stopped_by_post": "a mail program presses it: the address is signed",
    "storefront.paid_by_post": "a gateway sends its payer back so: it changes nothing",
}
LONG = "".join(sha256(str(number).encode()).hexdigest() for number in range(400))
TOO_MUCH = 16 * 1024 * 1024
SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SIGN, A_DAY = "forgedsign", "2031-05-06"
IN_PARTS = "multipart/form-data; boundary=x"
FORGED = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
ELSEWHERE = ("//evil.example/", "https://evil.example/", "/\\evil.example", "https:evil.example", "\t//evil.example")
LEADS_ON = ("next", "back", "url", "to", "return", "return_to", "redirect", "continue", "from")


def test_fields_that_a_form_does_not_have_change_nothing(world: World):
    """Each form of every page is sent as it is, and again with a field for every column that there is."""
    with world.undone():
        assert len(list(_every_form(world))) > 120  # to look at a page may be noted
    told: list[tuple[list[str], dict[str, Any]]] = []
    for more in ({}, _a_field_for_every_column()):
        with world.undone():
            told.append((list(_send_all(world, more)), world.contents()))
    (answers, rows), (again, forged) = told
    assert sum(answer.endswith("303") for answer in answers) > 40, "forms that were taken"
    assert [pair for pair in zip(answers, again, strict=True) if pair[0] != pair[1]] == []
    assert list(_different(rows, forged)) == []


def _a_field_for_every_column() -> dict[str, str]:
    kinds = ((Boolean, "y"), (Integer, "1"), (Date, A_DAY), (DateTime, f"{A_DAY} 09:00"), (JSON, f'["{SIGN}"]'))
    found = {}
    for table in Model.metadata.sorted_tables:
        for column in table.c:
            found[column.name] = next((value for kind, value in kinds if isinstance(column.type, kind)), SIGN)
    return found


def _different(one: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """Texts may be drawn by chance, and times go on: of these only what was forged tells."""
    for table, rows in one.items():
        if len(rows) != len(other[table]):
            yield f"{table}: {len(rows)} rows, then {len(other[table])}"
        for row, twin in zip(rows, other[table], strict=False):
            for name, value in twin.items():
                is_told = not isinstance(value, str | bytes) or SIGN in str(value) or A_DAY in str(value)
                if value != row[name] and is_told:
                    yield f"{table}.{name}: {row[name]!r}, then {value!r}"


def _every_form(world: World) -> Iterator[PageForm]:
    for who in WHO:
        yield from forms(world, who)


def _send_all(world: World, more: dict[str, str]) -> Iterator[str]:
    for who in WHO:
        for form in forms(world, who):
            unknown = {name: value for name, value in more.items() if name not in form.names}
            yield f"{who} {form.action}: {form.send({**unknown, **form.fields}).status_code}"


def test_nothing_that_is_sent_leads_elsewhere(world: World):
    """A forged Host and every name under which an address could be sent on: no answer leads to another site."""
    world.shop.app.config["WTF_CSRF_ENABLED"] = False
    faults, asked = [], 0
    for who, method, rule in _calls(world, "nobody", *WHO):
        asked += 1
        told = {name: ELSEWHERE[(asked + place) % len(ELSEWHERE)] for place, name in enumerate(LEADS_ON)}
        more = {"data": told} if method == "POST" else {}
        path, person = world.path(who, rule), world.people[who]
        with world.undone() if method == "POST" else nullcontext():
            answer = person.open(method, path, query_string=told, headers=FORGED, **more)
        faults += [f"{method} {path} as {who}: {way}" for way in _ways(answer) if _leads_elsewhere(way)]
    assert faults == []
    assert asked > 500
    assert [way for way in ELSEWHERE if not _leads_elsewhere(way)] == []
    visitor = Browser(world.shop.app.test_client())
    for way in ELSEWHERE:
        known = {"email": "kid@example.com", "password": PASSWORD}
        answer = visitor.post("/sign-in", known, query_string={"next": way}, headers=FORGED)
        assert answer.location == "/account/", way
        visitor.post("/sign-out")


def _calls(world: World, *who: str) -> Iterator[tuple[str, str, Rule]]:
    """Every route once, as the first of them whom it lets in."""
    met = set()
    for one, method in ((one, method) for one in who for method in ("GET", "POST")):
        for rule in world.routes(one, method):
            if (method, rule.rule) not in met and rule.endpoint != "accounts.sign_out_page":
                met.add((method, rule.rule))
                yield one, method, rule


def _ways(answer: TestResponse) -> list[str]:
    found = [answer.location] if answer.location else []
    return (
        found + re.findall(r"""(?:href|src|action)=["']([^"']*)""", answer.text)
        if answer.mimetype == "text/html"
        else found
    )


def _leads_elsewhere(way: str) -> bool:
    """As a browser reads it: blanks go, a backslash is a slash."""
    plain = re.sub(r"[\t\r\n]", "", unescape(way)).strip().replace("\\", "/")
    return bool(re.match(r"(?:[a-z]+:)?/*evil\.example", plain, re.IGNORECASE))


def test_what_a_browser_sends_holds_no_nul(shop: Shop):
    ada = shop.customer()
    ada.client.set_cookie("appearance", '"a\\000b"')
    nul = {"name": "A\0da", "files\0": (BytesIO(b"x"), "a\0.png")}
    with shop.app.test_request_context(
        "/?q=a%00b&%00=1", method="POST", data=nul, headers={"Cookie": 'c="a\\000b"'}
    ) as told:
        sent = [*told.request.args.items(), *told.request.form.items(), *told.request.cookies.items()]
        sent += [(name, file.filename) for name, file in told.request.files.items()]
    assert len(sent) == 5
    assert "\0" not in str(sent)
    assert ada.post("/account/profile", {"name": "A\0da", "country": "FI"}).status_code in (303, 422)


def test_lists_in_lists_in_lists_are_no_message(world: World):
    deep = "[" * 100_000
    token = world.shop.tokens["cards"]
    for program, path in _programs(world):
        once = {"Idempotency-Key": "once", "Content-Type": "application/json"}
        answer = program.client.post(path, data=deep, headers=program.headers | once)
        assert answer.status_code == 422, path
    assert (
        world.shop.app.test_client().post(f"/callbacks/{token}", data=deep, headers={"X-Key": "k"}).status_code == 200
    )
    world.shop.work()
    assert world.shop.rows(Callback)[-1].state == "quarantined"
    passkey = {"answer": deep[:15_000]}
    assert Browser(world.shop.app.test_client()).post("/sign-in/passkey", passkey, page="/sign-in").status_code < 500


def test_a_program_is_told_of_every_field_that_is_not_known(world: World):
    programs = list(_programs(world))
    before = world.contents()
    for program, path in programs:
        for name in ("reseller_id", "state", "balance", "customer_id", "__class__"):
            once = {"Idempotency-Key": name}
            answer = program.client.post(path, json={name: 1}, headers=program.headers | once)
            assert (answer.status_code, answer.json["field"]) == (422, name), path
    changed = [name for name, rows in world.contents().items() if rows != before[name]]
    assert set(changed) <= {"login_attempt", "reseller_key", "staff_key"}


ODD = (None, True, -1, 1e300, 10**40, "9" * 40, "a\0b", LONG, "9999-12-31", [], {}, {"a\0b": 1}, [{"id": 10**40}])


def test_what_a_field_of_a_program_can_not_be_is_refused(world: World, monkeypatch: pytest.MonkeyPatch):
    """Each field that its description has, with what no such field holds."""
    monkeypatch.setattr(programs, "_A_MINUTE", 10_000)
    faults, asked = [], 0
    for program, path in _programs(world):
        sound = _described(world, path)
        for name, (number, odd) in product(sound, enumerate(ODD)):
            asked += 1
            once = {"Idempotency-Key": f"{name}-{number}"}
            answer = program.client.post(path, json={**sound, name: odd}, headers=program.headers | once)
            if answer.status_code >= 500 or (answer.status_code >= 400 and not answer.json["message"]):
                faults.append(f"{path} {name}={str(odd)[:20]}: {answer.status_code}")
    assert faults == []
    assert asked > 100


def _described(world: World, path: str) -> dict[str, Any]:
    """The fields that its description has, each with something of its type."""
    area = "/api/staff/v1" if path.startswith("/api/staff/") else "/api/v1"
    told = world.shop.app.test_client().get(f"{area}/openapi.json").json
    names = {re.sub(r"\{\w+\}", r"[^/]+", one): way for one, way in told["paths"].items()}
    (found,) = (way["post"] for one, way in names.items() if re.fullmatch(one, path) or re.fullmatch(area + one, path))
    schema = found.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    some = {"string": "x", "integer": 1, "boolean": True, "object": {}, "array": []}
    return {name: some["".join(one["type"]).removesuffix("null")] for name, one in schema.get("properties", {}).items()}


def _programs(world: World) -> Iterator[tuple[Person, str]]:
    """Each address to which a program may send: a reseller's, and one of staff that may do everything."""
    yield from ((world.people["till"], world.path("till", rule)) for rule in world.routes("till", "POST"))
    boss = Context(
        "staff:1",
        Role.STAFF,
        Scope(everything=True),
        permissions=frozenset({"*"}),
        user_id=world.people["staff"].user_id,
    )
    with world.shop.app.app_context(), writing(boss) as tx:
        key = create_key(tx, "desk", MAY).key
    desk = Person(world.shop.app.test_client(use_cookies=False), headers={"Authorization": f"Bearer {key}"})
    for rule in world.shop.app.url_map.iter_rules():
        if rule.endpoint.startswith("api_staff.") and "POST" in rule.methods:
            yield desk, world.path("staff", rule)


def test_every_form_needs_the_token_of_its_page(world: World):
    """Each route that may change something, as the first whom it lets in; those that need none are named."""
    faults, asked = [], set[str]()
    for who in ("nobody", *WHO):
        for rule in world.routes(who, "POST"):
            if rule.endpoint not in {*NEED_NO_TOKEN, *asked}:
                asked.add(rule.endpoint)
                told = {"csrf_token": "made-up"} if len(asked) % 2 else {}
                answer = world.people[who].open("POST", world.path(who, rule), data=told)
                if answer.status_code != 400:
                    faults.append(f"{rule.rule} as {who} with {told}: {answer.status_code}")
    assert faults == []
    changing = {rule.endpoint for rule in world.shop.app.url_map.iter_rules() if rule.methods - HARMLESS}
    by_key = {endpoint for endpoint in changing if endpoint.startswith(("api_v1.", "api_staff."))}
    assert changing - by_key - asked == set(NEED_NO_TOKEN)


def test_files_that_are_not_what_they_say_are_refused(world: World):
    faults, asked = [], 0
    sending = [(form, name) for form in _every_form(world) for name in form.files]
    for form, name in sending:
        for file_name in ("a.svg", "a.png", "../../a.html"):
            asked += 1
            with world.undone():
                answer = form.send({**form.fields, name: (BytesIO(SCRIPT), file_name)})
                kept = [row for rows in world.contents().values() for row in rows if SCRIPT in row.values()]
            if answer.status_code >= 500 or kept:
                faults.append(f"{form.action} as {form.person.role}: {file_name} {answer.status_code}")
        large = form.person.open("POST", form.path, data=b"x" * (TOO_MUCH + 1), content_type=IN_PARTS)
        if large.status_code != 413:
            faults.append(f"{form.action} as {form.person.role}: {large.status_code} for too much")
    assert faults == []
    assert asked > 10


def test_far_too_much_is_refused_and_breaks_nothing(postgresql_url: str, tmp_path: Path):
    """More than an index of PostgreSQL can hold: in each field in turn, of staff's forms in all at once."""
    world = open_world(postgresql_url, tmp_path / "home")
    faults, asked = [], 0
    for form in _every_form(world):
        for names in [list(form.typed)] if form.person.role == "staff" else [[name] for name in form.typed]:
            asked += 1
            answer = form.send({**form.fields, **dict.fromkeys(names, LONG), "_key": uuid4().hex})
            if answer.status_code >= 500:
                faults.append(f"{form.action} as {form.person.role}: {names}: {answer.status_code}")
    close_app(world.shop.app)
    assert faults == []
    assert asked > 120
