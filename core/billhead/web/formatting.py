"""How money, dates and terms are written on a page, in its language. No rounding: amounts are whole minor units.

English is written here, other languages by their own rules (`billhead.wording`).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, overload
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from billhead import clock
from billhead.actions.documents._line_taxes import line_taxes
from billhead.actions.documents.describe_discount import describe_discount
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.documents.taxes_of import TaxSum, taxes_of
from billhead.domain.money import CREDITS, exponent
from billhead.domain.periods import Term
from billhead.models.documents import Document
from billhead.web.own_words import own_word
from billhead.web.places import country_name, language_name
from billhead.web.speaking import other_language, say, speech
from billhead.wording import wording

__all__ = [
    "MONTHS",
    "day",
    "day_in_words",
    "from_to",
    "happened",
    "install",
    "last_day",
    "lasting",
    "mail_query",
    "moment",
    "paper_name",
    "money",
    "percent",
    "short_count",
    "short_money",
    "term",
    "tone",
    "whole",
]

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "NGN": "₦", "UAH": "₴", "ILS": "₪", "XCR": ""}
_TONES = {
    "good": "active passed approved paid settled done ok succeeded applied sent valid open_for_sale trial won ready "
    "led_on answered granted taken operational earned",
    "wait": "pending provisioning queued running processing requires_action created received sending suspending "
    "being_made changing being_checked review waiting",
    "warn": "past_due partly_paid unknown suspended final open expired canceled terminating parked needs_confirmation "
    "unpaid stopped maintenance trouble high",
    "bad": "failed impossible rejected refused deny quarantined written_off broken invalid lost charged_back reversed "
    "urgent disturbed taken_back",
}
_TONE_OF = {word: name for name, words in _TONES.items() for word in words.split()}
_HAPPENED = {
    "start_trial": "Trial started",
    "activate": "Activated",
    "fall_due": "Fell due",
    "clear_debt": "Debt cleared",
    "suspend": "Suspended",
    "resume": "Resumed",
    "resume_trial": "Trial resumed",
    "expire": "Expired",
    "renew": "Renewed",
    "cancel": "Canceled",
    "held": "Put on hold",
    "facts_changed": "Details changed",
    "let_in": "Was mailed a link to sign in",
    "renewal_on": "Renewed by itself from now on",
    "renewal_off": "Renewed by hand from now on",
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def install(app: Flask) -> None:
    app.jinja_env.globals.update(
        country_name=country_name,
        language_name=language_name,
        describe_discount=describe_discount,
        days_at_end=days_at_end,
        happened=happened,
        lasting=lasting,
        describe_line=lambda line: describe_line(line, speech().say, own_word),
        line_taxes=line_taxes,
        paper_name=paper_name,
        tax_name=tax_name,
        taxes_of=taxes_of,
    )
    app.jinja_env.filters["mail_query"] = mail_query
    app.jinja_env.globals.update(
        money=money,
        day=day,
        moment=moment,
        term=term,
        percent=percent,
        tone=tone,
        last_day=last_day,
        whole=whole,
        today_of=clock.today_in,
    )


def mail_query(fields: dict[str, str]) -> str:
    """What follows the ? of a mailto: address. Blanks are %20: mail programs show a plus as one."""
    return urlencode({name: text.replace("\n", "\r\n") for name, text in fields.items()}, quote_via=quote)


def paper_name(document: Document) -> str:
    """Its number, or what it is where it has none yet: "INV-2026-0007", "draft 12"."""
    return document.number_text or f"{speech().say_word(document.kind)} {document.id}"


def tax_name(tax: TaxSum) -> str:
    """Whose tax, and what people call it: "Kuwait, outside scope", "Canada QC, QST", "Germany"."""
    country, _, region = tax.place.partition("-")
    place = f"{country_name(country)} {region}".strip()
    named = tax.name if tax.name.isupper() else speech().say(tax.name)
    return ", ".join(one for one in (place, named) if one)


def money(minor: int, currency: str) -> str:
    """1234567 EUR → "€12,345.67"; 1200 JPY → "¥1,200"; 5250 KWD → "KWD 5.250"; credits without a sign."""
    if (other := other_language()) is not None:
        return other.number(minor, currency) if currency == CREDITS else other.money(minor, currency)
    digits = exponent(currency)
    whole, part = divmod(abs(minor), 10**digits)
    number = f"{whole:,}" + (f".{part:0{digits}d}" if digits else "")
    sign = _SIGNS.get(currency, f"{currency}\u00a0")
    return f"{'−' if minor < 0 else ''}{sign}{number}"


def from_to(before: object, after: object) -> str:
    """What it is and what it becomes; the arrow points as the language is read."""
    return say("%(before)s → %(after)s", before=before, after=after)


def whole(count: int) -> str:
    """1234567 → "1,234,567"."""
    other = other_language()
    return other.decimal(str(count)) if other else f"{count:,}"


def short_money(minor: int, currency: str) -> str:
    """What stands at an axis: "€950", "€12.5k", "€3M"; below one unit with its part."""
    if (other := other_language()) is not None:
        whole_credits = currency == CREDITS and minor % 100 == 0
        return other.short_count(minor // 100) if whole_credits else other.short_money(minor, currency)
    one = 10 ** exponent(currency)
    if abs(minor) < one and minor % one:
        return money(minor, currency)
    sign = _SIGNS.get(currency, f"{currency}\u00a0")
    return f"{'−' if minor < 0 else ''}{sign}{_short(abs(minor), one)}"


def short_count(count: int) -> str:
    """950, 12.5k, 3M."""
    if (other := other_language()) is not None:
        return other.short_count(count)
    return f"{'−' if count < 0 else ''}{_short(abs(count), 1)}"


def _short(amount: int, one: int) -> str:
    """`amount` is that many parts, of which `one` make a whole."""
    sizes = ((1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k"))
    size, letter = next(((size, letter) for size, letter in sizes if amount >= size * one), (1, ""))
    hundredths = amount * 100 // (size * one)
    part = f".{hundredths % 100:02d}" if hundredths % 100 else ""
    return f"{hundredths // 100:,}{part.rstrip('0') if letter else part}{letter}"


def day(value: date | None) -> Markup:
    """22 Nov 2026, in a <time> element; a dash for none."""
    if value is None:
        return Markup("–")
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat()[:10], day_in_words(value))


def day_in_words(value: date) -> str:
    """22 Nov 2026: where no element can stand, as in a message."""
    other = other_language()
    return other.day(value) if other else f"{value.day}\u00a0{MONTHS[value.month - 1]}\u00a0{value.year}"


def moment(value: datetime | None, zone: str = "UTC") -> Markup:
    """22 Nov 2026, 14:05, in the zone of whoever reads it."""
    if value is None:
        return Markup("–")
    local = value.astimezone(ZoneInfo(zone))
    written = local.isoformat(timespec="minutes")
    told = (other_language() or wording("en")).listed((day_in_words(local), f"{local:%H:%M}"))
    return Markup('<time datetime="{}">{}</time>').format(written, told)


def term(text: str) -> str:
    """ "1 month" → "month", "3 months" stays: what stands after "per" or "for"."""
    words = other_language() or wording("en")
    if not text:
        return words.say("once")
    parsed = Term.parse(text)
    return words.say(parsed.unit) if parsed.count == 1 else words.term(text)


def happened(kind: str) -> str:
    """What a subscription's history says of an event: "renew" → "Renewed"."""
    return speech().say(_HAPPENED.get(kind, kind.replace("_", " ").capitalize()))


