"""What the audit trail says was done, in words: it keeps codes such as `documents.void`, for programs and for looking
it up. What plugins write has their codes only."""

from collections.abc import Mapping

from markupsafe import Markup, escape

from billhead.web.admin.deeds.house import HOUSE
from billhead.web.admin.deeds.lines import LINES
from billhead.web.admin.deeds.money import MONEY
from billhead.web.admin.deeds.people import PEOPLE
from billhead.web.speaking import say

__all__ = ["DEEDS", "deed", "deeds_said", "say_deed"]

DEEDS: Mapping[str, str] = {**PEOPLE, **MONEY, **LINES, **HOUSE}
"""Each code that core writes → what it means."""


def say_deed(code: str) -> str:
    """In the language of the page; the code itself of what has no words."""
    return say(DEEDS[code]) if code in DEEDS else code


def deed(code: str) -> Markup:
    """The words, with the code to be read beneath the pointer."""
    return Markup('<span title="{}">{}</span>').format(code, say_deed(code)) if code in DEEDS else escape(code)


def deeds_said(typed: str) -> list[str]:
    """The codes whose words, in the language of the page, have in them what was typed."""
    sought = typed.casefold()
    return [code for code in DEEDS if sought in say_deed(code).casefold()]
