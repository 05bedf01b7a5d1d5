"""What a row of a statement of credits is, in words: one wording for the reseller's pages and the operator's."""

from typing import Any

from billhead.actions.resellers._statement import HELD_FOR, HOLD_STATES, KINDS
from billhead.web.speaking import marked, say, speech

__all__ = ["held_for", "what_moved"]

_SETTLED = {"captured": marked("Spent on a subscriber"), "released": marked("Held for a subscriber, and came back")}


def what_moved(row: Any) -> str:
    """Of what was held: how it ended, as soon as that is known. `row` is one of `statement_of`."""
    if row.kind == "credits_held" and row.hold_state in _SETTLED:
        return say(_SETTLED[row.hold_state])
    return say(KINDS.get(row.kind, row.kind.replace("_", " ")))


def held_for(row: Any) -> str:
    """ "Renewal, Basic, 1 month: spent"; "" for what was not held, or before that was kept."""
    if row.held_for not in HELD_FOR:
        return ""
    what = speech().listed((say(HELD_FOR[row.held_for]), row.plan, speech().term(row.term)))
    return f"{what}: {say(HOLD_STATES[row.hold_state])}"
