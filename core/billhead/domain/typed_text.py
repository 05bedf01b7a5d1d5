"""What somebody has typed, without the signs that nobody sees."""

import unicodedata

__all__ = ["seen_text"]

_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji are written with them
_BREAKS = "\t\n\r"


def seen_text(text: str, *, lines: bool = False) -> str:
    """Without control and format characters, and without blanks around; "" where nothing is left to be seen.

    `lines`: line breaks and tabs stay; otherwise they are blanks.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    left = "".join(
        (sign if lines else " ") if sign in _BREAKS
        else "" if unicodedata.category(sign) in ("Cc", "Cf") and sign not in _JOINERS
        else sign
        for sign in text
    ).strip()  # fmt: skip
    return left if left.strip(_JOINERS + " ") else ""
