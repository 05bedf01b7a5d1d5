"""What every answer has in common: headers, errors that say how to go on, health, and files that may be kept."""

import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from sqlalchemy import select, text
from web_shop import BOX, Shop, open_shop

from billhead.actions.health._health import quick_checks
from billhead.db import db, reading
from billhead.domain import errors as domain_errors
from billhead.domain.errors import BillheadError, InvalidInput, NotAllowed, NotFound
from billhead.models.people import LoginAttempt
from billhead.plugin import allow
from billhead.web.errors import status_of

OPEN_PAGES = (
    "/", "/plans/basic", "/plans/box", "/plans/old", "/cart", "/sign-in", "/sign-up", "/forgotten-password",
    "/set-password/x", "/nowhere",
)  # fmt: skip
OWN_PAGES = (
    "/checkout", "/account/", "/account/documents", "/account/documents/1", "/account/profile", "/security/",
    "/security/password", "/account/payment-methods", "/account/subscriptions/1",
    "/account/subscriptions/1/cancel", "/pay/1", "/pay/on/1",
)  # fmt: skip


class Markup(HTMLParser):
    """Collects what a strict policy blocks and what a screen reader cannot name."""

    VOID = {"input", "meta", "link", "img", "br", "hr", "source", "wbr"}

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[tuple[str, dict]] = []
        self.ids: list[str] = []
        self.described: set[str] = set()
        self.headings: list[str] = []
        self.open: list[str] = []
        self.captions = self.tables = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "style" in given or any(name.startswith("on") for name in given):
            self.faults.append(f"<{tag}> has an inline style or script")
        if tag == "style" or (tag == "script" and "src" not in given):
            self.faults.append(f"an inline <{tag}>")
        if tag == "img" and "alt" not in given:
            self.faults.append("an image without alt")
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if tag in ("input", "select", "textarea") and given.get("type") not in ("hidden", "submit"):
            self.fields.append((tag, {**given, "in_label": "label" in self.open}))
        for name in ("aria-describedby", "aria-labelledby"):
            self.described.update((given.get(name) or "").split())
        self.headings += [tag] if re.fullmatch("h[1-6]", tag) else []
        self.captions += tag == "caption"
        self.tables += tag == "table"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1] if self.open else 'nothing'}")
        elif self.open:
            self.open.pop()

    def found(self) -> list[str]:
        faults = list(self.faults)
        for tag, given in self.fields:
            if not (given["in_label"] or given.get("id") in self.labelled or given.get("aria-label")):
                faults.append(f"{tag} {given.get('name')} has no label")
        faults += [f"the id {one} is there twice" for one in set(self.ids) if self.ids.count(one) > 1]
        faults += [f"{one} describes, but is not there" for one in self.described - set(self.ids)]
        faults += [f"{self.headings.count('h1')} main headings"] if self.headings.count("h1") != 1 else []
        faults += ["a table without a caption"] if self.captions < self.tables else []
        return faults


def test_every_page_is_sound_markup_under_a_strict_policy(shop: Shop):
    browser, visitor = shop.customer(), shop.visitor()
    shop.order(browser, "box", mac=BOX, account=str(shop.accounts["transfer"]))
    for one in (browser, visitor):
        one.post("/plans/basic", {"term": "1 month"})
    faults = {}
    for path in (*OPEN_PAGES, *OWN_PAGES):
        answer = (browser if path in OWN_PAGES else visitor).get(path)
        assert answer.status_code in (200, 404), path
        page = Markup()
        page.feed(answer.text)
        if page.found():
            faults[path] = page.found()
    assert faults == {}


def test_the_headers_of_a_page(shop: Shop):
    headers = shop.visitor().get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers
    assert re.fullmatch(r"r[0-9a-f]{16}", headers["X-Request-Id"])


