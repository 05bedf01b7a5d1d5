"""What the shop, the areas and notices say is there in every language, with the same values in it and all plural forms.

After a change of words: `make words`, and fill in what is empty.
"""

import ast
import re
from pathlib import Path

import pytest

from billhead.locale import write_catalogues
from billhead.wording import NOTICE_LANGUAGES, PAGE_LANGUAGES
from source_tree import ROOT

WEB = Path(write_catalogues.__file__).resolve().parents[1] / "web"
PACKAGES = sorted(found.parent for found in (ROOT / "plugins").rglob("billhead_*/__init__.py"))
_VALUES = re.compile(r"%\((\w+)\)[sd]|\{\{([\w.]+)\}\}")
OTHERS = [code for code in PAGE_LANGUAGES if code != "en"]


@pytest.fixture(scope="module")
def said():
    return write_catalogues.said()


def test_five_languages_beside_english():
    assert OTHERS == ["ar", "de", "es", "fr", "tr"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language, said):
    catalogue = write_catalogues.catalogue(language)
    assert faults(catalogue, said) == []


def test_no_text_stands_inside_of_an_f_string():
    """Who looks for texts to translate does not look in there."""
    found = []
    for path in sorted((*WEB.rglob("*.py"), *(ROOT / "plugins").rglob("billhead_*/**/*.py"))):
        for text in ast.walk(ast.parse(path.read_text("utf-8"))):
            calls = (one for one in ast.walk(text) if isinstance(text, ast.JoinedStr) and isinstance(one, ast.Call))
            found += [f"{path.name}:{text.lineno}" for call in calls if _says(call)]
    assert found == []


def _says(call):
    named = getattr(call.func, "id", "") in ("_", "say", "say_count", "later", "marked")
    return named and call.args and isinstance(call.args[0], ast.Constant)


@pytest.mark.parametrize("language", [code for code in NOTICE_LANGUAGES if code != "en"])
def test_every_text_of_a_notice_is_translated(language):
    catalogue = write_catalogues.catalogue(language, "notices")
    assert faults(catalogue, write_catalogues.said_in_notices()) == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_plugin_brings_the_words_of_its_pages_and_settings_in_every_language(package, language):
    catalogue = write_catalogues.catalogue(language, folder=package / "locale")
    assert faults(catalogue, write_catalogues.said_by(package)) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_word_of_a_plugins_template_is_unmarked(package):
    paths = sorted(package.glob("templates/*/*.html"))
    assert [f"{path.name}: {text}" for path in paths for text in unmarked(path.read_text("utf-8"))] == []


def faults(catalogue, said):
    found = []
    for text in sorted(said, key=str):
        known = catalogue.get(text if isinstance(text, str) else text[0])
        forms = () if known is None else (known.string,) if isinstance(known.string, str) else known.string
        if not forms or not all(forms):
            found.append(f"not translated: {text!r}")
        elif isinstance(text, tuple) and len(forms) != catalogue.num_plurals:
            found.append(f"{len(forms)} of {catalogue.num_plurals} plural forms: {text!r}")
        elif isinstance(text, str) and set(_VALUES.findall(text)) != set(_VALUES.findall(forms[0])):
            found.append(f"other values: {text!r} → {forms[0]!r}")
    gone = {one.id if isinstance(one.id, str) else tuple(one.id) for one in catalogue if one.id} - said
    return found + [f"nobody says it any more: {text!r}" for text in sorted(gone, key=str)]


def test_a_missing_and_a_wrong_translation_are_found():
    catalogue = write_catalogues.catalogue("de")
    catalogue.add("Hello %(name)s", "Hallo %(nome)s")
    assert any("nobody says it" in fault for fault in faults(catalogue, write_catalogues.said()))
    assert faults(catalogue, {"Hello %(name)s"})[0].startswith("other values")
    catalogue.add("Pay {{owed}}", "Zahlen Sie {{owd}}")
    assert faults(catalogue, {"Pay {{owed}}"})[0].startswith("other values")
    assert faults(catalogue, {"Good bye"})[0] == "not translated: 'Good bye'"


@pytest.mark.parametrize("area", ["accounts", "admin", "customer", "reseller", "security", "storefront"])
def test_no_word_of_a_template_is_unmarked(area):
    paths = sorted((WEB / "templates" / area).glob("*.html"))
    assert [f"{path.name}: {text}" for path in paths for text in unmarked(path.read_text("utf-8"))] == []


def unmarked(template):
    """Texts between tags, and read aloud, that no `_(…)` or `{% trans %}` stands around."""
    plain = re.sub(r"\{%-? *block (?:body_class|name)\b.*?endblock *-?%\}", "", template, flags=re.S)
    plain = re.sub(r"\{%-? *trans\b.*?endtrans *-?%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "\0", plain, flags=re.S)
    texts = [text for run in re.sub(r"<[^>]*>", "\0", plain).split("\0") if (text := run.strip())]
    texts += re.findall(r'(?:aria-label|data-label|alt|title)="([^"\0]+)"', plain)
    return [text for text in texts if re.search(r"[^\W\d_]{2}", text) and text not in ("KB", "PDF", "CSV")]


def test_an_unmarked_word_is_found():
    assert unmarked('<p class="lead">{{ _("Hello") }} <b>there</b></p>') == ["there"]
    assert unmarked('{% trans %}Hello <b>there</b>{% endtrans %}<td data-label="Day">{{ day(on) }}</td>') == ["Day"]
