"""The area for programs of the operator. Its lists are those of the admin area: the same filters, the same scope."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Blueprint, request
from sqlalchemy.orm import Session

from billhead.actions.staff.use_key import use_key
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.domain.money import Money
from billhead.domain.typed_day import typed_day
from billhead.domain.whole_number import whole_number
from billhead.web.admin.listing import Listing
from billhead.web.programs import asker, one_page, only_with_a_key, text

__all__ = [
    "REASON", "amount", "api_staff", "count", "day", "instant", "listed", "needing", "number", "quoted", "typed",
]  # fmt: skip

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


def quoted(line: Any, currency: str) -> dict[str, object]:
    """A line of what something would cost."""
    return {
        "description": line.description,
        "quantity": line.quantity,
        "net": amount(line.net_minor, currency),
        "tax": amount(line.tax_minor, currency),
        "starts_on": day(line.period_start),
        "ends_on": day(line.period_end),
    }


def needing(permission: str) -> None:
    """Before what customers may do with what is their own as well: staff, who see everybody's, need the right to it.
    Raises NotAllowed."""
    if not asker().may(permission):
        raise NotAllowed(f"{asker().actor} may not do this: it needs {permission}")


def count(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 999:
        raise ValueError("must be a whole number from 1 to 999")
    return value


def number(value: object) -> int:
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError("must be a whole number above zero")
    return value


def typed(value: object) -> date:
    found = typed_day(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a day like 2027-01-31")
    return found
