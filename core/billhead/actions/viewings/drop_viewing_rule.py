"""Viewings of that kind are not told to that metric any more; what was told stays."""

from dataclasses import dataclass

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.viewings import ViewingRule

__all__ = ["RuleDropped", "drop_viewing_rule"]


@dataclass(frozen=True, slots=True)
class RuleDropped:
    rule_id: int


@verb("viewings.drop_rule", permission="catalogue.write")
def drop_viewing_rule(tx: Tx, rule_id: int) -> RuleDropped:
    row = tx.session.get(ViewingRule, rule_id)
    if row is None:
        raise NotFound("viewing rule", rule_id)
    note(tx, f"rule:{rule_id}", kind=row.kind, metric=row.metric)
    tx.session.delete(row)
    return RuleDropped(rule_id)
