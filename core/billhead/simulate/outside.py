"""Nothing leaves a simulation. Pretend gateways, panels and channels call nothing; this stops what would try anyway.

Python tells an audit hook before it opens a connection or starts a program, in whatever library; the hook refuses. It
can't be taken away again, so it is laid once and only acts while a simulation is on.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from billhead.domain.errors import Conflict

__all__ = ["barred"]

_REFUSED = frozenset(
    {
        "socket.connect",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "smtplib.connect",
    }
)
_lock = threading.Lock()
_laid = False
_open = 0


@contextmanager
def barred() -> Iterator[None]:
    """While open, nothing in this process reaches outside of it: an attempt raises Conflict."""
    global _laid, _open
    with _lock:
        if not _laid:
            sys.addaudithook(_refuse)
            _laid = True
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1


def _refuse(event: str, _args: tuple[object, ...]) -> None:
    if _open and event in _REFUSED:
        raise Conflict(f"a simulation calls nothing outside, and something tried to ({event})", code="simulated")
