"""Words, dates and amounts in a customer's language: gettext catalogues, with Babel for everything that has a format.

The English text is the key. The catalogues of a language are `documents.po`, `pages.po` and `notices.po` in
`locale/<language>/LC_MESSAGES/`, read as they are: there is no build step, and a language is added by adding its
files. Each is asked for its own words first, then the others; what all of them lack is said in English.

Plugins bring catalogues of their own: asked first on their own pages, and last on all others.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_currency, format_compact_decimal, format_decimal, get_currency_symbol

from billhead.domain.errors import BillheadError
from billhead.domain.money import CREDITS, Money, exponent
from billhead.domain.periods import Term
from billhead.refusals import Sentence, add_refusals, listed, patterns_of, read_refusal

__all__ = [
    "LANGUAGES",
    "NOTICE_LANGUAGES",
    "PAGE_LANGUAGES",
    "PluginWords",
    "Wording",
    "add_plugin_words",
    "direction",
    "marked",
    "read_plugin_words",
    "wording",
]

_LOCALE = Path(__file__).with_name("locale")
_FORMATS = {"en": "en_GB"}  # 2 Nov 2026, as on our pages, and no month before the day
_DIGITS = "latn"  # amounts must look like those of the bank and the gateway, in every script

LANGUAGES: tuple[str, ...] = (
    "en",
    *sorted(found.name for found in _LOCALE.iterdir() if (found / "LC_MESSAGES").is_dir()),
)
"""The languages that documents are written in."""


def _with(domain: str) -> tuple[str, ...]:
    return ("en", *(code for code in LANGUAGES if (_LOCALE / code / "LC_MESSAGES" / f"{domain}.po").is_file()))


PAGE_LANGUAGES = _with("pages")
"""The languages that the shop and the areas speak."""

NOTICE_LANGUAGES = _with("notices")
"""The languages that notices are written in."""


@dataclass(frozen=True, slots=True)
class PluginWords:
    """What a plugin says: `catalogues` compiled, by language, and the sentences of what it refuses."""

    catalogues: dict[str, bytes]
    refusals: tuple[Sentence, ...]


_PLUGINS: dict[str, PluginWords] = {}


@cache
def read_plugin_words(folder: Path) -> PluginWords:
    """A plugin's `locale/`, with `<language>/LC_MESSAGES/pages.po` and `refusals.txt` in it. Read whole and tried, for
    its words are looked up on core's pages too. Raises ValueError, naming the file that can't be read."""
    catalogues = {}
    for language in LANGUAGES:
        path = _path(folder, language, "pages")
        if path.is_file():
            with _naming(path, folder):
                catalogues[language] = _compile(path, language, "pages")
                _try_plurals(catalogues[language])
    with _naming(path := folder / "refusals.txt", folder):
        sentences = listed(path)
        patterns_of(sentences)
    return PluginWords(catalogues, sentences)


@contextmanager
def _naming(path: Path, folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of gettext, Babel, codecs or re: whatever may stand in another's file
        where = path.relative_to(folder.parent).as_posix()
        raise ValueError(f"{where}: {type(error).__name__}: {error}") from error


def _try_plurals(compiled: bytes) -> None:
    """A rule that can be read may still fail when it is followed: 5 / n."""
    opened = gettext.GNUTranslations(BytesIO(compiled))
    for number in range(3):
        opened.ngettext("", "", number)


def add_plugin_words(plugin: str, words: PluginWords) -> None:
    """From now on a plugin's words are looked up."""
    if _PLUGINS.get(plugin) != words:
        _PLUGINS[plugin] = words
        _wording.cache_clear()
        add_refusals(plugin, words.refusals)


def wording(language: str, domain: str = "documents", plugin: str = "") -> Wording:
    """The words of a language, "de" or "de-AT", for `documents`, `pages` or `notices`; English where there is no
    catalogue for it. `plugin`: on whose page they stand."""
    code = language.replace("_", "-").partition("-")[0].lower()
    return _wording(code if code in LANGUAGES else "en", domain, plugin if plugin in _PLUGINS else "")


def marked(text: str) -> str:
    """The text as it is, for the catalogues to find: in tables whose words are said when they are shown."""
    return text


def direction(language: str) -> str:
    """ "rtl" or "ltr", also of languages that there is no catalogue of; "ltr" of what is none."""
    try:
        return Locale.parse(language, sep="-").text_direction
    except (UnknownLocaleError, ValueError):
        return "ltr"


