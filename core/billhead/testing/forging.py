"""Messages that are no provider's: a genuine one, changed where it is proven: its bytes, or, unsigned, its address."""

from collections.abc import Iterator
from dataclasses import replace

from billhead.plugin import RawCallback

__all__ = ["GARBAGE", "forgeries"]

GARBAGE = (b"", b"\xff\xfe", b"null", b"[]", b"{}", b'"text"', b"a=1&b", b"<xml/>")


def forgeries(genuine: RawCallback, *, signed: bool) -> Iterator[RawCallback]:
    """None of these may be taken for the genuine message."""
    middle = len(genuine.body) // 2
    if signed:
        flipped = bytes([genuine.body[middle] ^ 1]) if genuine.body else b"x"
        yield replace(genuine, body=genuine.body[:middle] + flipped + genuine.body[middle + 1 :])
        yield replace(genuine, body=genuine.body + b" ")
        yield replace(genuine, headers={}, query="")
    else:
        last = genuine.path[-1:]
        yield replace(genuine, path=genuine.path[:-1] + ("0" if last != "0" else "1"))
        yield replace(genuine, path=genuine.path[:-1])
        yield replace(genuine, path=genuine.path.rpartition("/")[0])
        yield replace(genuine, body=genuine.body[:middle])
    for body in GARBAGE:
        yield replace(genuine, body=body)
