"""Lounge keeps what every theme must, and its words can be read on its grounds."""

import pytest

from billhead.plugin import Theme
from billhead.testing import ThemeConformance
from billhead_theme_lounge.plugin import themes

PAIRS = [
    ("ink", "ground"), ("ink", "surface"), ("ink", "sunken"), ("ink-soft", "ground"), ("ink-soft", "surface"),
    ("ink-soft", "sunken"), ("on-accent", "accent"), ("accent", "surface"), ("accent", "accent-soft"),
    ("on-top", "top"), ("good", "good-soft"), ("warn", "warn-soft"), ("bad", "bad-soft"), ("bad", "surface"),
]  # fmt: skip


class TestLounge(ThemeConformance):
    @pytest.fixture
    def theme(self) -> Theme:
        return themes()[0]

    @pytest.mark.parametrize("mode", ["light", "dark"])
    def test_words_stand_out_from_their_ground(self, theme: Theme, mode: str) -> None:
        tokens = theme.tokens if mode == "light" else {**theme.tokens, **theme.dark}
        faint = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in PAIRS}
        assert {pair: ratio for pair, ratio in faint.items() if ratio < 4.5} == {}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two #rrggbb colours (WCAG 2.2): 4.5 is what small text needs."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
