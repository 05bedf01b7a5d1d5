"""The seller's rules of support: how much may be written, and how long a dispute keeps dunning waiting."""

from dataclasses import asdict

from billhead.actions.sellers._keeping import keep_rules
from billhead.actions.support._rules import SupportRules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["save_rules"]

_BOUNDS = {"waits_days": (0, 365), "dispute_days": (0, 3650), "tickets_a_day": (1, 1000), "messages_an_hour": (1, 1000)}


@verb("support.save_rules", permission="sellers.write")
def save_rules(tx: Tx, seller_id: int, rules: SupportRules) -> None:
    """Holds for disputes from now on. Raises NotFound, or InvalidInput naming what is out of its bounds."""
    values = asdict(rules)
    for name, (low, high) in _BOUNDS.items():
        if not low <= values[name] <= high:
            raise InvalidInput(name, f"must be from {low} to {high}")
    keep_rules(tx, seller_id, "support", values)
