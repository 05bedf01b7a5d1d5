"""What became of a purchase, written down: bought with its cost in the ledger, proven not bought, or still unknown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.ledger.post import post
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.errors import PanelError
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.domain.state import next_state
from billhead.domain.upstream import LOOKS, SURE_AFTER, TRANSITIONS, Event, State, cost_of, money_of
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.sellers import Seller
from billhead.plugin import Observed

__all__ = ["Outcome", "confirm", "look_later", "lose", "refuse", "tell_bought_after_all", "watch"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`observed` is the line after it, where the panel has shown it; `balance_minor` our credit after it."""

    state: State
    observed: Observed | None = None
    balance_minor: int | None = None
    error: Exception | None = None

    @property
    def why(self) -> str:
        if self.error is None:
            return ""
        if not isinstance(self.error, PanelError):
            return f"the module broke with {type(self.error).__name__}"
        return f"{self.error.message} {self.error.hint}".strip()


def watch(tx: Tx, row: UpstreamPurchase) -> None:
    """Whoever sends it may die: it is looked for when it must have been decided by then."""
    row.look_at = row.sent_at + SURE_AFTER
    tx.session.flush()
    _queue(tx, row)


def confirm(tx: Tx, row: UpstreamPurchase, panel: Panel, outcome: Outcome) -> None:
    """It is bought: count its cost, and book it if the operator has said what a credit costs."""
    row.state = next_state(TRANSITIONS, State(row.state), Event.CONFIRM)
    row.balance_after_minor = outcome.balance_minor
    if outcome.observed is not None:
        shown = outcome.observed.expires_at
        row.expires_at = shown if isinstance(shown, datetime) else None
    row.cost_minor = cost_of(row.balance_before_minor, outcome.balance_minor, row.max_cost_minor)
    row.why, row.look_at, row.resolved_at = "", None, clock.business_now()
    _book(tx, row, panel)
    _tell(tx, row, "purchase.bought", cost_minor=row.cost_minor)


def refuse(tx: Tx, row: UpstreamPurchase, outcome: Outcome) -> None:
    """Proven that nothing was bought: another try is allowed. Staff hear of it when the reason is a new one."""
    before = row.history[-1]["why"] if row.history else ""
    row.state = next_state(TRANSITIONS, State(row.state), Event.REFUSE)
    row.why, row.look_at, row.resolved_at = outcome.why[:1000], None, clock.business_now()
    if row.why != before:
        _tell(tx, row, "purchase.not_bought", why=row.why[:300])


def lose(tx: Tx, row: UpstreamPurchase, outcome: Outcome) -> None:
    """Nobody knows: looked for soon."""
    row.state = next_state(TRANSITIONS, State(row.state), Event.LOSE)
    row.why = outcome.why[:1000]
    row.look_at = clock.business_now() + LOOKS[0]
    _queue(tx, row)


def look_later(tx: Tx, row: UpstreamPurchase, *, counts: bool) -> None:
    """`counts`: the panel answered and could not tell; after so many such answers a person decides."""
    if counts:
        row.looks += 1
    if row.looks < len(LOOKS):
        row.look_at = clock.business_now() + LOOKS[row.looks]
        _queue(tx, row)
        return
    row.look_at = None
    _tell(tx, row, "purchase.undecided", why=row.why[:300])


def tell_bought_after_all(tx: Tx, row: UpstreamPurchase, tries: int) -> None:
    """A try was taken for not bought, and then the panel said that it had sold it: nobody counts that credit."""
    why = f"try {tries} was bought after all: it had been taken for not bought when the panel said so"
    now = clock.business_now()
    row.history = [*row.history, {"sent_at": now.isoformat(), "why": why, "package": row.package}]
    _tell(tx, row, "purchase.bought_after_all", tries=tries)


def _queue(tx: Tx, row: UpstreamPurchase) -> None:
    key, lane = f"purchase:{row.id}", f"panel:{row.panel_id}"
    enqueue(tx, "provisioning.resolve_purchase", {"purchase_id": row.id}, key=key, lane=lane, due_at=row.look_at)


def _book(tx: Tx, row: UpstreamPurchase, panel: Panel) -> None:
    if not panel.credit_cost_minor or not panel.credit_cost_currency or row.cost_minor is None:
        return
    amount = Money(money_of(row.cost_minor, panel.credit_cost_minor), panel.credit_cost_currency)
    row.amount_minor, row.currency = amount.minor, amount.currency
    if not amount:
        return
    seller = tx.session.get_one(Seller, panel.seller_id)
    subject = f"panel:{panel.id}"
    legs = [
        debit(AccountCode.UPSTREAM_COST, amount, subject),
        credit(AccountCode.UPSTREAM_PAYABLE, amount, subject),
    ]
    day = clock.today_in(seller.zone)
    row.entry_id = post(tx, seller.id, "upstream_purchase", day, f"upstream_purchase:{row.id}", legs)


def _tell(tx: Tx, row: UpstreamPurchase, event: str, **more: Any) -> None:
    data = {"purchase_id": row.id, "service_id": row.service_id, "panel_id": row.panel_id, **more}
    emit(tx, event, f"service:{row.service_id}", data)
