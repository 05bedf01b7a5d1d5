"""How much is pressed for a user, beside what is typed; and that the list stays as fast when it is long."""

from html.parser import HTMLParser

from reseller_area import Area
from sqlalchemy import insert
from web_shop import BOX

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

MOST = 12
FOCUSABLE = ("input", "select", "button", "summary", "a")


class Stops(HTMLParser):
    """The tab stops of the form: a group of radio buttons is one; what is folded away is none."""

    def __init__(self) -> None:
        super().__init__()
        self.stops: list[str] = []
        self.offers: list[tuple[str, bool]] = []  # (value, asks for a MAC)
        self.focus, self.chosen = "", ""
        self._inside, self._folded, self._for_box = False, 0, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form" and "adding" in (told.get("class") or ""):
            self._inside = True
        if not self._inside:
            return
        if tag == "details" and "open" not in told:
            self._folded += 1
        name = told.get("name") or told.get("id") or tag
        if told.get("type") == "radio":
            self.offers.append((told["value"] or "", "data-box" in told))
            self.chosen = self.chosen or (told["value"] or "" if "checked" in told else "")
        hidden = told.get("type") == "hidden" or (self._folded and tag != "summary")
        if tag in FOCUSABLE and not hidden and name not in self.stops:
            self.stops.append(name)
        if "autofocus" in told:
            self.focus = name

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "details" and self._folded:
            self._folded -= 1


def pressed(page: str, offer: str, typed: tuple[str, ...]) -> int:
    """Keys that are no data: from the focus to the plan and to each field that is typed into, then Enter."""
    stops = Stops()
    stops.feed(page)
    box = dict(stops.offers)[offer]
    order = [name for name in stops.stops if name != "mac" or box]
    at, keys = order.index(stops.focus), 0
    values = [value for value, _ in stops.offers]
    if offer != stops.chosen:
        keys += abs(at - order.index("offer")) + abs(values.index(offer) - values.index(stops.chosen))  # Tab, arrows
        at = order.index("offer")
    for name in typed:
        keys += abs(order.index(name) - at)
        at = order.index(name)
    return keys + 1


def test_a_user_takes_at_most_twelve_keys_beside_the_data(area: Area):
    baltic = area.browsers["baltic"]
    page = baltic.get("/reseller/users/new").text
    assert pressed(page, "basic|1 month", ("name",)) == 1  # the name, Enter
    assert pressed(page, "box|1 month", ("name", "mac")) <= 6  # another plan, its MAC
    assert pressed(page, "basic|12 months", ("name",)) <= MOST
    area.add("baltic", "Cleo", offer="box|1 month", mac=BOX)
    page = baltic.get("/reseller/users/new").text
    assert pressed(page, "box|1 month", ("name", "mac")) == 2  # remembered: the name, Tab, the MAC, Enter
    # Enter presses the first button of a form: that must add the user, and not give a trial
    assert page.index(">Add user<") < page.index('name="trial"')
    # what was typed stays when something is wrong
    kept = baltic.post(
        "/reseller/users/new", {"offer": "box|1 month", "name": "Dana", "mac": "nonsense", "language": "en"}
    )
    assert kept.status_code == 422
    for told in ('value="Dana"', 'value="nonsense"', 'value="box|1 month" checked'):
        assert told in kept.text, told


def test_ten_thousand_users_take_as_many_queries_as_ten(area: Area):
    baltic = area.browsers["baltic"]
    for number in range(3):
        area.add("baltic", f"User {number}")
    paths = ("", "users", "users?sort=ends", "users?sort=name&show=waiting", "users?q=User", "credits")
    few = {path: _queries(area, path) for path in paths}
    _many(area, 10_000)
    assert {path: _queries(area, path) for path in paths} == few
    assert max(few.values()) <= 25, few
    # page after page by a column, forth and back, and none twice
    seen, path = list[str](), "/reseller/users?sort=name&q=Many"
    for _ in range(3):
        page = baltic.get(path).text
        names = [part.split("<")[0] for part in page.split('">Many ')[1:]]
        seen += names
        path = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 150
    assert seen == sorted(seen)
    back = page.split('rel="prev"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    again = baltic.get(back).text
    assert [part.split("<")[0] for part in again.split('">Many ')[1:]] == seen[50:100]


def _queries(area: Area, path: str) -> int:
    with area.shop.asking("plugin_state") as seen:
        assert area.browsers["baltic"].get(f"/reseller/{path}").status_code == 200
    return len(seen)


def _many(area: Area, how_many: int) -> None:
    now = clock.now()
    with area.shop.app.app_context(), writing(Context.system("test")) as tx:
        plan = tx.session.query(Plan).filter_by(code="basic").one()
        first = 1000
        ids = range(first, first + how_many)
        seller, payer = area.shop.seller_id, area.ids["baltic"]
        tx.session.execute(
            insert(Customer),
            [
                {"id": key, "seller_id": seller, "reseller_id": payer, "name": f"Many {key:06}",
                 "sought_name": f"many {key:06}", "email": "",
                 "country": "FI", "currency": "EUR", "created_at": now}
                for key in ids
            ],
        )  # fmt: skip
        tx.session.execute(
            insert(Subscription),
            [
                {"id": key, "seller_id": seller, "customer_id": key, "plan_id": plan.id, "settlement": "credits",
                 "payer_reseller_id": payer, "currency": "EUR", "state": "active", "term": "1 month",
                 "anchor": now.date(), "started_on": now.date(), "paid_through": now.date(), "zone": "UTC",
                 "created_at": now}
                for key in ids
            ],
        )  # fmt: skip
