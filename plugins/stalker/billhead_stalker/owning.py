"""Whose an account is on the portal: only its database tells, and only where we are connected to it.

The database is an extra. When it does not answer, owners are not observed and everything else goes on: no block and no
renewal waits for it. A reseller that has to be written is written last, and that fails aloud.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from billhead.plugin import Desired, Observed, PanelConnection, PanelError
from billhead_stalker.client import Record
from billhead_stalker.database import PortalDatabase, Who, named
from billhead_stalker.records import place, text

_log = logging.getLogger(__name__)


def with_owner(panel: PanelConnection, wanted: Desired, seen: Observed) -> Observed:
    """`seen` with its owner, if one is wanted: else the question would be for nothing."""
    if not panel.settings.has_database or not wanted.owner:
        return seen
    try:
        owner = PortalDatabase(panel.settings).owner_of(*key_of(seen.handle_data, wanted.handle.ref))
    except PanelError as error:
        _log.warning("%s: whose the account %s is could not be read: %s", panel.code, wanted.handle.ref, error)
        return seen
    return seen if owner is None else replace(seen, owner=owner)


def give_to_owner(panel: PanelConnection, wanted: Desired, seen: Observed) -> Observed:
    """Move the account to the reseller that is wanted, and say so."""
    PortalDatabase(panel.settings).give(*key_of(seen.handle_data, wanted.handle.ref), wanted.owner)
    return replace(seen, owner=wanted.owner)


def owners_of_all(panel: PanelConnection) -> Callable[[Record, Observed], Observed]:
    """For a list of the whole portal: gives an observation its owner, from one read of the database."""
    owners: dict[Who, str] = {}
    if panel.settings.has_database:
        try:
            owners = dict(PortalDatabase(panel.settings).owners())
        except PanelError as error:
            _log.warning("%s: whose the accounts are could not be read: %s", panel.code, error)

    def owned(record: Record, seen: Observed) -> Observed:
        who = named(text(record, "account_number"), text(record, "login"), text(record, "stb_mac"))
        return replace(seen, owner=owners[who]) if who in owners else seen

    return owned


def key_of(handle_data: Any, ref: str) -> tuple[str, str]:
    """By what the database finds the account, and its value there."""
    resource, identifier = place(handle_data, ref)
    if resource == "users":
        return "login", identifier
    return ("mac" if ":" in identifier else "number"), identifier
