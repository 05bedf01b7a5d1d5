"""With ten thousand customers every page asks as often as with three, and is no longer."""

import re
from collections.abc import Iterator

import pytest
from many import multiply
from reseller_area import Area
from sqlalchemy import func, select
from web_shop import BOX, Browser

from billhead.db import db, reading
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.web.access import stated

COPIES = 3_400
LONGEST = 400_000
NO_PAGE = re.compile(r"csv|\.pdf$|\.zip$|/e-invoice$|^/static|^/theme|^/healthz|^/language|^/sign-out")
ARGUMENT = re.compile(r"<(?:[a-z]+:)?[a-z_]+>")


@pytest.fixture
def lived_in(area: Area) -> Area:
    """Three customers and three users of a reseller: a line, a box, what is owed, a ticket, a method, a family."""
    shop = area.shop
    for number in range(3):
        area.add("baltic", f"User {number}")
        one = shop.customer(f"ada{number}@example.com")
        shop.order(one, "basic", save="1")
        shop.pay(event=f"first{number}", save=True)
        shop.work()
        shop.order(one, "box", mac=f"{BOX[:-1]}{number + 1}")
        shop.pay(event=f"second{number}")
        shop.work()
        shop.order(one, "basic", account=str(shop.accounts["transfer"]))
        one.post("/account/family/new", {"email": f"bob{number}@example.com", "rights": ["own.pay"]})
    return area


def test_ten_thousand_customers_make_no_page_longer_and_no_more_questions(lived_in: Area):
    shop = lived_in.shop
    staff = shop.person("staff", "boss@example.com", "*")
    people = {"staff": staff, "reseller": lived_in.browsers["baltic"], "super_reseller": lived_in.browsers["aurora"]}
    few = {(who, path): found for who, one in people.items() for path, found in _walk(lived_in, who, one)}
    assert len(few) > 120
    with shop.app.app_context():
        assert {"customer", "document", "job", "notice", "service"} <= multiply(db.engine.url.database, COPIES)
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(Customer)) > 10_000
            assert session.scalar(select(func.count()).select_from(Document)) > 10_000
    faults = []
    for (who, path), (before, _) in few.items():
        after, length = _asked(lived_in, people[who], path)
        if after > before:  # what is remembered for a while was asked again, perhaps
            after, length = _asked(lived_in, people[who], path)
        if after > before:
            faults.append(f"{who} {path}: {before} questions, then {after}")
        if length > LONGEST:
            faults.append(f"{who} {path}: {length:,} characters")
    assert faults == []


def _walk(area: Area, who: str, browser: Browser) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every page that this role may open, of the first of whatever it is about."""
    for rule in area.shop.app.url_map.iter_rules():
        if "GET" not in rule.methods or NO_PAGE.search(rule.rule):
            continue
        view = area.shop.app.view_functions[rule.endpoint]
        if not hasattr(view, "billhead_allow") or who not in stated(view)[0]:
            continue
        path = ARGUMENT.sub("1", rule.rule)
        browser.get(path)
        found = _asked(area, browser, path)
        if found[1]:
            yield path, found


def _asked(area: Area, browser: Browser, path: str) -> tuple[int, int]:
    """(questions, characters), nothing of what is no page."""
    with area.shop.asking("plugin_state") as asked:
        answer = browser.get(path)
    assert answer.status_code < 500, path
    is_page = answer.status_code == 200 and answer.mimetype == "text/html"
    return (len(asked), len(answer.text)) if is_page else (0, 0)
