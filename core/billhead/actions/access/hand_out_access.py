"""A reseller takes a subscriber's access details to pass them on: as they are, and as a text that is ready to send."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select

from billhead.actions.access._codes import code_of, short_address
from billhead.actions.access.make_code import make_code
from billhead.actions.provisioning.show_access import show_access
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import Conflict, NotAllowed
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Access
from billhead.wording import Wording, wording

__all__ = ["HandedOut", "LineAccess", "hand_out_access"]

_RESELLERS = (Role.RESELLER, Role.SUPER_RESELLER)
_ROWS = (
    ("Portal address", "portal_url"),
    ("MAC address", "mac"),
    ("Server", "server_url"),
    ("User name", "login"),
    ("Password", "password"),
    ("Playlist (M3U)", "m3u_url"),
    ("TV guide (EPG)", "epg_url"),
    ("Script for an Enigma2 receiver", "receiver_url"),
)
_BOXED = frozenset({"User name", "Password"})  # a box is let in by its MAC: these would only confuse


@dataclass(frozen=True, slots=True)
class LineAccess:
    service_id: int
    kind: str
    access: Access = field(repr=False)
    short_address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """`text` is plain, in the subscriber's language; `right_to_left` says how it is laid out."""

    lines: tuple[LineAccess, ...]
    text: str = field(repr=False)
    language: str
    right_to_left: bool


def hand_out_access(tx: Tx, subscription_id: int, language: str = "") -> HandedOut:
    """Of all its lines that are on a panel, the text in the subscriber's language or the one that is named; a line with
    a playlist gets a short address if it has none. That somebody looked stands in the audit trail.

    No `verb`: its result must not be kept with an idempotency key. Raises NotFound (out of sight), NotAllowed (no
    reseller; staff that looks in for one has a page of its own for this), Conflict (no line is on its panel yet), or
    what a module says.
    """
    if tx.ctx.role not in _RESELLERS or tx.ctx.behind is not None:
        raise NotAllowed("Access details are shown to the reseller itself.")
    subscription = visible_subscription(tx, subscription_id)
    services = tx.session.scalars(
        select(Service)
        .where(Service.subscription_id == subscription.id, Service.lifecycle == "wanted")
        .where(Service.observed_at.is_not(None))
        .order_by(Service.id)
    ).all()
    if not services:
        raise Conflict("no line is on its panel yet", hint="look again in a moment")
    lines = tuple(_line(tx, service) for service in services)
    customer = tx.session.get_one(Customer, subscription.customer_id)
    words = wording(language or customer.language)
    text = "\n".join(_text(words, tx.session.get_one(Plan, subscription.plan_id).name, subscription, lines))
    return HandedOut(lines, text, words.language, words.right_to_left)


def _line(tx: Tx, service: Service) -> LineAccess:
    audit(tx, "access.seen", f"service:{service.id}", {})
    access = show_access(tx.session, service)
    if access.m3u_url and not code_of(tx.session, service.id):
        make_code(tx, service.id)
    address = short_address(tx.session, service.id) if access.m3u_url else ""
    return LineAccess(service.id, service.kind, access, address)


def _text(words: Wording, plan: str, subscription: Subscription, lines: tuple[LineAccess, ...]) -> Iterator[str]:
    yield plan
    if subscription.paid_through is not None:
        last: date = subscription.paid_through - timedelta(days=1)
        yield f"{words.say('You can watch until')}: {words.day(last)}"
    for line in lines:
        yield ""
        for label, name in _ROWS:
            value = getattr(line.access, name)
            if value and not (line.access.mac and label in _BOXED):
                yield f"{words.say(label)}: {words.upright(value)}"
        if line.short_address:
            yield f"{words.say('Short address')}: {words.upright(line.short_address)}"
