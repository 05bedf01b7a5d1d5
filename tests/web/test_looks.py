"""Themes: tokens as one sheet for light and dark, templates that win, and what happens when one is missing or wrong."""

from pathlib import Path

import pytest
from pretend_plugins import plugin_point
from web_shop import PASSWORD
from web_shop import Shop as WebShop

from billhead.actions.documents._look import look_of
from billhead.actions.notifications._mail_look import look_of_mail
from billhead.actions.notifications._render import render
from billhead.actions.notifications._samples import sample_facts
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.models.sellers import Seller
from billhead.models.shops import Shop
from billhead.plugin import Theme
from billhead.plugin_host import PluginHost
from billhead.plugin_host.themes import lineage
from billhead.web.theming import PLAIN, style_sheet

TEAL = Theme("teal", "Teal", Path("."), {"accent": "#0f766e", "radius": "4px"}, {"accent": "#5eead4"})


def test_tokens_become_custom_properties_for_light_and_dark():
    sheet = style_sheet(TEAL)
    assert ":root{--accent:#0f766e;--radius:4px;}" in sheet
    assert "[data-bs-theme=dark]{--accent:#5eead4;}" in sheet


def test_without_a_choice_the_system_decides_and_no_script_runs():
    _, by_system = style_sheet(TEAL).split("@media (prefers-color-scheme: dark)")
    assert ":root:not([data-bs-theme]){--accent:#5eead4;}" in by_system
    assert ":root:not([data-bs-theme]){color-scheme:dark;" in by_system  # Bootstrap's own dark rules, repeated
    assert "[data-bs-theme=dark]" not in by_system


@pytest.mark.parametrize("value", ["red;}body{display:none", "url(</style>)", "@import 'x'", ""])
def test_a_token_that_is_more_than_a_value_is_refused(value):
    with pytest.raises(InvalidInput, match="theme teal: accent"):
        style_sheet(Theme("teal", "Teal", Path("."), {"accent": value}))


def with_theme(shop: WebShop, root: Path) -> None:
    source = f"""
from pathlib import Path

@hookimpl
def themes():
    return [Theme("own", "Own", Path({str(root)!r}), {{"accent": "#112233"}})]
"""
    shop.app.extensions["billhead"].plugins = PluginHost.load([plugin_point("own", source)])


def test_a_themes_template_wins_also_where_ours_extends_it(shop: WebShop, tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "_nav.html").write_text("<nav>The theme's own menu</nav>")
    with_theme(shop, tmp_path)
    shop.change(Seller, shop.seller_id, theme="own")
    page = shop.visitor().get("/cart").text
    assert "The theme's own menu" in page
    assert "Your cart is empty" in page
    assert "/theme/own.css?v=" in page
    assert "--accent:#112233" in shop.app.test_client().get("/theme/own.css").text


def test_a_missing_theme_is_replaced_by_the_plain_one(shop: WebShop):
    shop.change(Seller, shop.seller_id, theme="uninstalled")
    page = shop.visitor().get("/").text
    assert f"/theme/{PLAIN.code}.css" in page
    assert shop.app.test_client().get("/theme/plain.css").mimetype == "text/css"
    assert shop.app.test_client().get("/theme/uninstalled.css").status_code == 404


def test_each_seller_has_its_own_shop_look_and_logins(shop: WebShop):
    from billhead.db import writing
    from billhead.domain.context import Context

    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(
            Seller(
                code="south", name="South TV", legal_name="South TV Ltd", country="GB", currency="GBP", theme="console"
            )
        )
    south = {"base_url": "http://south.tv.example"}
    client = shop.app.test_client()
    page = client.get("/", **south).text
    assert "South TV" in page
    assert "/theme/console.css" in page
    shop.customer("ada@example.com")
    shop.app.config["WTF_CSRF_ENABLED"] = False
    refused = client.post("/sign-in", data={"email": "ada@example.com", "password": PASSWORD}, **south)
    assert refused.status_code == 422


