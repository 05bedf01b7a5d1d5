"""How names and numbers are kept to be found: one spelling of what people write in many ways."""

import re
import unicodedata

__all__ = ["dialled", "last_name", "sought"]


def sought(text: str) -> str:
    """ "  Zoë  MÜLLER " → "zoe muller": small letters without accents, one blank between words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def last_name(text: str) -> str:
    """ "Ada King Lovelace" → "lovelace"; "" for a name of one word, which is found by its beginning anyway."""
    return sought(text).partition(" ")[2].rpartition(" ")[2]


def dialled(phone: str) -> str:
    """ "+358 (0)40-123 4567" → "358401234567": the digits, without the zeros in front or in brackets."""
    return re.sub(r"\D", "", phone.replace("(0)", "")).lstrip("0")
