"""Codes made of names, for what is added without one: "Sky Sport (HD)" becomes sky-sport-hd, the next one -2."""

import re
import unicodedata
from collections.abc import Container
from itertools import count

__all__ = ["code_of", "free_code"]

_LONGEST = 34  # of the 40 that a code may have: the rest is for a number


def code_of(name: str, otherwise: str) -> str:
    """Small letters, digits and single dashes; `otherwise` where the name holds nothing of that."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].rstrip("-") or otherwise


def free_code(begin: str, taken: Container[str]) -> str:
    """`begin`, or the first of begin-2, begin-3 … that is not taken."""
    return begin if begin not in taken else next(code for n in count(2) if (code := f"{begin}-{n}") not in taken)