def test_a_child_inherits_tokens_and_templates(shop: WebShop, tmp_path):
    for name, files in (("own", {"templates/_nav.html": "<nav>The child's menu</nav>"}),
                        ("elder", {"templates/_nav.html": "<nav>The parent's menu</nav>",
                                   "templates/error.html": "The parent's regret"})):  # fmt: skip
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
    source = f"""
from pathlib import Path

@hookimpl
def themes():
    root = Path({str(tmp_path)!r})
    return [Theme("own", "Own", root / "own", {{"accent": "#112233"}}, parent="elder"),
            Theme("elder", "Elder", root / "elder", {{"accent": "#445566", "top": "#000001"}}, {{"top": "#000002"}})]
"""
    host = PluginHost.load([plugin_point("own", source)])
    shop.app.extensions["billhead"].plugins = host
    shop.change(Seller, 1, theme="own")
    visitor = shop.visitor()
    assert "The child's menu" in visitor.get("/").text
    assert visitor.get("/nowhere").text == "The parent's regret"
    assert style_sheet(host.theme("own")).startswith(":root{--accent:#112233;--top:#000001;}")
    assert [theme.code for theme in host.theme_line("own")] == ["own", "elder"]


def test_a_circle_of_parents_and_one_that_is_gone_end_the_line():
    themes = {code: Theme(code, code, Path("."), parent=parent)
              for code, parent in (("one", "two"), ("two", "one"), ("lone", "gone"))}  # fmt: skip
    assert [theme.code for theme in lineage(themes, "one")] == ["one", "two"]
    assert [theme.code for theme in lineage(themes, "lone")] == ["lone"]


def test_mails_and_papers_are_in_the_look_of_their_seller(white_label, tmp_path):
    """A child without templates of mails has its parent's; a shop's colours go before the theme's."""
    head = tmp_path / "elder" / "templates" / "mail" / "letter.html"
    head.parent.mkdir(parents=True)
    head.write_text(
        '{% extends "frame/letter.html" %}{% block head %}<p>{{ colour("accent") }} of {{ seller }}</p>{% endblock %}'
    )
    source = f"""
from pathlib import Path

@hookimpl
def themes():
    root = Path({str(tmp_path)!r})
    return [Theme("own", "Own", root / "own", {{"accent": "#112233"}}, parent="elder"),
            Theme("elder", "Elder", root / "elder", {{"accent": "#ffff99"}})]
"""
    shop, aurora = white_label.shop, white_label.sellers["aurora"]
    shop.app.extensions["billhead"].plugins = PluginHost.load([plugin_point("own", source)])
    for seller_id in (shop.seller_id, aurora):
        shop.change(Seller, seller_id, theme="own")

    def head_of(seller_id: int) -> str:
        with shop.app.app_context(), reading() as session:
            seller = session.get_one(Seller, seller_id)
            facts = sample_facts("reminder", look=look_of_mail(session, seller), seller=seller.name)
            return render("reminder", facts).html

    def accent_of(seller_id: int) -> str:
        with shop.app.app_context(), reading() as session:
            return look_of(session, seller_id).accent

    assert "<p>#112233 of NorthCable</p>" in head_of(shop.seller_id)
    assert (accent_of(shop.seller_id), accent_of(aurora)) == ("#112233", "#112233")
    shop.change(Shop, aurora, looks={"chosen": {}, "tokens": {"light": {"accent": "#7a1f5c"}, "dark": {}}})
    assert "<p>#7a1f5c of Aurora TV</p>" in head_of(aurora)
    assert accent_of(aurora) == "#7a1f5c"
    shop.change(Shop, aurora, looks={})
    shop.change(Seller, aurora, theme="elder")
    assert accent_of(aurora) == "#23395d"  # light yellow could not be read on paper
    shop.change(Seller, aurora, theme="uninstalled")
    assert "Aurora TV" in head_of(aurora)
