"""Tell customers that their trial ends soon, while there is time to leave: so many days before as the seller says."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.notifications._mornings import MOST_DAYS, is_told_before
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.notifications.set_mails import MailRules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import State
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["ToldTrials", "tell_trials"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class ToldTrials:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    told: int
    next_after: int


@verb("subscriptions.tell_trials", permission="subscriptions.write")
def tell_trials(tx: Tx, after_id: int = 0) -> ToldTrials:
    """One batch of trials that go on by themselves or can be gone on with, by id; each is told once, in the morning.

    What was canceled, or ends with its trial by the plan, goes nowhere. Nobody is told on the day on which it began.
    """
    today = clock.business_now().date()
    trial = Subscription
    rows = tx.session.execute(
        select(trial, Customer.zone, Seller.mails)
        .join(Customer, Customer.id == trial.customer_id)
        .join(Seller, Seller.id == trial.seller_id)
        .where(
            trial.id > after_id,
            trial.state == State.TRIAL,
            trial.settlement == "invoice",
            trial.phase_ends_on.between(today, today + timedelta(days=MOST_DAYS + 1)),
            or_(trial.service_ends_on.is_(None), trial.service_ends_on > trial.phase_ends_on),
        )
        .order_by(trial.id)
        .limit(_BATCH)
    ).all()
    told = sum(_tell(tx, one, zone, mails) for one, zone, mails in rows)
    return ToldTrials(told, rows[-1][0].id if len(rows) == _BATCH else 0)


def _tell(tx: Tx, trial: Subscription, zone: str, mails: dict[str, Any]) -> bool:
    ends_on = trial.phase_ends_on or date.max
    if not is_told_before(ends_on, zone, int(mails.get("trial_days", MailRules().trial_days)), trial.started_on):
        return False
    key = f"trial_ending:{trial.id}:{ends_on.isoformat()}"
    return queue_notice(tx, trial.customer_id, "trial_ending", key, {"subscription_id": trial.id}) is not None
