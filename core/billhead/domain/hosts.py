"""Names of hosts, as they are stored and compared: lower case, in ASCII, without a port."""

import re

from billhead.domain.errors import InvalidInput

__all__ = ["checked_host", "host_in"]

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 253


def checked_host(text: str) -> str:
    """`Shop.Example.` → `shop.example`. Raises InvalidInput for an address, one label, a port: no public name."""
    told = text.strip().rstrip(".").lower()
    try:
        host = told.encode("idna").decode("ascii") if told else ""
    except UnicodeError:
        host = ""
    labels = host.split(".")
    if len(host) > _LONGEST or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidInput("host", f"{text.strip()!r} is no name of a host", hint="write it like tv.example.com")
    if labels[-1].isdigit():
        raise InvalidInput("host", "is an address, not a name", hint="write it like tv.example.com")
    return host


def host_in(header: str) -> str:
    """The name that a request's Host header holds, as it is compared; "" for what is none."""
    name, colon, port = header.strip().rpartition(":")
    name = name if colon and port.isdigit() else header.strip()
    try:
        return checked_host(name)
    except InvalidInput:
        return ""
