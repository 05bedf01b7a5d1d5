"""What people call a document that has no number: "Order 62", in any language that a page speaks."""

import unicodedata
from functools import cache

from billhead.domain.document import Kind
from billhead.domain.whole_number import whole_number
from billhead.wording import PAGE_LANGUAGES, wording

__all__ = ["order_number"]

_BESIDE = "#№. "
_SHORT = {"", "no", "nr", "n°", "nº", "num"}


def order_number(typed: str) -> int | None:
    """62 from "62", "#62", "Order 62", "order no. 62", "proforma 62" and "الطلب ٦٢"; None: it names none."""
    plain = "".join(sign for sign in typed.casefold() if unicodedata.category(sign) != "Cf")
    name = plain.rstrip("".join(sign for sign in plain if sign.isdecimal()))
    digits = "".join(str(unicodedata.decimal(sign)) for sign in plain[len(name) :])
    called = [word for part in name.split() if (word := part.strip(_BESIDE)) not in _SHORT]
    return whole_number(digits, 9) if not called or " ".join(called) in _names() else None


@cache
def _names() -> frozenset[str]:
    """The words of all languages, since a customer reads out a mail in its own."""
    found = set()
    for language in PAGE_LANGUAGES:
        words = wording(language, "pages")
        found |= {words.say("Order %(number)s", number=""), words.say("Order"), words.say("order")}
        found |= {words.say_word(kind.value) for kind in Kind}
    return frozenset(" ".join(name.casefold().split()) for name in found)
