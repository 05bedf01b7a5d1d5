"""An app follows a short address: where it leads, counted, and written down."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.access._codes import plain
from billhead.actions.access._limits import count_try
from billhead.actions.events import emit
from billhead.actions.provisioning.show_access import show_access
from billhead.actions.tries import is_spent
from billhead.db import Tx
from billhead.domain.address import network_of
from billhead.domain.errors import BillheadError
from billhead.models.access import AccessCode, AccessCodeUse
from billhead.models.people import LoginAttempt
from billhead.models.subscriptions import Service
from billhead.plugin_host import vault

__all__ = ["Followed", "follow_code"]

_WINDOW = timedelta(minutes=15)
_WRONG = 10
_RIGHT = 120
_HOUR = timedelta(hours=1)
_WRONG_EVERYWHERE = 1000  # an hour, over all networks
_EVERYWHERE, _TOLD = "guess:everywhere", "guess:everywhere:told"


@dataclass(frozen=True, slots=True)
class Followed:
    """`outcome`: led_on (to `url`) · unknown · expired · stopped (the line does not run) · too_often."""

    outcome: str
    url: str = field(default="", repr=False)


def follow_code(tx: Tx, typed: str, *, ip: str, agent: str) -> Followed:
    """Wrong codes are counted by the network that they come from and over all networks, right ones by the code.

    One that was ended is no guess: boxes keep asking for it, and their network is not to wait for that.
    It is no `verb`: a player asks for its list many times a day, and each time has its own row here.
    """
    guesses = f"guess:{network_of(ip) or ip}"
    if is_spent(tx, guesses, _WRONG, _WINDOW):
        return Followed("too_often")
    code = plain(typed)
    found = tx.session.scalar(select(AccessCode).where(AccessCode.digest.in_(vault().digests(code)))) if code else None
    if found is None:
        return _missed(tx, guesses)
    try:
        count_try(tx, f"follow:{found.id}", _RIGHT, _WINDOW, "too often")
    except BillheadError:
        return Followed("too_often")
    if found.revoked_at is not None:
        return Followed("unknown")
    followed = _leads(tx, found)
    use = {"at": clock.now(), "ip": ip[:64], "agent": agent[:200]}
    tx.session.add(AccessCodeUse(code_id=found.id, outcome=followed.outcome, **use))
    return followed


def _missed(tx: Tx, guesses: str) -> Followed:
    """Once there were too many everywhere, staff are told, and misses are put off; who has a code is not."""
    tx.session.add(LoginAttempt(key=guesses, at=clock.now()))
    if not is_spent(tx, _EVERYWHERE, _WRONG_EVERYWHERE, _HOUR):
        tx.session.add(LoginAttempt(key=_EVERYWHERE, at=clock.now()))
        return Followed("unknown")
    if not is_spent(tx, _TOLD, 1, _HOUR):
        tx.session.add(LoginAttempt(key=_TOLD, at=clock.now()))
        emit(
            tx, "access.guessed", "access:codes", {"wrong": _WRONG_EVERYWHERE, "minutes": _HOUR // timedelta(minutes=1)}
        )
    return Followed("too_often")


def _leads(tx: Tx, found: AccessCode) -> Followed:
    if found.expires_at is not None and found.expires_at <= clock.now():
        return Followed("expired")
    service = tx.session.get_one(Service, found.service_id)
    over = service.desired_expires_at is None or service.desired_expires_at <= clock.business_now()
    if service.lifecycle != "wanted" or service.observed_at is None or service.desired_blocked or over:
        return Followed("stopped")
    try:
        url = show_access(tx.session, service).m3u_url
    except BillheadError:
        return Followed("stopped")
    return Followed("led_on", url) if url else Followed("stopped")
