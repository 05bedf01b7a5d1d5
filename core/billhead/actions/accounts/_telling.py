"""A mail to a login about its own security: whoever did it, the person is to know."""

import secrets

from billhead import clock
from billhead.actions.accounts._tokens import Browser
from billhead.actions.notifications.queue_to_login import queue_to_login
from billhead.db import Tx
from billhead.models.people import User

__all__ = ["tell_change"]


def tell_change(tx: Tx, user: User, what: str, browser: Browser | None = None) -> None:
    """`what` is a key of WORDS in notifications/_logins.py. Nobody is told twice of one change: each is new."""
    data = {"what": what, "at": clock.now().isoformat()}
    if browser is not None:
        data |= {"ip": browser.ip[:64], "agent": browser.user_agent[:300]}
    queue_to_login(tx, user, "security_change", f"security:{user.id}:{secrets.token_hex(8)}", data)
