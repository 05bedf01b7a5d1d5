"""Words, dates and amounts in a customer's language: gettext catalogues, with Babel for everything that has a format.

The English text is the key. A catalogue is `locale/<language>/LC_MESSAGES/documents.po`, read as it is: there is no
build step, and a language is added by adding its file. What a catalogue lacks is said in English.
"""

from __future__ import annotations

import gettext
from copy import copy
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_interval
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from billhead.domain.money import Money, exponent
from billhead.domain.periods import Term

__all__ = ["LANGUAGES", "Wording", "wording"]

_LOCALE = Path(__file__).with_name("locale")
_FORMATS = {"en": "en_GB"}  # 2 Nov 2026, as on our pages, and no month before the day
_DIGITS = "latn"  # amounts must look like those of the bank and the gateway, in every script

LANGUAGES: tuple[str, ...] = ("en", *sorted(found.name for found in _LOCALE.iterdir() if found.is_dir()))
"""The languages that documents are written in."""


def wording(language: str) -> Wording:
    """The words of a language, "de" or "de-AT"; English where there is no catalogue for it."""
    code = language.replace("_", "-").partition("-")[0].lower()
    return _wording(code if code in LANGUAGES else "en")


@lru_cache(maxsize=32)
def _wording(code: str) -> Wording:
    return Wording(code)


class Wording:
    """One language. `right_to_left` says how a page is laid out."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(_FORMATS.get(language, language))
        self._words = _catalogue(language)
        self.right_to_left = self._locale.text_direction == "rtl"

    @property
    def own_name(self) -> str:
        """Deutsch, Türkçe."""
        name = self._locale.get_language_name(self._locale) or self.language
        return name[:1].upper() + name[1:]

    def say(self, text: str, **named: object) -> str:
        """The text in this language; `%(name)s` in it is filled in from `named`."""
        said = self._words.gettext(text) if text else ""
        return said % named if named else said

    def say_note(self, note: str) -> str:
        """A note that a tax engine wrote in English; what it says of an exemption stays in the operator's words."""
        for told in ("Exempt from VAT: %(reason)s", "Exempt from tax: %(reason)s"):
            begin = told.partition("%")[0]
            if note.startswith(begin):
                return self.say(told, reason=note.removeprefix(begin))
        return self.say(note)

    def count(self, one: str, many: str, number: int) -> str:
        """ "%(count)d month" or "%(count)d months" by the plural rules of the language."""
        return self._words.ngettext(one, many, number) % {"count": number}

    def upright(self, text: str) -> str:
        """Figures and codes among right-to-left words keep their own order: "+358 9 123", "00160 Helsinki"."""
        return f"\u2068{text}\u2069" if text and self.right_to_left else text

    def day(self, day: date) -> str:
        return format_date(day, self._day_format(), locale=self._locale)

    def period(self, start: date, end: date) -> str:
        """A half-open period as people read it: its first and its last day."""
        last = end - timedelta(days=1)
        return format_interval(start, last, "yMMMd", locale=self._locale) if last > start else self.day(start)

    def _day_format(self) -> str:
        return "d MMM y" if self.right_to_left else "medium"

    def money(self, minor: int, currency: str) -> str:
        """€1,234.50 or 1.234,50 €, with exactly the decimals that the currency has: none for JPY, three for KWD."""
        pattern: Any = copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (exponent(currency), exponent(currency))
        return str(
            pattern.apply(
                Money(minor, currency).decimal(),
                self._locale,
                currency=currency,
                currency_digits=False,
                numbering_system=_DIGITS,
            )
        )

    def number(self, minor: int, currency: str) -> str:
        """The same without its currency, for columns that name it in their head."""
        pattern: Any = copy(self._locale.decimal_formats[None])
        pattern.frac_prec = (exponent(currency), exponent(currency))
        return str(pattern.apply(Money(minor, currency).decimal(), self._locale, numbering_system=_DIGITS))

    def percent(self, ppm: int) -> str:
        """190000 → 19 %, 55000 → 5.5 %, as the language writes it."""
        pattern: Any = copy(self._locale.percent_formats[None])
        pattern.frac_prec = (0, 4)
        return str(pattern.apply(Decimal(ppm).scaleb(-6), self._locale, numbering_system=_DIGITS))

    def decimal(self, text: str) -> str:
        """A decimal number that is kept as text, every digit of it."""
        return str(format_decimal(text, locale=self._locale, decimal_quantization=False, numbering_system=_DIGITS))

    def country(self, code: str) -> str:
        return self._locale.territories.get(code, code)

    def term(self, text: str) -> str:
        """ "3 months" in this language; "" for what has no term."""
        if not text:
            return ""
        term = Term.parse(text)
        one, many = _TERMS[str(term.unit)]
        return self.count(one, many, term.count)


_TERMS = {
    "day": ("%(count)d day", "%(count)d days"),
    "week": ("%(count)d week", "%(count)d weeks"),
    "month": ("%(count)d month", "%(count)d months"),
    "year": ("%(count)d year", "%(count)d years"),
}


def _catalogue(language: str) -> gettext.NullTranslations:
    path = _LOCALE / language / "LC_MESSAGES" / "documents.po"
    if not path.is_file():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        parsed = read_po(source, locale=language, domain="documents")
    compiled = BytesIO()
    write_mo(compiled, parsed)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
