"""Words as they are searched: lower case, without accents, marks and Markdown's own signs."""

import re
import unicodedata

__all__ = ["MOST_WORDS", "searched", "slug_of", "words_in"]

MOST_WORDS = 6
_NO_WORD = re.compile(r"[^\w]+")


def searched(text: str) -> str:
    """ "Kein Bild? Größe wählen" → "kein bild grosse wahlen" """
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(_NO_WORD.sub(" ", letters.replace("_", " ")).split())


def words_in(typed: str) -> list[str]:
    """What somebody looks for, at most a few words of it; one letter alone is none."""
    return [word for word in dict.fromkeys(searched(typed[:200]).split()) if len(word) > 1][:MOST_WORDS]


def slug_of(title: str) -> str:
    """Of ASCII letters and digits; "" where a title has none."""
    ascii_only = searched(title).encode("ascii", "ignore").decode()
    return "-".join(ascii_only.split())[:80].strip("-")
