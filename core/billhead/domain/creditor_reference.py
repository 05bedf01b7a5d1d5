"""The reference that a payer types into a transfer: ISO 11649, with check digits that keep slips of the finger out.

RF48 0000 81 is document 81, RF52 P000 007 the payment attempt 7, which may pay several documents. The number behind the
check digits has six digits or more; written so, no shorter reference is the beginning of a longer one by accident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

_BEGINS = re.compile(r"(?=RF([0-9]{2})(P?)([0-9]{6,18}))")
_WIDTH = 6


class About(StrEnum):
    """What a reference is about; the value is its letter."""

    DOCUMENT = ""
    ATTEMPT = "P"


class Reference(NamedTuple):
    """What is named by a reference."""

    about: About
    id: int

    @property
    def text(self) -> str:
        """As it is sent: RF48000081."""
        body = f"{self.about.value}{self.id:0{_WIDTH}d}"
        return f"RF{98 - _remainder(body + 'RF00'):02d}{body}"

    @property
    def printed(self) -> str:
        """In groups of four, as on paper."""
        return " ".join(self.text[at : at + 4] for at in range(0, len(self.text), 4))


def squeezed(text: str) -> str:
    """Capitals and digits alone: banks wrap lines anywhere, and payers write dashes and blanks."""
    return "".join(sign for sign in text.upper() if sign.isascii() and sign.isalnum())


def references_in(text: str) -> Iterator[Reference]:
    """All that a text names with right check digits, in their order. Whatever stands directly behind one is no harm."""
    for found in _BEGINS.finditer(squeezed(text)):
        check, letter, digits = found.groups()
        for length in range(len(digits), _WIDTH - 1, -1):
            written = digits[:length]
            canonical = length == _WIDTH or not written.startswith("0")
            if canonical and _remainder(f"{letter}{written}RF{check}") == 1:
                yield Reference(About(letter), int(written))


def _remainder(text: str) -> int:
    """ISO 7064: letters count from 10 on, and the whole is right when 1 is left of it by 97."""
    return int("".join(str(int(sign, 36)) for sign in text)) % 97
