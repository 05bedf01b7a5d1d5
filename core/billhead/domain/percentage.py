"""Percentages as they are typed, in parts per million: 12.5 are 125000."""

import re

from billhead.domain.errors import InvalidInput
from billhead.domain.typed_text import western_digits

__all__ = ["parse_percent"]

_PLAIN = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]{1,5})(?:\.(?P<part>[0-9]{1,4}))?")
_MOST = 100_000_000


def parse_percent(text: str, field: str = "percent") -> int:
    """Plain digits with a dot, at most 10 000, and no more decimals than parts per million have: 1e1 is none.

    Raises InvalidInput(field, …); how much it may be in its place is for the caller to say.
    """
    found = _PLAIN.fullmatch(western_digits(text.strip()))
    ppm = int(found["whole"]) * 10_000 + int((found["part"] or "").ljust(4, "0")) if found else 0
    if found is None or ppm > _MOST:
        raise InvalidInput(field, f"{text!r} is not a percentage", hint="write it like 5 or -2.5")
    return -ppm if found["sign"] else ppm
