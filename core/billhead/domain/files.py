"""Files that strangers send: what they are by name and first bytes, and a name that misleads nobody."""

import re

from billhead.domain.errors import InvalidInput

__all__ = ["KINDS", "PAPERS", "PICTURES", "media_type_of", "points_of", "safe_name"]

_PDF, _JPEG, _PNG = b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"

KINDS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "pdf": ("application/pdf", (_PDF,)),
    "jpg": ("image/jpeg", (_JPEG,)),
    "jpeg": ("image/jpeg", (_JPEG,)),
    "png": ("image/png", (_PNG,)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "zip": ("application/zip", (b"PK\x03\x04",)),
    "txt": ("text/plain", ()),
    "log": ("text/plain", ()),
}
"""Ending → (media type, how such a file begins); text begins with anything but holds no zero byte."""

PICTURES = {_PNG: "png", _JPEG: "jpg"}
"""What a document can show, by how it begins."""

PAPERS = {_PDF: ("application/pdf", "pdf"), _JPEG: ("image/jpeg", "jpg"), _PNG: ("image/png", "png")}
"""What shows a paper, by its first bytes alone."""


def media_type_of(name: str, data: bytes) -> str:
    """Raises InvalidInput for `files` unless the ending is one of `KINDS` and the content is what it says."""
    ending = name.rpartition(".")[2].lower()
    media_type, begins = KINDS.get(ending, ("", ()))
    if not media_type:
        raise InvalidInput("files", f"{name[:80]!r} can't be sent", hint=f"we take {', '.join(sorted(KINDS))}")
    right = data.startswith(begins) if begins else b"\0" not in data
    if not right:
        raise InvalidInput("files", f"{name[:80]!r} is no {ending.upper()} file", hint="send it as what it is")
    return media_type


def points_of(data: bytes) -> int:
    """How many points a PNG or JPEG says that it has, before anybody unpacks it; 0 where it does not say."""
    if data.startswith(_PNG):
        return int.from_bytes(data[16:20]) * int.from_bytes(data[20:24]) if data[12:16] == b"IHDR" else 0
    at = 2
    while data[at : at + 1] == b"\xff":
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 5 : at + 7]) * int.from_bytes(data[at + 7 : at + 9])
        if length < 2:
            break
        at += 2 + length
    return 0


def safe_name(told: str, ending: str, instead: str) -> str:
    """What was told as its name without anything that a file system or a header could misread, with this ending."""
    stem = re.sub(r"[^A-Za-z0-9 _-]+", "-", told.rsplit(".", 1)[0])[-60:].strip(" -")
    return f"{stem or instead}.{ending}"
