"""How much is pressed for a user, beside what is typed; and that the list stays as fast when it is long."""

from html.parser import HTMLParser
from itertools import product

from reseller_area import Area, sell_fifty
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
    """The tab stops of the form, without scripts; what is folded away is none. And what the list of plans offers."""

    def __init__(self) -> None:
        super().__init__()
        self.stops: list[str] = []
        self.offers: list[str] = []
        self.words: dict[str, str] = {}
        self.boxes: set[str] = set()
        self.focus, self.chosen, self.shown = "", "", 0
        self._inside, self._folded, self._list = False, 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form" and "adding" in (told.get("class") or ""):
            self._inside = True
        if not self._inside:
            return
        if tag == "details" and "open" not in told:
            self._folded += 1
        name = told.get("name") or told.get("id") or tag
        if tag == "select":
            self._list = name
            self.shown = int(told["size"] or 0) if name == "offer" else self.shown
        if tag == "option" and self._list == "offer":
            value = told["value"] or ""
            self.offers.append(value)
            self.words[value] = told["data-words"] or ""
            self.boxes |= {value} if "data-box" in told else set()
            self.chosen = value if "selected" in told else self.chosen
        unseen = told.get("type") == "hidden" or "hidden" in told or (self._folded and tag != "summary")
        if tag in FOCUSABLE and not unseen and name not in self.stops:
            self.stops.append(name)
        if "autofocus" in told:
            self.focus = name

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "details" and self._folded:
            self._folded -= 1

    def to_choose(self, offer: str) -> int:
        """Home, End or neither; then pages and arrows, either way."""
        to, last, page = self.offers.index(offer), len(self.offers) - 1, self.shown - 1
        found = []
        for at, first in ((self.offers.index(self.chosen), 0), (0, 1), (last, 1)):
            whole = abs(to - at) // page
            for pages in (whole, whole + 1):
                step = pages * page if to > at else -pages * page
                found.append(first + pages + abs(min(max(at + step, 0), last) - to))
        return min(found)

    def to_find(self, offer: str) -> int:
        """Letters of the shortest search after which it is chosen, arrows included."""
        words = {value: told.lower().split() for value, told in self.words.items()}
        parts = {word[:length] for word in words[offer] for length in range(1, len(word) + 1)}
        found = []
        for typed in (*((one,) for one in parts), *product(parts, parts)):
            fits = [value for value in self.offers if all(any(w.startswith(t) for w in words[value]) for t in typed)]
            found.append(len(" ".join(typed)) + fits.index(offer))
        return min(found)


def pressed(page: str, offer: str, typed: tuple[str, ...], *, scripts: bool = False) -> int:
    """Keys that are no data: from the focus to the plan and to each field that is typed into, then Enter."""
    stops = Stops()
    stops.feed(page)
    order = [name for name in stops.stops if name != "mac" or offer in stops.boxes]
    at, keys = order.index(stops.focus), 0
    if offer != stops.chosen:
        keys += abs(at - order.index("offer"))
        at = order.index("offer")
        keys += 2 + stops.to_find(offer) if scripts else stops.to_choose(offer)  # the search stands before the list
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
    for told in ('value="Dana"', 'value="nonsense"', 'data-words="Basic for boxes 1 month" selected'):
        assert told in kept.text, told
    # nor is anything bought by a plan that is none
    refused = baltic.post("/reseller/users/new", {"offer": "box|9 months", "name": "Dana", "language": "en"})
    assert refused.status_code == 422
    assert "Not a valid choice" in refused.text


def test_fifty_prices_take_no_more_keys_than_three(area: Area):
    """Whichever was sold before, with the MAC of a box where it has one; with scripts and without."""
    fifty = sell_fifty(area)
    assert len(fifty) == 50
    baltic = area.browsers["baltic"]
    for before in (fifty[0], fifty[23], fifty[49]):
        area.add("baltic", "Before", offer=before, mac=BOX if before.startswith("more-4") else "")
        page = baltic.get("/reseller/users/new").text
        stops = Stops()
        stops.feed(page)
        assert sorted(stops.offers) == sorted(fifty)
        assert stops.chosen == before
        for offer in fifty:
            fields = ("name", "mac") if offer in stops.boxes else ("name",)
            for scripts in (False, True):
                assert pressed(page, offer, fields, scripts=scripts) <= MOST, (before, offer, scripts)


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
        names = [part.split("<")[0] for part in page.split("<bdi>Many ")[1:]]
        seen += names
        path = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 150
    assert seen == sorted(seen)
    back = page.split('rel="prev"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    again = baltic.get(back).text
    assert [part.split("<")[0] for part in again.split("<bdi>Many ")[1:]] == seen[50:100]


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