def test_behind_https_cookies_are_secure_and_the_browser_stays_there(sqlite_url, tmp_path):
    shop = open_shop(sqlite_url, tmp_path / "home", public_url="https://tv.example")
    fields = {"name": "Ada", "email": "ada@example.com", "password": "a sentence", "country": "FI"}
    shop.app.config["WTF_CSRF_ENABLED"] = False
    answer = shop.app.test_client().post("/sign-up", data=fields)
    assert answer.status_code == 303
    chosen = shop.app.test_client().post("/language", data={"language": "fr"})
    dark, as_it_was = (shop.app.test_client().post("/appearance", data={"appearance": to}) for to in ("dark", ""))
    for given in (answer, chosen, dark, as_it_was):
        cookies = given.headers.getlist("Set-Cookie")
        assert cookies
        assert all("Secure; HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    proxied = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}
    fields = {"email": "ada@example.com", "password": "a wrong sentence"}
    shop.app.test_client().post("/sign-in", data=fields, headers=proxied)
    with shop.app.app_context(), reading() as session:  # what the proxy itself has seen, not what was claimed to it
        assert "ip:198.51.100.7" in session.scalars(select(LoginAttempt.key)).all()
    with shop.app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")])
def test_so_many_proxies_are_believed_as_are_set(sqlite_url, tmp_path, proxies, seen):
    shop = open_shop(sqlite_url, tmp_path / "home", public_url="https://tv.example", proxies=proxies)
    shop.app.config["WTF_CSRF_ENABLED"] = False
    told = {"X-Forwarded-For": "192.0.2.66, 203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}
    fields = {"email": "ada@example.com", "password": "a wrong sentence"}
    shop.app.test_client().post("/sign-in", data=fields, headers=told)
    with shop.app.app_context():
        with reading() as session:
            assert f"ip:{seen}" in session.scalars(select(LoginAttempt.key)).all()
        (check,) = quick_checks(["proxies"])
        assert str(proxies) in check.says
        db.engine.dispose()


def test_our_files_are_kept_for_as_long_as_they_are_the_same(shop: Shop):
    page = shop.visitor().get("/").text
    (sheet,) = re.findall(r'href="(/static/billhead\.css\?v=\w+)"', page)
    client = shop.app.test_client()
    with client.get(sheet) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert "no-store" not in answer.headers["Cache-Control"]
    with client.get("/bootstrap/static/css/bootstrap.min.css") as answer:
        assert answer.status_code == 200
    assert client.get("/static/../errors.py").status_code == 404


def broken_views(app: Flask) -> None:
    """Views that fail in every way, added to an application that has not answered yet."""

    def view(error: Exception):
        def fail():
            raise error

        return allow("anyone")(fail)

    for name, error in {
        "secret": ZeroDivisionError("postgresql://billing:hunter2@db/main"),
        "invalid": InvalidInput("zone", "is not a time zone", hint="write it like Europe/Helsinki"),
        "missing": NotFound("plan", "<b>x</b>"),
        "forbidden": NotAllowed("Not for you."),
        "bare": BillheadError("the inner workings"),
    }.items():
        app.add_url_rule(f"/fail/{name}", f"fail_{name}", view(error))


def test_a_failure_tells_nothing_but_its_number(shop: Shop):
    broken_views(shop.app)
    for name in ("secret", "bare"):
        answer = shop.app.test_client().get(f"/fail/{name}")
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert "inner workings" not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text


def test_a_refusal_says_what_and_how_to_go_on(shop: Shop):
    broken_views(shop.app)
    client = shop.app.test_client()
    invalid = client.get("/fail/invalid")
    assert invalid.status_code == 422
    assert "Write it like Europe/Helsinki." in invalid.text
    assert '<p class="lead">Is not a time zone.</p>' in invalid.text, "without the field as programs know it"
    told = client.get("/fail/invalid", headers={"Accept": "application/json"}).json
    assert (told["message"], told["field"]) == ("zone: is not a time zone", "zone")
    missing = client.get("/fail/missing")
    assert missing.status_code == 404
    assert "&lt;b&gt;x&lt;/b&gt;" in missing.text


def test_a_program_is_answered_in_json(shop: Shop):
    broken_views(shop.app)
    answer = shop.app.test_client().get("/fail/forbidden", headers={"Accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json == {"code": "not_allowed", "message": "Not for you.", "request_id": answer.json["request_id"]}


def test_even_without_a_database_somebody_answers(shop: Shop):
    with shop.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE seller RENAME TO elsewhere"))
    answer = shop.app.test_client().get("/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text


def test_the_wrong_method_is_no_dead_end(shop: Shop):
    answer = shop.visitor().get("/sign-out")
    assert answer.status_code == 405
    assert "To the start page" in answer.text


def error_kinds() -> list[type[BillheadError]]:
    kinds = [kind for kind in vars(domain_errors).values() if isinstance(kind, type)]
    return [kind for kind in kinds if issubclass(kind, BillheadError)]


@pytest.mark.parametrize("kind", error_kinds(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status(kind: type[BillheadError]):
    assert 400 <= status_of(kind.__new__(kind)) <= 503


def test_healthy(any_shop: Shop):
    answer = any_shop.app.test_client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json["ok"] is True


def test_a_database_that_was_not_migrated_is_not_healthy(any_shop: Shop):
    with any_shop.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = any_shop.app.test_client().get("/healthz")
    assert answer.status_code == 503
    assert "billhead db upgrade" in answer.json["why"]
