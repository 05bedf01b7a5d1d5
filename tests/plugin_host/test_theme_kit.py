"""What ThemeConformance finds on the pages that a theme makes: each kind of fault is shown to be found."""

import pytest
from pretend_plugins import plugin_point

from billhead.plugin import Theme
from billhead.plugin_host import PluginHost
from billhead.testing import ThemeConformance
from billhead.testing.dressed_shop import open_dressed_shop
from billhead.testing.page_faults import page_faults


def test_it_catches_a_template_that_nobody_asks_for(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "storefrnot.html").write_text("")
    with pytest.raises(AssertionError, match=r"storefrnot\.html: no page"):
        ThemeConformance().test_each_template_takes_the_place_of_one(Theme("dusk", "Dusk", tmp_path, {}, {}), ())


WHOLE = (
    '<!doctype html><html lang="ar" dir="rtl"><head><title>T</title></head><body><header></header>'
    '<main id="main"><h1>H</h1></main><footer></footer></body></html>'
)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (' lang="ar"', ' lang="en"', "lang is en"),
        (' dir="rtl"', "", "dir is None"),
        ("<!doctype html>", "", "doctype"),
        ("<h1>H</h1>", "<h2>H</h2>", "0 <h1>"),
        ("<h1>H</h1>", "<h1>H</h1><h1>I</h1>", "2 <h1>"),
        ("<title>T</title>", "", "0 <title>"),
        ("<header></header>", "", "no <header>"),
        ("</main>", "", "closes <main>"),
        ("<h1>H</h1>", '<h1 id="main">H</h1>', "the id main twice"),
        ("<h1>H</h1>", "<h1>H</h1><img src='/x.png'>", "without alt"),
        ("<h1>H</h1>", '<h1 style="color: red">H</h1>', "inline style"),
        ("<h1>H</h1>", '<h1 onclick="go()">H</h1>', "inline script"),
        ("<h1>H</h1>", "<h1>H</h1><script>go()</script>", "inline <script>"),
    ],
)
def test_a_broken_page_is_found(before, after, fault):
    assert page_faults(WHOLE, "ar")[0] == []
    assert any(fault in one for one in page_faults(WHOLE.replace(before, after), "ar")[0])


def test_a_theme_with_a_broken_menu_is_found_on_its_pages(tmp_path):
    """A real theme, as a plugin, whose menu closes what it never opened and shows a picture that is not there."""
    (tmp_path / "own" / "templates").mkdir(parents=True)
    (tmp_path / "own" / "templates" / "_nav.html").write_text('<nav></div><img src="/static/gone.png" alt=""></nav>')
    source = f"""
from pathlib import Path

@hookimpl
def themes():
    return [Theme("own", "Own", Path({str(tmp_path / "own")!r}), {{"accent": "#112233"}})]
"""
    with open_dressed_shop(tmp_path, "own", PluginHost.load([plugin_point("own", source)])) as shop:
        client = shop.visitor()
        faults = list(shop.faults_of(client.get("/cart"), "en", client))
    assert any("</div> closes <nav>" in fault for fault in faults)
    assert "/static/gone.png: 404" in faults
    assert not any("not in the theme" in fault for fault in faults)


HEAD = '{% extends "frame/letter.html" %}{% block head %}<p>HEAD</p>{% endblock %}'


@pytest.mark.parametrize(
    ("letter", "fault"),
    [
        (HEAD.replace("HEAD", "In our way of {{ seller }}"), ""),
        (HEAD.replace("HEAD", '<img src="https://far.example/x.png">'), "is fetched"),
        ("<html><body>{{ content }}</body></html>", "doesn't say that it is in"),
        (HEAD.replace("block head", "block foot").replace("HEAD", ""), "NorthCable Oy, Satamakatu 4 is missing"),
    ],
)
def test_mails_of_a_theme_say_what_they_are_for_and_fetch_nothing(tmp_path, letter, fault):
    (tmp_path / "templates" / "mail").mkdir(parents=True)
    (tmp_path / "templates" / "mail" / "letter.html").write_text(letter)
    theme, kit = Theme("dusk", "Dusk", tmp_path, {}, {}), ThemeConformance()
    kit.test_each_template_takes_the_place_of_one(theme, ())
    kit.test_templates_keep_the_content_security_policy(theme)
    if fault:
        with pytest.raises(AssertionError, match=fault):
            kit.test_mails_in_it_are_whole(theme, (), theme)
    else:
        kit.test_mails_in_it_are_whole(theme, (), theme)