def own_name(language: str) -> str:
    """Deutsch, Türkçe; also of languages that there is no catalogue of, and the code itself of what is none."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return language
    name = locale.get_language_name(locale) or language
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=256)
def _wording(code: str, domain: str, plugin: str) -> Wording:
    return Wording(code, domain, plugin)


_ONE_WORD = {"super_reseller": "super-reseller"}


class Wording:
    """One language. `right_to_left` says how a page is laid out."""

    def __init__(self, language: str, domain: str = "documents", plugin: str = "") -> None:
        self.language = language
        self._domain = domain
        self._plugin = plugin
        self._locale = Locale.parse(_FORMATS.get(language, language))
        self.right_to_left = self._locale.text_direction == "rtl"
        self._own: Mapping[str, str] = {}

    def knowing(self, own: Mapping[str, str]) -> Wording:
        """The same, that also knows what a seller calls its plans and ways to pay in this language."""
        if not own:
            return self
        found = copy(self)
        found._words = self._words  # read once for all sellers
        found._own = own
        return found

    def own(self, text: str) -> str:
        """A name or description of the seller's, as `knowing` was told; else as it stands with the seller."""
        return self._own.get(text, text)

    @cached_property
    def _words(self) -> gettext.NullTranslations:
        """Read when the first word is asked for: a name or a date in the language needs none."""
        if not self._plugin:
            return _catalogue(self.language, self._domain)
        others = wording(self.language, self._domain)._words
        return _put_over(others, _PLUGINS[self._plugin].catalogues.get(self.language))

    @property
    def own_name(self) -> str:
        """Deutsch, Türkçe."""
        return own_name(self.language)

    def say(self, text: str, /, **named: object) -> str:
        """The text in this language; `%(name)s` in it is filled in from `named`."""
        said = self._words.gettext(text) if text else ""
        return said % named if named else said

    def say_word(self, code: str) -> str:
        """A state or a kind, as it stands in a column: "credit_note" is said as "credit note"."""
        return self.say(_ONE_WORD.get(code) or code.replace("_", " "))

    def say_note(self, note: str) -> str:
        """A note in English, of a tax engine or of a credit note; the reason in it stays in the operator's words."""
        for told in ("Exempt from VAT: %(reason)s", "Exempt from tax: %(reason)s", "Reason: %(reason)s"):
            begin = told.partition("%")[0]
            if note.startswith(begin):
                return self.say(told, reason=note.removeprefix(begin))
        return self.say(note)

    def refusal(self, text: str) -> str:
        """What a rule refused, in this language: days, amounts and terms in it as the language writes them."""
        if self.language == "en" or not text:
            return _IN_CREDITS.sub(r"\1 credits", text)
        sentence, named = read_refusal(text)
        told = {name: self._value(name, value) for name, value in named.items()}
        if isinstance(sentence, str):
            return self.say(sentence, **told)
        return self.count(*sentence, int(told.pop("count", "1")), **told)

    def _value(self, name: str, value: str) -> str:
        """A value out of an English sentence. What only looks like a day or an amount, as a code that somebody typed,
        stays as it is."""
        if name in ("state", "what"):
            return self.say(value)
        if name == "far" and value.startswith(_REGISTER):
            return self.say(_REGISTER + "%(plugin)s", plugin=value.removeprefix(_REGISTER))
        if name == "words":
            return self.listed(map(self.say, value.split(", ")))
        try:
            return value if name == "code" else self._told(value)
        except (ValueError, BillheadError):
            return value

    def _told(self, value: str) -> str:
        if _DAY.fullmatch(value):
            return self.day(date.fromisoformat(value))
        if found := _AMOUNT.fullmatch(value):
            amount = Money.parse(found[1], found[2])
            write = self.number if amount.currency == CREDITS else self.money
            return write(amount.minor, amount.currency)
        terms = value.split(" or ")
        return self.listed(map(self.term, terms)) if all(map(_TERM.fullmatch, terms)) else value

    def listed(self, words: Iterable[str]) -> str:
        """One after the other, with the comma that the script has."""
        return ("، " if self.language == "ar" else ", ").join(words)

    def count(self, one: str, many: str, number: int, /, **named: object) -> str:
        """ "%(count)d month" or "%(count)d months" by the plural rules of the language; other values as in `say`."""
        return self._words.ngettext(one, many, number) % {"count": number, **named}

    def choose(self, one: str, many: str, number: int) -> str:
        """The form for that number, not filled in yet."""
        return self._words.ngettext(one, many, number)

    def upright(self, text: str) -> str:
        """Figures and codes among right-to-left words keep their own order: "+358 9 123", "00160 Helsinki"."""
        return f"\u2068{text}\u2069" if text and self.right_to_left else text

    def _signed(self, number: str) -> str:
        """The minus stays before its figures on pages that are read from the right."""
        return number.replace("-", "\u200e-", 1) if self.right_to_left and self._domain == "pages" else number

    def _apart(self, amount: str, currency: str) -> str:
        """On pages that are read from the right an amount keeps clear of the words around it, and its sign of the
        figures: "JP¥" would be read as "¥JP"."""
        if not (self.right_to_left and self._domain == "pages"):
            return amount
        sign = get_currency_symbol(currency, self._locale)
        return f"\u2067{self._signed(amount).replace(sign, self.upright(sign))}\u2069"

    def day(self, day: date) -> str:
        return format_date(day, self._day_format(), locale=self._locale)

    def short_day(self, day: date) -> str:
        return str(format_skeleton("MMMd", day, locale=self._locale))

    def month(self, day: date) -> str:
        return str(format_skeleton("yMMM", day, locale=self._locale))

    def period(self, start: date, end: date) -> str:
        """A half-open period as people read it: its first and its last day."""
        last = end - timedelta(days=1)
        return format_interval(start, last, "yMMMd", locale=self._locale) if last > start else self.day(start)

    def long_day(self, day: date) -> str:
        """2 November 2026, in the midst of a sentence."""
        return format_date(day, "long", locale=self._locale)

    def long_month(self, day: date) -> str:
        """November 2026"""
        return str(format_skeleton("yMMMM", day, locale=self._locale))

    def _day_format(self) -> str:
        return "d MMM y" if self.right_to_left else "medium"

    def money(self, minor: int, currency: str) -> str:
        """€1,234.50 or 1.234,50 €, with exactly the decimals that the currency has: none for JPY, three for KWD."""
        pattern: Any = copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (exponent(currency), exponent(currency))
        amount = Money(minor, currency).decimal()
        told = {"currency": currency, "currency_digits": False, "numbering_system": _DIGITS}
        return self._apart(str(pattern.apply(amount, self._locale, **told)), currency)

    def number(self, minor: int, currency: str) -> str:
        """The same without its currency, for columns that name it in their head."""
        pattern: Any = copy(self._locale.decimal_formats[None])
        pattern.frac_prec = (exponent(currency), exponent(currency))
        return self._signed(
            str(pattern.apply(Money(minor, currency).decimal(), self._locale, numbering_system=_DIGITS))
        )

    def short_money(self, minor: int, currency: str) -> str:
        """At an axis: 12,5 mil €."""
        amount = Money(minor, currency).decimal()
        told = format_compact_currency(
            amount, currency, fraction_digits=2, locale=self._locale, numbering_system=_DIGITS
        )
        return self._apart(str(told), currency)

    def short_count(self, count: int) -> str:
        return self._signed(
            str(format_compact_decimal(count, fraction_digits=2, locale=self._locale, numbering_system=_DIGITS))
        )

    def percent(self, ppm: int) -> str:
        """190000 → 19 %, 55000 → 5.5 %, as the language writes it."""
        pattern: Any = copy(self._locale.percent_formats[None])
        pattern.frac_prec = (0, 4)
        return str(pattern.apply(Decimal(ppm).scaleb(-6), self._locale, numbering_system=_DIGITS))

    def decimal(self, text: str) -> str:
        """A decimal number that is kept as text, every digit of it."""
        return str(format_decimal(text, locale=self._locale, decimal_quantization=False, numbering_system=_DIGITS))

    def name_of(self, language: str) -> str:
        """A language's name in this one: "Französisch"; the code itself of what is none."""
        try:
            return Locale.parse(language, sep="-").get_language_name(self.language) or language
        except (UnknownLocaleError, ValueError):
            return language

    def country(self, code: str) -> str:
        return self._locale.territories.get(code, code)

    def currency(self, code: str) -> str:
        """ "euro"; the code itself of what this language has no name for."""
        return self._locale.currencies.get(code, code)

    def term(self, text: str) -> str:
        """ "3 months" in this language; "" for what has no term."""
        if not text:
            return ""
        term = Term.parse(text)
        one, many = _TERMS[str(term.unit)]
        return self.count(one, many, term.count)


