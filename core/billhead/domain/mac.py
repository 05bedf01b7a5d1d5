"""MAC addresses in the one spelling that panels match on: AA:BB:CC:DD:EE:FF.

A panel that stores a MAC with dashes accepts it and never finds the box again, so every way in normalises first.
"""

from __future__ import annotations

import re

from billhead.domain.errors import InvalidInput

_SPELLINGS = re.compile(
    r"[0-9A-F]{12}"  # 001A79AABB01
    r"|[0-9A-F]{2}([:.\- ])[0-9A-F]{2}(?:\1[0-9A-F]{2}){4}"  # 00:1A:79:AA:BB:01, with dashes, dots or spaces
    r"|[0-9A-F]{4}([.:\-])[0-9A-F]{4}\2[0-9A-F]{4}"  # 001A.79AA.BB01
    r"|[0-9A-F]{6}-[0-9A-F]{6}"  # 001A79-AABB01
)

_PASTED = re.compile(
    r"[0-9A-F]{2}([:.\-])[0-9A-F]{2}(?:\1[0-9A-F]{2}){4}"
    r"|[0-9A-F]{4}([.:\-])[0-9A-F]{4}\2[0-9A-F]{4}"
    r"|\b[0-9A-F]{6}-[0-9A-F]{6}\b"
    r"|\b[0-9A-F]{12}\b"
)


def parse_mac(text: str) -> str:
    """ "001a.79aa.bb01" → "00:1A:79:AA:BB:01". Refuses addresses that no single box can have."""
    written = text.strip().upper()
    if _SPELLINGS.fullmatch(written) is None:
        raise InvalidInput(
            "mac",
            f"{text!r} is not a MAC address",
            code="bad_mac",
            hint="Write twelve digits 0-9 and A-F, like 00:1A:79:AA:BB:01.",
        )
    digits = re.sub(r"[^0-9A-F]", "", written)
    if digits == "0" * 12 or int(digits[:2], 16) & 1:
        raise InvalidInput(
            "mac",
            f"{text!r} is a broadcast, multicast or empty address",
            code="bad_mac",
            hint="Read the address from the box's label or its network settings.",
        )
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def macs_in(text: str) -> list[str]:
    """All addresses of a pasted list, each once and in its order; also where the line breaks between them were lost."""
    found = (_try_mac(one[0]) for one in _PASTED.finditer(text.upper()))
    return list(dict.fromkeys(mac for mac in found if mac))


def mac_parts(text: str) -> tuple[str, str] | None:
    """Four to eleven digits that somebody reads out, as a MAC may (begin, end) with them: "001a7" → ("00:1A:7",
    "0:01:A7"). None for what is no part of one."""
    digits = re.sub(r"[:.\- ]", "", text.strip().upper())
    if not re.fullmatch(r"[0-9A-F]{4,11}", digits):
        return None
    odd = len(digits) % 2
    pairs = [digits[:odd]] * odd + [digits[at : at + 2] for at in range(odd, len(digits), 2)]
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)), ":".join(pairs)


def _try_mac(text: str) -> str:
    try:
        return parse_mac(text)
    except InvalidInput:
        return ""


_USUAL = {"mag": ("00:1A:79", "10:27:BE")}


def usual_prefixes(kind: str, mac: str) -> tuple[str, ...]:
    """What boxes of this kind usually begin with, when this one does not: a reason to look again, none to refuse."""
    usual = _USUAL.get(kind, ())
    return () if mac.startswith(usual) else usual
