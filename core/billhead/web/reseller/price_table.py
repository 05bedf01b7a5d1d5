"""A table of prices in one form: each field is called by plan and term with a bar between. Only what has changed is
written, and where one can't be, none is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from flask import request

from billhead.db import Tx, writing
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.domain.money import Money
from billhead.web.errors import refusal
from billhead.web.formatting import lasting
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import say

__all__ = ["Asked", "as_typed", "save_changed", "typed_in"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One field. `name`: of the plan; `now`: what it holds, as it is typed; `optional`: it may be emptied."""

    field: str
    name: str
    term: str
    now: str
    optional: bool = False


def as_typed(amount: Money | None) -> str:
    return str(amount.decimal()) if amount is not None else ""


def typed_in(table: Iterable[Asked]) -> dict[str, str]:
    """Field → what was sent in it; others are as they were."""
    return {one.field: request.form[one.field].strip() for one in table if one.field in request.form}


def save_changed(
    table: Iterable[Asked], typed: dict[str, str], currency: str, put: Callable[[Tx, str, Money | None], object]
) -> tuple[str, int] | None:
    """`put` writes one field; None: it was emptied. Gives what was refused, with the name of the field, and the
    status of the page that tells it."""
    named = ""
    try:
        # each price is an action of its own: the form's one key is not theirs
        with writing(replace(submit_ctx(), idempotency_key=None)) as tx:
            for one in table:
                wanted = typed.get(one.field, one.now)
                if wanted == one.now:
                    continue
                named = f"{one.name}, {lasting(one.term)}"
                if not wanted and not one.optional:
                    raise InvalidInput("amount", say("say how much"))
                amount = Money.parse(wanted.replace(",", "."), currency) if wanted else None
                if as_typed(amount) != one.now:
                    put(tx, one.field, amount)
    except BillheadError as refused:
        problem, status = refusal(refused)
        return f"{named}: {problem}", status
    return None
