"""Kenyan mobile numbers as M-Pesa wants them: 2547XXXXXXXX or 2541XXXXXXXX."""

import re

from billhead.plugin import InvalidInput

__all__ = ["normal_phone", "shown_phone"]

LABEL = "M-Pesa phone number"

_FILLING = re.compile(r"[ ().\-/\u00a0]")
_KENYAN = re.compile(r"(?:\+?254|0)?([17][0-9]{8})")


def normal_phone(typed: str) -> str:
    """07…, 01…, +254… or 254…, with blanks or without. Raises InvalidInput with the reason for any other."""
    text = _FILLING.sub("", typed)
    text = "+" + text[2:] if text.startswith("00") else text
    found = _KENYAN.fullmatch(text)
    if found is not None and text.isascii():
        return f"254{found[1]}"
    raise InvalidInput(LABEL, _reason(text), hint="Write it as 0712 345 678 or +254 712 345 678.")


def shown_phone(phone: str) -> str:
    return f"+{phone[:3]} {phone[3:6]} {phone[6:9]} {phone[9:]}"


def _reason(text: str) -> str:
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return "holds something that is no digit"
    if text.startswith("+") and not text.startswith("+254"):
        return "is of another country: M-Pesa asks phones in Kenya (+254)"
    national = digits.removeprefix("254") if digits.startswith("254") else digits.removeprefix("0")
    if len(national) != 9:
        has = len(national)
        one = f"has {has} digit after the 0 or +254, where a mobile number has 9"
        return one if has == 1 else f"has {has} digits after the 0 or +254, where a mobile number has 9"
    return "is no mobile number: those begin with 07 or 01"
