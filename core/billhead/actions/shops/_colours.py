"""Colours of a shop: a few are chosen, the rest follow from them, and words stand out from what is behind them.

What is stored is `#rrggbb` under a name that we know, and nothing else: so it can be written into a style sheet.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from billhead.domain.errors import InvalidInput

__all__ = ["CHOSEN", "PAIRS", "SMALL_TEXT", "checked_colours", "contrast", "palette", "readable_on"]

CHOSEN = ("accent", "ground", "surface", "ink", "top")
"""What is asked for; empty: as the theme has it."""

PAIRS = (
    ("ink", "ground"), ("ink", "surface"), ("ink", "sunken"), ("ink-soft", "ground"), ("ink-soft", "surface"),
    ("ink-soft", "sunken"), ("on-accent", "accent"), ("accent", "surface"), ("accent", "accent-soft"),
    ("on-top", "top"), ("good", "good-soft"), ("warn", "warn-soft"), ("bad", "bad-soft"), ("bad", "surface"),
)  # fmt: skip
"""(words, their ground) that stand on one another on some page."""

SMALL_TEXT = Decimal("4.5")  # WCAG 2.2, 1.4.3

_HEX = re.compile(r"#[0-9a-f]{6}")
_WORDS = {
    "accent": "the accent",
    "ground": "the background",
    "surface": "the cards",
    "ink": "the text",
    "top": "the head",
}
_CORE = {"accent": "#1f5fbf", "ground": "#f6f7f9", "surface": "#ffffff", "sunken": "#eef0f3", "ink": "#1b2430",
         "ink-soft": "#56606e", "accent-soft": "#e4edfb", "top": "#1b2430",
         "on-top": "#ffffff", "on-accent": "#ffffff"}  # fmt: skip
_WHITE, _BLACK = "#ffffff", "#101014"


def checked_colours(chosen: Mapping[str, str]) -> dict[str, str]:
    """Those that are told, in small letters. Raises InvalidInput naming what is no colour."""
    found = {}
    for name, value in chosen.items():
        value = value.strip().lower()
        if name not in CHOSEN:
            raise InvalidInput(name, "is no colour of a shop")
        if value and not _HEX.fullmatch(value):
            raise InvalidInput(name, f"{value[:20]!r} is not a colour", hint="write it like #0b6275")
        if value:
            found[name] = value
    return found


def palette(chosen: Mapping[str, str], theme: Mapping[str, str]) -> dict[str, str]:
    """The tokens that differ from the theme's. `chosen` as `checked_colours` gives it.

    Raises InvalidInput naming the colour on which, or in which, words could not be read.
    """
    told = dict(chosen)
    now = {**_CORE, **theme, **told}
    if {"ground", "ink"} & set(told):
        told["sunken"] = _mixed(now["ground"], now["ink"], 6)
        told["line"] = _mixed(now["ground"], now["ink"], 15)
        told["ink-soft"] = _mixed(now["ink"], now["ground"], 28)
    if "accent" in told:
        told["on-accent"] = readable_on(told["accent"])
        told["accent-strong"] = _mixed(told["accent"], now["ink"], 25)
    if {"accent", "surface"} & set(told):
        told["accent-soft"] = _mixed(now["surface"], now["accent"], 9)
    if "top" in told:
        told["on-top"] = readable_on(told["top"])
    whole = {**now, **told}
    for words, ground in PAIRS:
        known = all(_HEX.fullmatch(whole.get(name, "")) for name in (words, ground))
        if known and (words in told or ground in told):
            _check_readable(words, ground, whole, chosen)
    return told


def contrast(one: str, other: str) -> Decimal:
    """From 1 to 21, for two of `#rrggbb`."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + Decimal("0.05")) / (darker + Decimal("0.05"))


def _check_readable(words: str, ground: str, whole: Mapping[str, str], chosen: Mapping[str, str]) -> None:
    ratio = contrast(whole[words], whole[ground])
    if ratio >= SMALL_TEXT:
        return
    names = (words, ground, words.partition("-")[0], ground.partition("-")[0], "ink", "ground", "surface", "accent")
    field = next((name for name in names if name in chosen), next(iter(chosen)))
    raise InvalidInput(
        field,
        f"{_WORDS[field]} can't be read well: {words} on {ground} has a contrast of {ratio:.1f}",
        hint="4.5 is needed: choose a darker or a lighter one",
    )


def readable_on(colour: str) -> str:
    """White or nearly black."""
    return max((_WHITE, _BLACK), key=lambda one: contrast(one, colour))


def _mixed(one: str, other: str, percent: int) -> str:
    """So much of the other in the one."""
    return "#" + "".join(
        f"{(first * (100 - percent) + second * percent) // 100:02x}"
        for first, second in zip(_parts(one), _parts(other), strict=True)
    )


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(colour: str) -> Decimal:
    red, green, blue = (_linear(Decimal(part) / 255) for part in _parts(colour))
    return Decimal("0.2126") * red + Decimal("0.7152") * green + Decimal("0.0722") * blue


def _linear(part: Decimal) -> Decimal:
    if part <= Decimal("0.04045"):
        return part / Decimal("12.92")
    return Decimal(((part + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4"))
