"""A file of subscribers as staff send it: told or found encoding, kept as UTF-8 under the vault's key."""

import codecs

from billhead.domain.errors import InvalidInput
from billhead.models.imports import SubscriberImport
from billhead.plugin_host import vault

__all__ = ["ENCODINGS", "LARGEST", "as_utf8", "data_of"]

LARGEST = 15 * 1024 * 1024  # the whole form may have 16
ENCODINGS = ("utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1256")
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def as_utf8(data: bytes, told: str) -> tuple[bytes, str]:
    """The file in UTF-8, and what it was in: UTF-8 and UTF-16 with their marks are known by them, all else is told.

    Bytes that are no UTF-8 in a file that is said to be stay as they are: they cost their row. Raises InvalidInput
    for a workbook, an empty file, one that is too large, or one that can't be in the encoding that was told.
    """
    if not data.strip():
        raise InvalidInput("file", "it is empty")
    if len(data) > LARGEST:
        raise InvalidInput("file", f"it is larger than {LARGEST // 1024**2} MB", hint="use billhead import csv")
    if data.startswith(_WORKBOOKS):
        raise InvalidInput("file", "it is a workbook, and not a CSV file", hint="save it as CSV UTF-8")
    if told not in ENCODINGS:
        raise InvalidInput("encoding", f"{told!r} is none that can be read here")
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    if data.startswith(codecs.BOM_UTF8) or (told == "utf-8" and not marked):
        return data, "utf-8"
    encoding = marked or told
    try:
        return data.decode(encoding).encode(), encoding
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise InvalidInput("encoding", f"the file is not in {encoding}", hint="choose another one") from None


def data_of(row: SubscriberImport) -> bytes:
    """Raises InvalidInput where the file is not kept any more."""
    if row.sealed is None:
        raise InvalidInput("file", "it is not kept any more", hint="send it again")
    return vault().open(row.sealed)
