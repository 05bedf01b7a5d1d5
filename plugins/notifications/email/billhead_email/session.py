"""SMTP as the standard library speaks it, with an end to each answer of the server: in bytes and in time.

`smtplib` waits for each piece of an answer as long as its timeout, and reads lines of one answer for ever.
"""

import io
import smtplib
import socket
import time
from typing import Any

__all__ = ["BriefSMTP", "BriefSMTPOverTLS"]

_LONGEST = 64 * 2**10
"""Bytes of one answer; a server lists what it can do in some hundred."""


class _Answers(io.RawIOBase):
    """What the server says. Each answer `begins` with all its time and room."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._ends, self._room = sock, 0.0, 0

    def begins(self, seconds: float) -> None:
        self._ends, self._room = time.monotonic() + seconds, _LONGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._ends - time.monotonic()
        if left <= 0 or self._room <= 0:
            raise TimeoutError("its answer has no end")
        self._sock.settimeout(left)
        count = self._sock.recv_into(buffer)
        self._room -= count
        return count


class BriefSMTP(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            assert self.sock is not None
            self.file = io.BufferedReader(_Answers(self.sock))
        self.file.raw.begins(self.timeout)
        try:
            return super().getreply()
        finally:
            if self.sock is not None:
                self.sock.settimeout(self.timeout)


class BriefSMTPOverTLS(BriefSMTP, smtplib.SMTP_SSL):
    pass
