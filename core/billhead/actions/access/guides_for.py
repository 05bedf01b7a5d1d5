"""The set-up guides that fit a line, in the customer's language, filled with what this line has."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.access._guides import Guide, shipped
from billhead.models.access import SetupGuide
from billhead.plugin import Access
from billhead.wording import direction

__all__ = ["FilledGuide", "guides_for"]

_PARTS = re.compile(r"\{([a-z]+)\}")
_FALLBACK = "en"
_PORTS = {"http": "80", "https": "443"}


class FilledGuide(NamedTuple):
    """Each step is (text, value, text, value, …): texts to be escaped as such, values to be shown as typed."""

    code: str
    title: str
    steps: tuple[tuple[str, ...], ...]
    language: str
    direction: str


def guides_for(
    session: Session, seller_id: int, kind: str, language: str, access: Access, short_address: str
) -> list[FilledGuide]:
    """Those of which every value is there: a guide that needs a portal is not shown for a line without one."""
    values = _values(access, short_address)
    chosen = _in_language(_all(session, seller_id), language)
    fitting = [one for one in chosen if kind in one.kinds and not one.hidden and one.fits(values)]
    fitting.sort(key=lambda one: (one.position, one.title))
    return [
        FilledGuide(
            one.code,
            one.title,
            tuple(_filled(step, values) for step in one.steps),
            one.language,
            direction(one.language),
        )
        for one in fitting
    ]


def _all(session: Session, seller_id: int) -> list[Guide]:
    found = {(one.code, one.language): one for one in shipped()}
    for row in session.scalars(select(SetupGuide).where(SetupGuide.seller_id == seller_id)):
        steps = tuple(filter(None, map(str.strip, row.steps.splitlines())))
        own = Guide(row.code, row.language, row.title, tuple(row.kinds), steps, row.position, row.hidden)
        found[row.code, row.language] = own
    return list(found.values())


def _in_language(guides: list[Guide], language: str) -> list[Guide]:
    """One of each code: in the language, else in its family ("pt" for "pt-BR"), else in English, else in any."""
    wanted = [language, language.partition("-")[0], _FALLBACK]

    def distance(one: Guide) -> int:
        return wanted.index(one.language) if one.language in wanted else len(wanted)

    best: dict[str, Guide] = {}
    for one in guides:
        if one.code not in best or distance(one) < distance(best[one.code]):
            best[one.code] = one
    return list(best.values())


def _values(access: Access, short_address: str) -> Mapping[str, str]:
    server = urlsplit(access.server_url or access.m3u_url)
    port = _PORTS.get(server.scheme, "") if server.port is None else str(server.port)
    return {
        "address": short_address or access.m3u_url,
        "m3u": access.m3u_url,
        "epg": access.epg_url,
        "server": access.server_url,
        "host": server.hostname or "",
        "port": port,
        "login": access.login,
        "password": access.password,
        "portal": access.portal_url,
        "mac": access.mac,
    }


def _filled(step: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Text and value in turn; what is in braces but no place stays as it was typed."""
    parts = _PARTS.split(step)
    return tuple(values[part] if number % 2 else part for number, part in enumerate(parts))
