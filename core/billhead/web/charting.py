"""Charts on a page: `{{ chart(it) }}` draws a Chart in the words in which the page writes money and dates."""

from dataclasses import replace
from datetime import date
from functools import partial

from flask import Flask
from markupsafe import Markup

from billhead.charts import Chart, Words, draw
from billhead.domain.money import exponent
from billhead.web.formatting import MONTHS, money, short_count, short_money, whole
from billhead.web.speaking import other_language, say

__all__ = ["chart", "install"]


def install(app: Flask) -> None:
    app.jinja_env.globals["chart"] = chart


def chart(it: Chart, mirrored: bool = False) -> Markup:
    """The figure; `mirrored` on a page that is read from right to left."""
    return draw(it, _words(it.currency), mirrored=mirrored)


def _words(currency: str) -> Words:
    other = other_language()
    dates = (other.day, other.short_day, other.month) if other else (_day, _short_day, _month)
    if currency:
        full, short = partial(money, currency=currency), partial(short_money, currency=currency)
        words = Words(full, short, *dates, smallest=10 ** exponent(currency))
    else:
        words = Words(whole, short_count, *dates)
    if other is None:
        return words
    return replace(words, as_table=say("As a table"), nothing=say("Nothing to draw yet."))


def _day(day: date) -> str:
    return f"{_short_day(day)} {day.year}"


def _short_day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _month(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.year}"
