"""What every theme must do: tokens that are colours and sizes and nothing else, files where it says that they are.

class TestMidnight(ThemeConformance):
    @pytest.fixture
    def theme(self): return themes()[0]
"""

import re
from html.parser import HTMLParser

import pytest

from billhead.plugin import Theme

__all__ = ["ThemeConformance"]

_TOKEN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
# what would end the declaration, start another rule or fetch something
_UNSAFE = re.compile(r"[;{}<>\\]|url\(|@import|expression\(|/\*", re.IGNORECASE)


class ThemeConformance:
    """Override the fixture `theme`."""

    @pytest.fixture
    def theme(self) -> Theme:
        raise NotImplementedError("override the fixture `theme`: return your Theme")

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

    def test_the_dark_changes_only_what_there_is(self, theme: Theme) -> None:
        unknown = sorted(set(theme.dark) - set(theme.tokens))
        assert not unknown, f"dark sets {', '.join(unknown)}, which tokens does not"

    def test_templates_keep_the_content_security_policy(self, theme: Theme) -> None:
        for path in sorted((theme.root / "templates").rglob("*.html")):
            strict = _StrictMarkup(str(path.relative_to(theme.root)))
            strict.feed(path.read_text(encoding="utf-8"))
            assert not strict.faults, "\n".join(strict.faults)

    def test_static_files_fetch_nothing_from_elsewhere(self, theme: Theme) -> None:
        for path in sorted((theme.root / "static").rglob("*.css")):
            far = re.findall(r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//[^'\")\s]+", path.read_text("utf-8"))
            assert not far, f"{path.name} fetches {far[0]}"


class _StrictMarkup(HTMLParser):
    """Collects what a strict policy would block: inline styles, inline handlers, scripts without a file."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        line, _ = self.getpos()
        if "style" in names:
            self.faults.append(f"{self.place}:{line}: an inline style")
        if any(name.startswith("on") for name in names):
            self.faults.append(f"{self.place}:{line}: an inline script in an attribute of <{tag}>")
        if tag == "style" or (tag == "script" and not {"src", "nonce"} & names):
            self.faults.append(f"{self.place}:{line}: an inline <{tag}>")
