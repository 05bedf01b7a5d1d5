"""Every permission that there is, as the routes and the actions state them, and what each allows in words."""

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from pkgutil import walk_packages

from flask import current_app

from billhead import actions
from billhead.domain.rights import OWN_RIGHTS
from billhead.web.access import stated
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__ = ["WORDS", "in_words", "known_permissions", "permission_choices"]

WORDS = {
    "billing.run": marked("start a billing run"),
    "catalogue.write": marked("change plans, prices, coupons and set-up guides"),
    "content.write": marked("write the shop's front, its pages, and your words in other languages"),
    "credits.write": marked("give customers credit and take it back"),
    "customers.write": marked(
        "add and change customers, let them sign in, and take the second step of their logins away"
    ),
    "devices.write": marked("book boxes, hand them out and take them back"),
    "documents.write": marked("draft, finalise, merge and split documents"),
    "dunning.write": marked("change dunning and what happens to debts"),
    "fraud.review": marked("let orders that were stopped go on, or refuse them"),
    "gateways.write": marked("set up gateway accounts, with their keys"),
    "help.write": marked("write help articles, announcements and the network's status"),
    "house.freeze": marked("stop charges, mails or panel work of the whole house"),
    "jobs.write": marked("run jobs again, or drop them"),
    "keys.write": marked("make keys with which programs act for them, and revoke them"),
    "money.correct": marked("void documents, write credit notes, waive fees"),
    "money.dispute": marked("answer disputes"),
    "money.refund": marked("give money back"),
    "money.write_off": marked("write debts off"),
    "panels.write": marked("set up panels, adopt and move their lines"),
    "payments.write": marked("book payments and assign money"),
    "people.look_in": marked("look into the area of a customer or reseller as they see it"),
    "plugins.write": marked("switch plugins on and off, and change their settings"),
    "privacy.write": marked("copy and erase what is held about a customer, and say how long what is kept"),
    "rates.write": marked("set exchange rates"),
    "resellers.write": marked("change resellers, their credits and rights"),
    "sellers.write": marked("change sellers, numbering and departments"),
    "services.access": marked("see how a customer watches: addresses and passwords of lines"),
    "services.write": marked("change lines: boxes, limits, passwords"),
    "simulations.write": marked("run simulations"),
    "staff.write": marked("invite staff, change their roles, disable them"),
    "subscriptions.write": marked("start, change, hold and end subscriptions"),
    "tickets.write": marked("answer tickets, sort and merge them"),
    "usage.write": marked("book usage, and decide about what was rejected"),
    "users.write": marked("give anybody a login, also one of a customer"),
}
"""Of our own permissions; a plugin's is shown by its name."""


def known_permissions() -> list[str]:
    of_views = {stated(view)[1] for view in current_app.view_functions.values()}
    return sorted((of_views | _of_verbs()) - OWN_RIGHTS - {""})


def in_words(permissions: Iterable[str]) -> list[str]:
    return [say(WORDS.get(one, one)) for one in sorted(permissions)]


def permission_choices() -> list[tuple[str, str]]:
    """For a form: what the reader has, for nobody gives more."""
    ctx = current_ctx()
    return [(one, say(WORDS.get(one, one))) for one in known_permissions() if ctx.may(one)]


@lru_cache(maxsize=1)
def _of_verbs() -> frozenset[str]:
    found = set()
    for module in walk_packages(actions.__path__, f"{actions.__name__}."):
        for one in vars(import_module(module.name)).values():
            found.add(getattr(one, "billhead_permission", ""))
    return frozenset(name for name in found if isinstance(name, str))
