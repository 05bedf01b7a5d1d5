"""The operator's pages and the front of the shop, in a window, on a phone, in the dark and from right to left."""

import pytest
from walking import DESKTOP, PHONE
from web_shop import Shop

pytestmark = pytest.mark.xdist_group("browser")

FRONT = """Every channel of the north, on all your screens.

## In a minute
Paid, and your line is there.

## No contract
Prepaid: **stop** when you like.

## Help that answers
[Write to us](/help), in five languages."""
TERMS = """## What you buy

| Plan | Streams |
|---|---|
| Basic | 1 |

### How long

- a month
- a year"""


def fill(shop: Shop) -> None:
    staff = shop.person("staff", "boss@example.com", "*")
    for slug, place, title, body in (
        ("front", "front", "Television of the north", FRONT),
        ("channels", "menu", "Channel list", "# Sport\n\nAll of it."),
        ("terms", "footer", "Terms", TERMS),
    ):
        staff.post("/admin/pages/new", {"slug": slug, "place": place, "position": "1"}, page="/admin/pages/new")
        key = len(shop.rows(_page()))
        told = {"title": title, "body": body, "act": "publish", "description": "For those who look."}
        staff.post(f"/admin/pages/{key}/en", told, page="/admin/pages/new")
    arabic = {"title": "الشروط", "body": "## ما تشتريه\n\nكل شيء.", "act": "publish"}
    staff.post("/admin/pages/3/ar", arabic, page="/admin/pages/new")


def _page() -> type:
    from billhead.models.content import ContentPage

    return ContentPage


LOOKS = pytest.mark.parametrize(
    ("size", "window"),
    [(DESKTOP, {}), (PHONE, {"color_scheme": "dark"}), (PHONE, {"language": "ar"})],
    ids=["desktop", "dark-phone", "arabic-phone"],
)


@LOOKS
def test_everybody_reads_the_pages(walker, shop, size, window):
    window = dict(window)
    fill(shop)
    language = window.pop("language", "en")
    visitor = walker(size, **window)
    visitor.page.context.add_cookies([{"name": "language", "value": language, "url": visitor.address}])
    for path in ("/", "/pages/terms", "/pages/terms?language=ar", "/pages/channels"):
        visitor.go(path)
    assert "Sport" in visitor.page.inner_text("article h2")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_staff_write_them(walker, shop, size):
    fill(shop)
    visitor = walker(size)
    visitor.sign_in("boss@example.com")
    for path in ("/admin/pages", "/admin/pages/new", "/admin/pages/3", "/admin/pages/3/en", "/admin/pages/3/en/1/back"):
        visitor.go(path)
    visitor.go("/admin/pages/3/en")
    visitor.page.get_by_label("Text").fill("## Another\n\nText.")
    visitor.press("Keep it, and look at it in the shop")
    assert "Nobody else sees it" in visitor.page.inner_text("main")
