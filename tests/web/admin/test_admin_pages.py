"""Every page of the admin area opens on a house with something in it, and on an empty one."""

from web_shop import Shop

LISTS = (
    "customers", "subscriptions", "services", "messages", "documents", "payments", "attempts", "not-billed", "gateways",
    "callbacks", "panels", "jobs", "deliveries", "plugins", "catalogue", "audit", "rejected-usage",
)  # fmt: skip
PAGES = (
    "customers/1", "subscriptions/1", "services/1", "documents/1", "documents/2", "documents/2.pdf", "attempts/1",
    "jobs/1", "panels/1", "panels/1/settings", "panels/1/owners", "panels/new", "panels/new/memory", "gateways/1",
    "gateways/new", "gateways/new/cards", "catalogue/1", "callbacks/1", "switches", "switches/charges",
    "plugins/cards/disable",
    "subscriptions/1/suspend", "subscriptions/1/cancel", "jobs/1/cancel", "panels/1/maintenance", "catalogue/1/retire",
)  # fmt: skip
GONE = (
    "customers/99", "subscriptions/99", "services/99", "documents/99", "attempts/99", "jobs/99", "panels/99",
    "gateways/99", "callbacks/99", "catalogue/99", "deliveries/99", "switches/nothing", "plugins/none/enable",
    "plugins/theme_console/settings", "panels/new/none", "subscriptions/99/suspend", "documents/99/transfer",
)  # fmt: skip


def test_every_page_opens(any_counter):
    for path in ("", *LISTS, *PAGES):
        answer = any_counter.get(f"/admin/{path}")
        assert answer.status_code == 200, f"/admin/{path}: {answer.status_code}\n{answer.text[-2000:]}"


def test_every_list_says_what_it_is_for_when_it_is_empty(shop: Shop):
    staff = shop.person("staff", "sam@example.com", "*")
    filled = {"gateways", "panels", "plugins", "catalogue", "audit"}
    for name in LISTS:
        text = staff.get(f"/admin/{name}").text
        assert ("Nothing yet" in text) is (name not in filled), name


def test_a_filter_that_nothing_fits_says_so(counter):
    for name in LISTS:
        if name not in ("gateways", "not-billed"):
            assert "Nothing fits" in counter.get(f"/admin/{name}?q=zzz").text, name
        assert counter.get(f"/admin/{name}?before=9&after=x&state=%27&q=%25_").status_code == 200, name


def test_every_list_comes_as_csv(counter):
    for name in LISTS:
        answer = counter.get(f"/admin/{name}?format=csv")
        assert answer.status_code == 200, name
        assert answer.mimetype == "text/csv", name
        assert answer.headers["Content-Disposition"].startswith("attachment; filename="), name
        assert answer.text.startswith("\ufeff"), name


def test_what_is_not_there_is_said_kindly(counter):
    for path in GONE:
        answer = counter.get(f"/admin/{path}")
        assert answer.status_code == 404, path
        assert "There is no" in answer.text, path


def test_times_are_in_the_sellers_zone(counter):
    assert "Times in Europe/Helsinki" in counter.get("/admin/").text


def test_a_page_that_adds_to_the_head_keeps_the_style_of_the_area(counter):
    for path in ("gifts", "panels/1/addresses"):
        assert "admin.css" in counter.get(f"/admin/{path}").text, path
