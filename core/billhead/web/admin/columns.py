"""The columns of a list: each gives a plain value (for the CSV) and how it is shown on the page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import url_for
from markupsafe import Markup

from billhead.domain.money import Money
from billhead.web.admin.area import staff_zone
from billhead.web.formatting import day, last_day, lasting, moment, money, tone
from billhead.web.places import country_name, language_name
from billhead.web.speaking import say_word

__all__ = [
    "Column", "amount", "badge", "code", "country", "instant", "language", "lasts", "number", "on", "state", "text",
    "through", "word",
]  # fmt: skip

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    value: Read
    show: Read
    css: str = ""


def badge(word: str, label: str = "") -> Markup:
    """A state as a word with a dot, as `_parts.html` draws it."""
    shown = say_word(label or word)
    return Markup('<span class="badge-state" data-tone="{}">{}</span>').format(tone(word), shown)


def text(label: str, name: str, *, to: str = "", key: str = "id", css: str = "") -> Column:
    """Plain text; with `to`, a link to the page `to` of the row's `key`."""

    def show(row: Any) -> Any:
        value, target = getattr(row, name), getattr(row, key) if to else None
        shown = "–" if value in (None, "") else value
        if target is None:
            return shown
        return Markup('<a href="{}">{}</a>').format(url_for(f"admin.{to}", key=target), shown)

    return Column(label, lambda row: getattr(row, name), show, css)


def code(label: str, name: str) -> Column:
    """Something that a machine made: a login, a reference, a MAC."""

    def show(row: Any) -> Any:
        value = getattr(row, name)
        return Markup("<code>{}</code>").format(value) if value else "–"

    return Column(label, lambda row: getattr(row, name), show)


def state(label: str, name: str) -> Column:
    return Column(label, lambda row: getattr(row, name), lambda row: badge(str(getattr(row, name))))


def word(label: str, name: str) -> Column:
    """One of a few words that are kept, such as a kind: the CSV has it as it is."""
    return Column(label, lambda row: getattr(row, name), lambda row: say_word(str(getattr(row, name))))


def number(label: str, name: str) -> Column:
    return Column(label, lambda row: getattr(row, name), lambda row: getattr(row, name), "num")


def amount(label: str, minor: str, currency: str = "currency") -> Column:
    """Money: "€12.50" on the page, "12.50 EUR" in the CSV."""

    def value(row: Any) -> str:
        return str(Money(getattr(row, minor), getattr(row, currency)))

    return Column(label, value, lambda row: money(getattr(row, minor), getattr(row, currency)), "num")


def lasts(label: str, name: str) -> Column:
    """A term: "1 month" in the CSV."""
    return Column(label, lambda row: getattr(row, name), lambda row: lasting(getattr(row, name)) or "–")


def country(label: str, name: str) -> Column:
    """Its name on the page, its code in the CSV."""
    return Column(label, lambda row: getattr(row, name), lambda row: country_name(getattr(row, name)) or "–")


def language(label: str, name: str) -> Column:
    """Its name on the page, its code in the CSV."""
    return Column(label, lambda row: getattr(row, name), lambda row: language_name(getattr(row, name)) or "–")


def on(label: str, name: str) -> Column:
    """A calendar date."""

    def value(row: Any) -> str:
        found: date | None = getattr(row, name)
        return found.isoformat() if found is not None else ""

    return Column(label, value, lambda row: day(getattr(row, name)), "when")


def through(label: str, name: str) -> Column:
    """The end of half-open days as people read it, on the page and in the CSV: the last one."""

    def value(row: Any) -> str:
        found = last_day(getattr(row, name))
        return found.isoformat() if found is not None else ""

    return Column(label, value, lambda row: day(last_day(getattr(row, name))), "when")


def instant(label: str, name: str) -> Column:
    """A moment: in staff's zone on the page, in UTC in the CSV."""

    def value(row: Any) -> str:
        found: datetime | None = getattr(row, name)
        return found.isoformat(timespec="seconds") if found is not None else ""

    return Column(label, value, lambda row: moment(getattr(row, name), staff_zone()), "when")
