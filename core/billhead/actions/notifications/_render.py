"""From facts to words: one template per kind and part, autoescaped where it is HTML, strict about what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context as Scope

from billhead.domain.errors import NoticeRejected

__all__ = ["KINDS", "Rendered", "render"]

_TEMPLATES = Path(__file__).with_name("templates")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

KINDS = frozenset(file.stem for file in _TEMPLATES.glob("*.subject"))
"""The kinds of notice that there are words for."""


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(kind: str, facts: Mapping[str, Any]) -> Rendered:
    """`facts["zone"]` is the zone in which instants are told. Raises NoticeRejected for a kind without templates."""
    if kind not in KINDS:
        raise NoticeRejected(f"there is no notice of the kind {kind!r}", hint=f"there are: {', '.join(sorted(KINDS))}")
    subject, text, html = (_environment().get_template(f"{kind}.{part}").render(facts) for part in _PARTS)
    return Rendered(" ".join(subject.split()), text.strip() + "\n", html)


_PARTS = ("subject", "txt", "html")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=_day, month=_month, last_day=_last_day, moment=_moment)
    return environment


def _day(value: date) -> str:
    """22 November 2026"""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _month(value: date) -> str:
    """November 2026"""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def _last_day(end: date) -> str:
    """The last day of a period that ends before `end`."""
    return _day(end - timedelta(days=1))


@pass_context
def _moment(scope: Scope, value: datetime) -> str:
    """22 November 2026, 14:05, where the customer lives."""
    local = value.astimezone(ZoneInfo(scope["zone"]))
    return f"{_day(local)}, {local:%H:%M}"
