"""What somebody has typed, without the signs that nobody sees."""

import unicodedata

__all__ = ["seen_text", "western_digits"]

_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji are written with them
_BREAKS = "\t\n\r"
_WESTERN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.")


def western_digits(text: str) -> str:
    """A number as Arabic and Persian keyboards write it, in the digits and with the dot that it is read with here."""
    return text.translate(_WESTERN)


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