_REGISTER = "tax id service of "
_IN_CREDITS = re.compile(rf"([0-9]) {CREDITS}\b")  # a code of ours, that nobody knows
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")
_TERM = re.compile(r"\d+ (?:day|week|month|year)s?")
_TERMS = {
    "day": ("%(count)d day", "%(count)d days"),
    "week": ("%(count)d week", "%(count)d weeks"),
    "month": ("%(count)d month", "%(count)d months"),
    "year": ("%(count)d year", "%(count)d years"),
}


_DOMAINS = ("documents", "pages", "notices")


def _catalogue(language: str, asked: str) -> gettext.NullTranslations:
    """The words of that domain, then those of the others, then those of plugins."""
    words = gettext.NullTranslations()
    for plugin in sorted(_PLUGINS, reverse=True):
        words = _put_over(words, _PLUGINS[plugin].catalogues.get(language))
    for domain in (*(other for other in reversed(_DOMAINS) if other != asked), asked):
        words = _put_over(words, _compiled(language, domain))
    return words


def _put_over(words: gettext.NullTranslations, compiled: bytes | None) -> gettext.NullTranslations:
    if compiled is None:
        return words
    found = gettext.GNUTranslations(BytesIO(compiled))
    found.add_fallback(words)
    return found


@cache
def _compiled(language: str, domain: str) -> bytes | None:
    """Core's own, read once: each of the three domains falls back on the two others."""
    path = _path(_LOCALE, language, domain)
    return _compile(path, language, domain) if path.is_file() else None


def _path(folder: Path, language: str, domain: str) -> Path:
    return folder / language / "LC_MESSAGES" / f"{domain}.po"


def _compile(path: Path, language: str, domain: str) -> bytes:
    with path.open("rb") as source:
        parsed = read_po(source, locale=language, domain=domain)
    compiled = BytesIO()
    write_mo(compiled, parsed)
    return compiled.getvalue()
