"""The area for programs of the operator. Its lists are those of the admin area: the same filters, the same scope."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Blueprint, request
from sqlalchemy.orm import Session

from billhead.actions.staff.use_key import use_key
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.whole_number import whole_number
from billhead.web.admin.listing import Listing
from billhead.web.programs import one_page, only_with_a_key, text

__all__ = ["REASON", "amount", "api_staff", "day", "instant", "listed"]

api_staff = Blueprint("api_staff", __name__, url_prefix="/api/staff/v1")
only_with_a_key(api_staff, use_key)

REASON = {"reason": text(500)}
"""As every form of the admin area that asks: it stands in the audit trail."""


def listed(listing: Listing, session: Session, tell: Callable[[Any], dict[str, object]]) -> dict[str, object]:
    """One page of a list. Raises InvalidInput for a filter that the list does not have, or a word that it does not
    know: a program that is mistaken must not be given everything."""
    choices = {choice.name: choice for choice in listing.choices}
    typed = {one.name: one for one in listing.typed}
    for name, value in request.args.items():
        if name in choices and value not in choices[name].words():
            raise InvalidInput(name, f"is not one of {', '.join(choices[name].words())}")
        if name in typed and typed[name].condition(value) is None:
            raise InvalidInput(name, "can't be read")
        if name in listing.narrow and whole_number(value) is None:
            raise InvalidInput(name, "must be a whole number")
        if name not in {"limit", "before", *choices, *typed, *listing.narrow, *(("q",) if listing.search else ())}:
            raise InvalidInput(name[:60], "is not known here")
    rows, more = one_page(session, listing.filtered(), listing.key)
    return {listing.name: [tell(row) for row in rows], "next": more}


def amount(minor: int, currency: str) -> str:
    """1250 EUR → "12.50": amounts are told as text, so that no program makes a float of them."""
    return f"{Money(minor, currency).decimal():f}"


def day(on: date | None) -> str | None:
    return on.isoformat() if on is not None else None


def instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
