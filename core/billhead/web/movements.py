"""What a row of a statement of credits is, in words: one wording for the reseller's pages and the operator's."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from billhead.actions.resellers._statement import HELD_FOR, HOLD_STATES, KINDS, bought_with
from billhead.domain.money import CREDITS
from billhead.models.credits import CreditHold
from billhead.models.subscriptions import SubscriptionEvent
from billhead.web.formatting import day_in_words, last_day, money
from billhead.web.speaking import marked, say, speech

__all__ = ["bought_by_credits", "held_for", "what_moved", "why_moved"]

_MANY = re.compile(r"(?:renew|disable|enable|end) many (\d+)")
_SETTLED = {"captured": marked("Spent on a subscriber"), "released": marked("Held for a subscriber, and came back")}


def what_moved(row: Any) -> str:
    """Of what was held: how it ended, as soon as that is known. `row` is one of `statement_of`."""
    if row.kind == "credits_held" and row.hold_state in _SETTLED:
        return say(_SETTLED[row.hold_state])
    return say(KINDS.get(row.kind, row.kind.replace("_", " ")))


def why_moved(reason: str | None) -> str:
    """A reason as it stands in the trail: what is written down there by ourselves is said in words."""
    if reason == "automatic renewal":
        return say("Automatic renewal")
    if found := _MANY.fullmatch(reason or ""):
        return say("many at once, no. %(number)s", number=found[1])
    return reason or ""


def held_for(row: Any) -> str:
    """ "Renewal, Basic, 1 month: spent"; "" for what was not held, or before that was kept."""
    if row.held_for not in HELD_FOR:
        return ""
    return f"{_what(row)}: {say(HOLD_STATES[row.hold_state])}"


def _what(row: Any) -> str:
    return speech().listed((say(HELD_FOR[row.held_for]), row.plan, speech().term(row.term)))


def bought_by_credits(
    session: Session, events: Iterable[SubscriptionEvent], among: Select[int] | None = None
) -> dict[int, str]:
    """What a subscription's events say that credits paid, by the id of the event: "Renewal, Basic, 1 month: 8.00
    credits, until 6 Jan 2027". In one query, or none. `among`: whose credits alone are told."""
    paid = {one.id: one.details for one in events if one.kind == "paid_by_credits"}
    if not paid:
        return {}
    query = bought_with({told["hold_id"] for told in paid.values()})
    if among is not None:
        query = query.where(CreditHold.reseller_id.in_(among))
    rows = {row.id: row for row in session.execute(query) if row.held_for in HELD_FOR}
    return {key: _paid(rows[told["hold_id"]], told["until"]) for key, told in paid.items() if told["hold_id"] in rows}


def _paid(row: Any, until: str) -> str:
    end = last_day(date.fromisoformat(until))
    took = say("%(credits)s credits", credits=money(row.minor, CREDITS))
    lasts = say("until %(day)s", day=day_in_words(end) if end else until)
    return f"{_what(row)}: {speech().listed((took, lasts))}"
