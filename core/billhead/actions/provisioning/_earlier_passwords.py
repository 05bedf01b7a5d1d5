"""The passwords that a panel may still have of a line while another is wanted.

The first is the one that was in step last. Those after it were wanted since and may have been sent before the next
came: which of them the panel has is known only when it is asked. They are kept as one sealed text, a line each.
"""

from typing import Any

from billhead.models.subscriptions import Service
from billhead.plugin_host import vault

__all__ = ["earlier_passwords", "note_sent", "sealed_with"]

_MOST = 8  # more are not tried: each is a call where a line is known by its password


def earlier_passwords(service: Service | Any) -> list[str]:
    """In the order in which they were wanted; empty while no change is on its way."""
    kept = vault().decrypt(service.previous_password)
    return kept.split("\n") if kept else []


def sealed_with(service: Service, password: str) -> str:
    """What is to be kept when this service is to have another password than `password`. The first one stays."""
    first, *others = list(dict.fromkeys([*earlier_passwords(service), password]))
    return vault().encrypt("\n".join([first, *others[1 - _MOST :]]))


def note_sent(service: Service, password: str) -> None:
    """The panel has taken this one, and another is wanted by now: it is the one in step, those before it are gone."""
    if password and password != vault().decrypt(service.password):
        service.previous_password = vault().encrypt(password)
