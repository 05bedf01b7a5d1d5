"""What every theme must do: tokens that are colours and sizes and nothing else, files where it says that they are.

class TestMidnight(ThemeConformance):
    @pytest.fixture
    def theme(self): return themes()[0]

A child theme also says whose: `parents` are the themes that it inherits from, the nearest first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, TemplateSyntaxError, nodes

from billhead import web
from billhead.actions.notifications._letter import FRAME, MAIL_TEMPLATES, Look
from billhead.actions.notifications._render import Rendered, render
from billhead.actions.notifications._samples import sample_facts
from billhead.actions.shops._colours import PAIRS, SMALL_TEXT, contrast
from billhead.plugin import Theme
from billhead.plugin_host.themes import with_inherited
from billhead.testing.dressed_shop import open_dressed_shop
from billhead.testing.page_faults import PageReader
from billhead.wording import NOTICE_LANGUAGES, PAGE_LANGUAGES, direction

__all__ = ["ThemeConformance"]

_TOKEN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RRGGBB = re.compile(r"#[0-9a-fA-F]{6}")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_OURS = Path(web.__file__).with_name("templates")
_PAGES_AT_LEAST = 150
_OF_SHOP_AT_LEAST = 30
_WAY = re.compile(r"storefront/plans_as_[a-z][a-z0-9-]{0,39}\.html")  # one more in which plans can be shown
_MAIL = f"{MAIL_TEMPLATES.name}/"
_RUNS_OR_FETCHES = re.compile(
    r"<(?:script|link|iframe|object|form|video)\b|\bsrc=\"(?!cid:)|url\(|@import|\son\w+=", re.I
)
_OUT_OF_BOUNDS = ("config", "session", "g", "self")  # the application's insides
# what would end the declaration, start another rule or fetch something
_UNSAFE = re.compile(r"[;{}<>\\]|url\(|@import|expression\(|/\*", re.IGNORECASE)


class ThemeConformance:
    """Override the fixture `theme`, and `parents` for a child."""

    @pytest.fixture
    def theme(self) -> Theme:
        raise NotImplementedError("override the fixture `theme`: return your Theme")

    @pytest.fixture
    def parents(self) -> Sequence[Theme]:
        return ()

    @pytest.fixture
    def whole(self, theme: Theme, parents: Sequence[Theme]) -> Theme:
        """With what it inherits."""
        return with_inherited([theme, *parents])

    def test_it_is_a_theme(self, theme: Theme) -> None:
        assert isinstance(theme, Theme)
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", theme.code)
        assert theme.label
        assert theme.root.is_dir(), f"{theme.root} is not a folder"

    def test_tokens_are_custom_properties(self, theme: Theme) -> None:
        for name, value in {**theme.tokens, **theme.dark}.items():
            assert _TOKEN.fullmatch(name), f"{name!r}: tokens are small-letters-with-dashes, without the leading --"
            assert value.strip(), f"{name} is empty"
            assert not _UNSAFE.search(value), f"{name}: {value!r} is more than a value"
            assert not value.startswith("#") or _HEX.fullmatch(value), f"{name}: {value!r} is not a colour"

    def test_the_dark_changes_only_what_there_is(self, whole: Theme) -> None:
        unknown = sorted(set(whole.dark) - set(whole.tokens))
        assert not unknown, f"dark sets {', '.join(unknown)}, which tokens does not"

    def test_its_parents_are_those_that_it_names(self, theme: Theme, parents: Sequence[Theme]) -> None:
        named = [one.parent for one in (theme, *parents)]
        assert named == [*(one.code for one in parents), ""], "override the fixture `parents`: the nearest first"

    @pytest.mark.parametrize("look", ["light", "dark"])
    def test_words_stand_out_from_their_ground(self, whole: Theme, look: str) -> None:
        tokens = whole.tokens if look == "light" else {**whole.tokens, **whole.dark}
        for words, ground in PAIRS:
            if not (_RRGGBB.fullmatch(tokens.get(words, "")) and _RRGGBB.fullmatch(tokens.get(ground, ""))):
                continue  # core's own, or written in another way
            ratio = contrast(tokens[words], tokens[ground])
            assert ratio >= SMALL_TEXT, f"{look}: {words} on {ground} has a contrast of {ratio:.1f}, less than 4.5"

    def test_templates_keep_the_content_security_policy(self, theme: Theme) -> None:
        for name, path in _templates(theme):
            if name.startswith(_MAIL):
                continue  # a mail has nothing but what is inline
            strict = PageReader()
            strict.feed(path.read_text(encoding="utf-8"))
            faults = [f"{name}: {fault}" for fault in strict.faults if "inline" in fault]
            assert not faults, "\n".join(faults)

    def test_each_template_takes_the_place_of_one(self, theme: Theme, parents: Sequence[Theme]) -> None:
        """Whatever has another name is rendered by nobody, unless a template of the theme uses it."""
        used = "".join(path.read_text("utf-8") for one in (theme, *parents) for _, path in _templates(one))
        for name, _path in _templates(theme):
            assert _is_ours(name) or _WAY.fullmatch(name) or f'"{name}"' in used, (
                f"{name}: no page and no template asks for it"
            )

    def test_templates_show_and_do_no_more(self, theme: Theme) -> None:
        """No way around escaping, nothing of the application's insides."""
        for name, path in _templates(theme):
            assert not (found := list(_oversteps(path.read_text("utf-8")))), f"{name}: {', '.join(found)}"

    def test_all_pages_in_it_are_whole(self, theme: Theme, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        """Each kind of page of a filled shop, as visitor, customer, reseller and staff: answers, well-formed, in its
        language and direction, with one <main> and one <h1>, nothing inline, and files that are there. So of a
        reseller's shop, in its own picture and colours, and of the first page however it shows plans. Right to left in
        short; in all languages with --full."""
        languages = PAGE_LANGUAGES if request.config.getoption("--full", default=False) else ("ar",)
        with open_dressed_shop(tmp_path, theme.code) as shop:
            for language in languages:
                for walk, least in ((shop.faults, _PAGES_AT_LEAST), (shop.faults_of_shop, _OF_SHOP_AT_LEAST)):
                    faults, pages = walk(language)
                    assert not faults, f"{language}, {len(faults)} faults:\n" + "\n".join(faults[:40])
                    assert pages >= least, f"only {pages} pages could be reached by links"
                assert not (faults := shop.faults_of_plans(language)), f"{language}:\n" + "\n".join(faults)

    def test_mails_in_it_are_whole(self, theme: Theme, parents: Sequence[Theme], whole: Theme) -> None:
        """In each language, with and without a picture: what it is for is there, and nothing runs or is fetched."""
        folders = tuple(one.root / MAIL_TEMPLATES for one in (theme, *parents))
        for language, has_logo in product(NOTICE_LANGUAGES, (True, False)):
            look = Look(whole.tokens, has_logo, ("NorthCable Oy, Satamakatu 4",), folders)
            facts = sample_facts("reminder", look=look, language=language)
            mail = render("reminder", facts)
            faults = [*_faults_of_mail(mail.html, language), *_lacks(mail, facts)]
            assert not faults, f"{language}: {', '.join(faults)}"

    def test_static_files_fetch_nothing_from_elsewhere(self, theme: Theme) -> None:
        for path in sorted((theme.root / "static").rglob("*.css")):
            far = re.findall(r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//[^'\")\s]+", path.read_text("utf-8"))
            assert not far, f"{path.name} fetches {far[0]}"


def _templates(theme: Theme) -> Iterator[tuple[str, Path]]:
    """(name, file)"""
    root = theme.root / "templates"
    for path in sorted(one for one in root.rglob("*") if one.suffix in (".html", ".txt")):
        yield path.relative_to(root).as_posix(), path


def _is_ours(name: str) -> bool:
    return (FRAME / name.removeprefix(_MAIL)).is_file() if name.startswith(_MAIL) else (_OURS / name).is_file()


def _faults_of_mail(html: str, language: str) -> Iterator[str]:
    if f'<html lang="{language}" dir="{direction(language)}">' not in html:
        yield f"it doesn't say that it is in {language}, {direction(language)}"
    for found in _RUNS_OR_FETCHES.finditer(html):
        yield f"{found[0]!r} runs or is fetched, or is left out by mail programs"


def _lacks(mail: Rendered, facts: Mapping[str, Any]) -> Iterator[str]:
    """What each mail says, whatever it looks like."""
    for said in (facts["seller"], facts["account_url"], facts["document"]["pay_url"], facts["look"].foot[0]):
        if str(said) not in mail.html:
            yield f"{said} is missing"
        if str(said) not in mail.text:
            yield f"{said} is missing in the plain text"


def _oversteps(source: str) -> Iterator[str]:
    try:
        tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {error.message}"
        return
    for one in tree.find_all(nodes.Filter):
        if one.name in ("safe", "forceescape"):
            yield f"line {one.lineno}: |{one.name}"
    for attribute in tree.find_all(nodes.Getattr):
        if attribute.attr.startswith("_"):
            yield f"line {attribute.lineno}: .{attribute.attr}"
    for name in tree.find_all(nodes.Name):
        if name.name in _OUT_OF_BOUNDS:
            yield f"line {name.lineno}: {name.name}"
    for _escaping in tree.find_all(nodes.ScopedEvalContextModifier):
        yield "autoescape"
