"""Connections that end on time: an answer that drips is broken off, its status line and headers as well as its body."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from billhead import clock

__all__ = ["patient_transport"]

_SLOWEST = 32 * 2**10
"""Bytes a second of an answer: what comes slower, once its timeout is over, is dripping and is not waited for."""


def patient_transport(trusted: ssl.SSLContext) -> httpx.HTTPTransport:
    """What `httpx` makes by itself, but for the time that an answer may take: its timeout from the moment at which the
    last of the request was sent, and what is long may take as long as it needs at 32 KiB a second."""
    transport = httpx.HTTPTransport(verify=trusted)
    transport._pool._network_backend = _Backend()  # httpx has no word for it
    return transport


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._sockets.connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """One request at a time is under way on it."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._asked = clock.monotonic()
        self._received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if timeout is not None and clock.monotonic() - self._asked > timeout + self._received / _SLOWEST:
            raise httpcore.ReadTimeout("it drips")
        part = self._stream.read(max_bytes, timeout)
        self._received += len(part)
        return part

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)
        self._asked, self._received = clock.monotonic(), 0

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