def days_at_end(details: Mapping[str, Any]) -> str:
    """What a history says of an event that added days or took some: "Days at the end: +20, until 20 May 2026"."""
    days, until = details.get("days"), details.get("until")
    if not days or not until:
        return ""
    end = day_in_words(last_day(date.fromisoformat(until)))
    return f"{speech().say('Days at the end')}: {days:+d}, {speech().say('until %(day)s', day=end)}"


def lasting(text: str) -> str:
    """ "1 month", "3 months": a length of time in full."""
    return speech().term(text)


def percent(ppm: int) -> str:
    """Parts per million: 190000 → "19 %", 55000 → "5.5 %"."""
    if (other := other_language()) is not None:
        return other.percent(ppm)
    whole, rest = divmod(ppm, 10_000)
    part = f"{rest:04d}".rstrip("0")
    return f"{whole}{'.' if part else ''}{part}\u00a0%"


def tone(word: object) -> str:
    """How a state is coloured: good, wait, warn, bad or plain. The word itself always stands beside it."""
    return _TONE_OF.get(str(word), "plain")


@overload
def last_day(end: date) -> date: ...
@overload
def last_day(end: None) -> None: ...
@overload
def last_day(end: date | None) -> date | None: ...
def last_day(end: date | None) -> date | None:
    """The last day of a half-open period: what people read as its end."""
    return None if end is None else end - timedelta(days=1)
