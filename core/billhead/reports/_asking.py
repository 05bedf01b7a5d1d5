"""What was typed for a report's parameters becomes values of their kinds, or a refusal that names the parameter."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.domain.errors import InvalidInput
from billhead.domain.money import exponent
from billhead.domain.whole_number import whole_number
from billhead.models.sellers import Seller
from billhead.plugin import Report, ReportAsked, ReportParameter

__all__ = ["ask"]

_MANY = 1_000_000


def ask(session: Session, report: Report, typed: Mapping[str, str], today: date) -> ReportAsked:
    """The parameters from what was typed; what is missing or empty takes its default, what is not asked is ignored.

    A seller is named by its code. Raises InvalidInput for what is no date, seller, currency, choice or whole number,
    and for a span that ends before it begins.
    """
    values = {one.code: _value(session, one, typed.get(one.code, "").strip(), today) for one in report.parameters}
    first, last = values.get("from"), values.get("to")
    if first is not None and last is not None and first > last:
        raise InvalidInput("to", f"is {last}, before the first day {first}")
    return ReportAsked(values, today)


def _value(session: Session, parameter: ReportParameter, text: str, today: date) -> Any:
    if not text and parameter.kind == "date":
        return _DAYS[parameter.default](today)
    text = text or parameter.default
    if not text:
        return None
    return _KINDS[parameter.kind](session, parameter, text)


def _date(_: Session, parameter: ReportParameter, text: str) -> date:
    try:
        day = date.fromisoformat(text if len(text) == 10 else "")
    except ValueError:
        raise InvalidInput(parameter.code, f"{text!r} is not a date; write it like 2026-11-30") from None
    if not 2000 <= day.year <= 2199:
        raise InvalidInput(parameter.code, f"{text} is outside of the years 2000 to 2199")
    return day


def _seller(session: Session, parameter: ReportParameter, text: str) -> int:
    found = session.scalar(select(Seller.id).where(Seller.code == text))
    if found is None:
        there = ", ".join(session.scalars(select(Seller.code).order_by(Seller.code)))
        raise InvalidInput(parameter.code, f"there is no seller {text!r}", hint=f"there are: {there}")
    return found


def _currency(_: Session, parameter: ReportParameter, text: str) -> str:
    try:
        exponent(text.upper())
    except InvalidInput as unknown:
        raise InvalidInput(parameter.code, unknown.why, hint=unknown.hint) from None
    return text.upper()


def _choice(_: Session, parameter: ReportParameter, text: str) -> str:
    words = [word for word, _ in parameter.options]
    if text not in words:
        raise InvalidInput(parameter.code, f"{text!r} is none of {', '.join(words)}")
    return text


def _count(_: Session, parameter: ReportParameter, text: str) -> int:
    number = whole_number(text, 7)
    if number is None or number > _MANY:
        raise InvalidInput(parameter.code, f"{text!r} is not a whole number from 0 to {_MANY}")
    return number


_KINDS: dict[str, Callable[[Session, ReportParameter, str], Any]] = {
    "date": _date,
    "seller": _seller,
    "currency": _currency,
    "choice": _choice,
    "count": _count,
}


def _year_ago(today: date) -> date:
    """The first day of the month eleven months back: twelve months with the running one."""
    year, month = divmod(today.year * 12 + today.month - 12, 12)
    return date(year, month + 1, 1)


_DAYS: dict[str, Callable[[date], date | None]] = {
    "": lambda today: None,
    "today": lambda today: today,
    "month_start": lambda today: today.replace(day=1),
    "month_end": lambda today: today.replace(day=monthrange(today.year, today.month)[1]),
    "year_start": lambda today: today.replace(month=1, day=1),
    "year_ago": _year_ago,
}
