"""How money, dates and terms are written on a page. No rounding: amounts come as whole minor units."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from billhead.actions.documents._line_taxes import line_taxes
from billhead.actions.documents.describe_discount import describe_discount
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.documents.taxes_of import taxes_of
from billhead.domain.money import exponent
from billhead.domain.periods import Term
from billhead.web.places import country_name

__all__ = [
    "MONTHS",
    "day",
    "install",
    "last_day",
    "moment",
    "money",
    "percent",
    "short_count",
    "short_money",
    "term",
    "tone",
]

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "NGN": "₦", "UAH": "₴", "ILS": "₪", "XCR": ""}
_TONES = {
    "good": "active passed approved paid settled done ok succeeded applied sent valid open_for_sale trial won ready "
    "led_on",
    "wait": "pending provisioning queued running processing requires_action created received sending suspending "
    "being_made changing being_checked review",
    "warn": "past_due partly_paid unknown suspended final open expired canceled terminating parked needs_confirmation "
    "unpaid stopped maintenance trouble",
    "bad": "failed impossible rejected refused deny quarantined written_off broken invalid lost charged_back reversed",
}
_TONE_OF = {word: name for name, words in _TONES.items() for word in words.split()}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def install(app: Flask) -> None:
    app.jinja_env.globals.update(
        country_name=country_name,
        describe_discount=describe_discount,
        describe_line=describe_line,
        line_taxes=line_taxes,
        taxes_of=taxes_of,
    )
    app.jinja_env.globals.update(
        money=money, day=day, moment=moment, term=term, percent=percent, tone=tone, last_day=last_day
    )


def money(minor: int, currency: str) -> str:
    """1234567 EUR → "€12,345.67"; 1200 JPY → "¥1,200"; 5250 KWD → "KWD 5.250"; credits without a sign."""
    digits = exponent(currency)
    whole, part = divmod(abs(minor), 10**digits)
    number = f"{whole:,}" + (f".{part:0{digits}d}" if digits else "")
    sign = _SIGNS.get(currency, f"{currency}\u00a0")
    return f"{'−' if minor < 0 else ''}{sign}{number}"


def short_money(minor: int, currency: str) -> str:
    """What stands at an axis: "€950", "€12.5k", "€3M"; below one unit with its part."""
    one = 10 ** exponent(currency)
    if abs(minor) < one and minor % one:
        return money(minor, currency)
    sign = _SIGNS.get(currency, f"{currency}\u00a0")
    return f"{'−' if minor < 0 else ''}{sign}{_short(abs(minor), one)}"


def short_count(count: int) -> str:
    """950, 12.5k, 3M."""
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
    shown = f"{value.day}\u00a0{MONTHS[value.month - 1]}\u00a0{value.year}"
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat()[:10], shown)


def moment(value: datetime | None, zone: str = "UTC") -> Markup:
    """22 Nov 2026, 14:05, in the zone of whoever reads it."""
    if value is None:
        return Markup("–")
    local = value.astimezone(ZoneInfo(zone))
    shown = f"{local.day}\u00a0{MONTHS[local.month - 1]}\u00a0{local.year}, {local:%H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="minutes"), shown)


def term(text: str) -> str:
    """ "1 month" → "month", "3 months" stays: what stands after "per" or "for"."""
    if not text:
        return "once"
    parsed = Term.parse(text)
    return parsed.unit if parsed.count == 1 else str(parsed)


def percent(ppm: int) -> str:
    """Parts per million: 190000 → "19 %", 55000 → "5.5 %"."""
    whole, rest = divmod(ppm, 10_000)
    part = f"{rest:04d}".rstrip("0")
    return f"{whole}{'.' if part else ''}{part}\u00a0%"


def tone(word: object) -> str:
    """How a state is coloured: good, wait, warn, bad or plain. The word itself always stands beside it."""
    return _TONE_OF.get(str(word), "plain")


def last_day(end: date) -> date:
    """The last day of a half-open period: what people read as its end."""
    return end - timedelta(days=1)
