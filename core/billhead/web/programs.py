"""Programs that ask with a key: who asks, how often, and with what. The key becomes a Context, the body checked fields,
a list one page of it.

An area for programs is a blueprint whose views are for anyone: what a key may see and do is decided by its Context, as
for the person that it acts for. A cookie says nothing here, so that no page of another site can use a browser's.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, abort, g, request
from sqlalchemy import ColumnElement, Select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.actions.access._limits import count_try
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.web.shop_address import asked
from billhead.wording import LANGUAGES, wording

__all__ = [
    "MOST", "SIZE", "acting", "addons", "asker", "fields", "flag", "language", "no_fields", "one_page",
    "only_with_a_key", "text",
]  # fmt: skip

_A_MINUTE, _WINDOW = 120, timedelta(minutes=1)
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
SIZE, MOST = 50, 200


def only_with_a_key(area: Blueprint, use_key: Callable[[Tx, str], Context]) -> None:
    """Every view but `openapi` is asked with a key that `use_key` knows. Raises NotAllowed then: what `use_key` raises,
    or `too_often`, which is counted for the key by its number."""

    @area.before_request
    def ask_for_the_key() -> None:
        found = asked()
        if found is not None and found.is_shop:
            abort(404)  # a shop of a reseller's has none of the operator's
        if request.endpoint == f"{area.name}.openapi":
            return
        kind, _space, key = request.headers.get("Authorization", "").partition(" ")
        with writing(Context.system("api")) as tx:
            ctx = use_key(tx, key.strip() if kind.lower() == "bearer" else "")
            count_try(tx, f"api:{ctx.actor}", _A_MINUTE, _WINDOW, f"{_A_MINUTE} requests a minute are enough")
        g.api_ctx = replace(ctx, request_id=g.request_id)
        g.speech = wording("en", "pages")  # programs compare what they are told

    @area.after_request
    def told_to_programs(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if response.status_code == 429:
            response.headers["Retry-After"] = str(int(_WINDOW.total_seconds()))
        return response


def asker() -> Context:
    """As the one whose key it is would act; the audit trail names the key."""
    ctx: Context = g.api_ctx
    return ctx


@contextmanager
def acting(reason: str = "") -> Iterator[Tx]:
    """A transaction under the request's `Idempotency-Key`: sent again, it is answered with the first result."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            "Idempotency-Key", "is missing, or not 1 to 100 signs without spaces", hint="a new one for each new request"
        )
    try:
        with writing(replace(asker().keyed(key), reason=reason)) as tx:
            yield tx
    except IntegrityError as error:
        if "idempotency" not in str(error.orig):
            raise
        raise Conflict("this request is being answered", code="busy", hint="send it again with the same key") from error


def fields(
    known: dict[str, Callable[[object], Any]], needed: tuple[str, ...] = (), *, exact: bool = False
) -> dict[str, Any]:
    """The body's fields, each checked by its reader (which raises ValueError with why). Raises InvalidInput, naming the
    field, also for one that is not known, and for one of `needed` that is missing or empty. `exact`: the readers
    are given numbers with a point as Decimal, as they were written."""
    try:
        body = _exactly() if exact else request.get_json(silent=True)
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
    for name in needed:
        if not found.get(name):
            raise InvalidInput(name, "is missing")
    return found


def _exactly() -> object:
    try:
        return json.loads(request.get_data(), parse_float=Decimal, parse_constant=Decimal) if request.is_json else None
    except (ValueError, InvalidOperation):
        return None


def text(most: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > most or not value.isprintable():
            raise ValueError(f"must be text of up to {most} letters")
        return value.strip()

    return read


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def language(value: object) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"is not one of {', '.join(LANGUAGES)}")
    return str(value)


_code = text(100)


def addons(value: object) -> tuple[AddOnOrder, ...]:
    if not isinstance(value, dict) or len(value) > 50:
        raise ValueError("must be an object: code of an add-on → how many")
    found: list[AddOnOrder] = []
    for name, quantity in value.items():
        code = _code(name)
        if type(quantity) is not int or not 1 <= quantity <= 999:
            raise ValueError(f"{code}: must be a whole number from 1 to 999")
        if any(one.code == code for one in found):
            raise ValueError(f"{code}: stands there twice")
        found.append(AddOnOrder(code, quantity))
    return tuple(found)


def no_fields() -> None:
    """Of what is asked without a body: one that is sent all the same says nothing. Raises InvalidInput."""
    if request.get_data():
        fields({})


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
