"""Who asks, how often, and with what: the key becomes a Context, the body checked fields, a list one page of it.

Every view is for anyone with a key of a reseller: what it may see and do is decided by the same scope and actions as in
the reseller's area. A cookie says nothing here, so that no page of another site can use a browser's.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, g, request
from sqlalchemy import ColumnElement, Select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.actions.access._limits import count_try
from billhead.actions.resellers.use_key import use_key
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.domain.whole_number import whole_number
from billhead.models.people import Reseller
from billhead.web.shop_address import asked

__all__ = ["MOST", "SIZE", "acting", "api", "asker", "asking_reseller", "fields", "in_credits", "one_page"]

api = Blueprint("api_v1", __name__, url_prefix="/api/v1")

_OPEN = frozenset({"api_v1.openapi"})
_A_MINUTE, _WINDOW = 120, timedelta(minutes=1)
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
SIZE, MOST = 50, 200


@api.before_request
def only_with_a_key() -> None:
    """Raises NotAllowed: `unknown_key`, or `too_often`, which is counted for the key by its number."""
    found = asked()
    if found is not None and found.is_shop:
        abort(404)  # a shop of a reseller's has none of the operator's
    if request.endpoint in _OPEN:
        return
    kind, _space, key = request.headers.get("Authorization", "").partition(" ")
    with writing(Context.system("api")) as tx:
        ctx = use_key(tx, key.strip() if kind.lower() == "bearer" else "")
        count_try(tx, f"api:{ctx.actor}", _A_MINUTE, _WINDOW, f"{_A_MINUTE} requests a minute are enough")
    g.api_ctx = replace(ctx, request_id=g.request_id)


@api.after_request
def told_to_programs(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if response.status_code == 429:
        response.headers["Retry-After"] = str(int(_WINDOW.total_seconds()))
    return response


def asker() -> Context:
    """As the reseller itself would act; the audit trail names the key."""
    ctx: Context = g.api_ctx
    return ctx


def asking_reseller(session: Session) -> Reseller:
    return session.get_one(Reseller, asker().scope.reseller_id)


@contextmanager
def acting() -> Iterator[Tx]:
    """A transaction under the request's `Idempotency-Key`: sent again, it is answered with the first result."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            "Idempotency-Key", "is missing, or not 1 to 100 signs without spaces", hint="a new one for each new request"
        )
    try:
        with writing(asker().keyed(key)) as tx:
            yield tx
    except IntegrityError as error:
        if "idempotency" not in str(error.orig):
            raise
        raise Conflict("this request is being answered", code="busy", hint="send it again with the same key") from error


def fields(known: dict[str, Callable[[object], Any]]) -> dict[str, Any]:
    """The body's fields, each checked by its reader (which raises ValueError with why). Raises InvalidInput, naming the
    field, also for one that is not known."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # lists in lists in lists
        body = None
    if not isinstance(body, dict):
        raise InvalidInput("body", "must be a JSON object", hint="send it as application/json")
    found = {}
    for name, value in body.items():
        if name not in known:
            raise InvalidInput(name[:60], "is not known here")
        try:
            found[name] = known[name](value)
        except ValueError as wrong:
            raise InvalidInput(name, str(wrong)) from wrong
    return found


def one_page(
    session: Session, query: Select[*tuple[Any, ...]], key: InstrumentedAttribute[int]
) -> tuple[list[Any], int | None]:
    """(rows by falling key, where the next page begins): `?limit=` rows of those before `?before=`."""
    limit, before = _number("limit"), _number("before")
    size = SIZE if limit is None else limit
    if not 1 <= size <= MOST:
        raise InvalidInput("limit", f"choose from 1 to {MOST}")
    older: list[ColumnElement[bool]] = [key < before] if before is not None else []
    rows = list(session.execute(query.where(*older).order_by(key.desc()).limit(size + 1)))
    return rows[:size], rows[size - 1].id if len(rows) > size else None


def _number(name: str) -> int | None:
    typed = request.args.get(name, "")
    number = whole_number(typed)
    if typed and number is None:
        raise InvalidInput(name, "must be a whole number")
    return number


def in_credits(minor: int) -> str:
    """1250 → "12.50": credits are told as text, so that no program makes a float of them."""
    return str(Money(minor, CREDITS).decimal())
