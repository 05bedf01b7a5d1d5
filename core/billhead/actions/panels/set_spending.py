"""How much may be spent on a panel in a day, when low credit is told, and what a credit costs."""

from dataclasses import dataclass

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.panels import Panel

__all__ = ["SpendingSet", "set_spending"]


@dataclass(frozen=True, slots=True)
class SpendingSet:
    panel_id: int


@verb("panels.set_spending", permission="panels.write")
def set_spending(
    tx: Tx, panel_id: int, *, cap_minor: int, low_minor: int, credit_cost_minor: int, currency: str
) -> SpendingSet:
    """Credits with two decimals, the cost in minor units of `currency`; 0 is no cap, no alert, cost not told.

    Raises NotFound, or InvalidInput for what is below zero, or a cost without its currency.
    """
    panel = tx.session.get(Panel, panel_id, with_for_update=True)
    if panel is None:
        raise NotFound("panel", panel_id)
    for name, value in (("cap", cap_minor), ("low", low_minor), ("cost", credit_cost_minor)):
        if value < 0:
            raise InvalidInput(name, "must not be below zero")
    if credit_cost_minor:
        Money(credit_cost_minor, currency)  # raises for what is no currency
    panel.spend_cap_minor, panel.spend_cap_told_on = cap_minor, None
    panel.balance_low_minor = low_minor
    panel.balance_told = panel.balance_minor is not None and panel.balance_minor < low_minor and panel.balance_told
    panel.credit_cost_minor, panel.credit_cost_currency = credit_cost_minor, currency if credit_cost_minor else ""
    return SpendingSet(panel_id)
