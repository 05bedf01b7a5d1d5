"""What happens when nobody pays: the stages that a debt's age has reached, each once per document.

The clock is the due date of the oldest unpaid invoice of a subscription: paying it restarts the clock at the next.
Nobody is dunned on the day when the invoice was issued, nothing is taken away while money may be on its way, and all
stands still while a promise to pay is open. What is disputed of an
invoice waits, as long as its seller allows; the rest does not.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from billhead import clock
from billhead.actions.dunning._debts import Debt, read_debts
from billhead.actions.dunning._terms import Policies
from billhead.actions.dunning.charge_late_fee import charge_late_fee
from billhead.actions.dunning.throttle import throttle
from billhead.actions.jobs._set_aside import set_aside
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.subscriptions._offers import lock_about
from billhead.actions.subscriptions._state import move
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import OWED, ProformaState
from billhead.domain.dunning import NO_FEE, TELLS, Stage, StageAction
from billhead.domain.errors import BillheadError
from billhead.domain.subscription import Event, State, SuspendedBy
from billhead.models.dunning import DunningStep
from billhead.models.subscriptions import Subscription

__all__ = ["Dunned", "Due", "dun", "preview_dun"]

log = logging.getLogger(__name__)

_NOTICES = {StageAction.REMIND: "reminder", StageAction.WARN: "warning"}
_RUNNING = (State.ACTIVE, State.TRIAL, State.PAST_DUE)
_FROM = {
    StageAction.THROTTLE: _RUNNING,
    StageAction.SUSPEND: _RUNNING,
    StageAction.TERMINATE: (*_RUNNING, State.SUSPENDED, State.EXPIRED),
}
"""From which states a subscription is throttled, stopped or ended."""


_LOOKED_AT = 5_000  # at once, where nothing is written: each batch is looked for anew among all that is overdue
_STANDING = (*OWED, ProformaState.OPEN)


@dataclass(frozen=True, slots=True)
class Dunned:
    """What one batch did. `next_after` is where the next batch goes on; 0 when all were looked at."""

    told: int
    throttled: int
    suspended: int
    terminated: int
    fees: int
    next_after: int


@dataclass(frozen=True, slots=True)
class Due:
    """What `dun` would do now about one debt, mildest first."""

    debt: Debt
    stages: tuple[Stage, ...]


def preview_dun(tx: Tx, policies: Policies | None = None) -> Iterator[Due]:
    """Everything that would happen now, of all batches; with other policies, what would happen with those."""
    known = policies or Policies(tx.session)
    after_id = -1
    while after_id:
        debts, after_id = read_debts(tx.session, max(after_id, 0), known, batch=_LOOKED_AT)
        for debt in debts:
            stages = tuple(stage for stage in debt.do if _has_effect(debt, stage))
            if stages:
                yield Due(debt, stages)


@verb("dunning.dun", permission="subscriptions.write")
def dun(tx: Tx, after_id: int = 0, *, only: int | None = None) -> Dunned:
    """One batch of open documents, by id; or `only` this one.

    One of a batch with which it can't be done keeps nobody else back: it is undone, and tried again by a job of its
    own, which staff see. Of one alone, what is in the way is raised.
    """
    debts, next_after = read_debts(tx.session, after_id, Policies(tx.session), only)
    counts: Counter[StageAction] = Counter()
    fees = 0
    debts = [debt for debt in debts if debt.do or debt.passed]
    _lock(tx, debts)
    for debt in debts:
        tx.session.refresh(debt.document)
        if debt.document.state not in _STANDING:  # it was paid, or made void, since this batch was read
            continue
        done, charged = _go_on(tx, debt) if only is not None or not _can_fail(debt) else _apart(tx, debt)
        counts.update(done)
        fees += charged
    return Dunned(
        told=counts[StageAction.REMIND] + counts[StageAction.WARN],
        throttled=counts[StageAction.THROTTLE],
        suspended=counts[StageAction.SUSPEND],
        terminated=counts[StageAction.TERMINATE],
        fees=fees,
        next_after=next_after,
    )


def _lock(tx: Tx, debts: Sequence[Debt]) -> None:
    """All documents before any subscription, as whoever is paid does it: the debts, and what else there is of what may
    end here."""
    ending = [debt for debt in debts if any(stage.action is StageAction.TERMINATE for stage in debt.do)]
    subscriptions = sorted({one.id for debt in ending for one in debt.subscriptions})
    if subscriptions:
        lock_about(tx, subscriptions, [debt.document.id for debt in debts])
    else:
        locked_documents(tx, [debt.document.id for debt in debts])


def _can_fail(debt: Debt) -> bool:
    """What ends here may have to be billed, and a fee is taxed."""
    return any(stage.action not in TELLS or stage.fee != NO_FEE for stage in debt.do)


def _apart(tx: Tx, debt: Debt) -> tuple[Counter[StageAction], int]:
    document_id = debt.document.id
    try:
        with tx.session.begin_nested():
            done = _go_on(tx, debt)
            tx.session.flush()
    except BillheadError as error:
        log.warning("document %s can't be dunned: %s", document_id, error)
        set_aside(tx, "dunning.dun_one", {"document_id": document_id})
        return Counter(), 0
    return done


def _go_on(tx: Tx, debt: Debt) -> tuple[Counter[StageAction], int]:
    """How often each was done, and how many fees were charged."""
    done: Counter[StageAction] = Counter()
    fees = 0
    for stage in debt.passed:
        _write_step(tx, debt, None, stage, "passed_over")
    for stage in debt.do:
        if not _may_do(debt, stage):
            continue
        done[stage.action] += _tell(tx, debt, stage) if stage.action in TELLS else _take_away(tx, debt, stage)
        fees += _reached(tx, debt, stage)
    return done, fees


def _may_do(debt: Debt, stage: Stage) -> bool:
    """Only words while a charge is undecided (a bank debit takes days, a lost answer is looked up): no fee either."""
    return not debt.undecided or (stage.action in TELLS and stage.fee == NO_FEE)


def _has_effect(debt: Debt, stage: Stage) -> bool:
    if not _may_do(debt, stage):
        return False
    if stage.action in TELLS:
        return True
    return any(one.state in _FROM[stage.action] for one in debt.subscriptions)


def _tell(tx: Tx, debt: Debt, stage: Stage) -> int:
    document = debt.document
    key = f"dunning:{document.id}:{stage.action.value}:{stage.after_days}"
    queue_notice(tx, document.customer_id, _NOTICES[stage.action], key, {"document_id": document.id})
    for subscription in debt.subscriptions:
        _fall_due(tx, subscription, stage, document.id)
    return 1


def _take_away(tx: Tx, debt: Debt, stage: Stage) -> int:
    """From each subscription that the debt is the oldest of, once; returns from how many."""
    count = 0
    for subscription in debt.subscriptions:
        if stage.key in debt.done_to[subscription.id]:
            continue
        if subscription.state in _FROM[stage.action]:
            _do(tx, subscription, stage, debt.document.id)
            _write_step(tx, debt, subscription.id, stage, "done")
            count += 1
        elif subscription.state in (State.SUSPENDED, State.CANCELED):
            _write_step(tx, debt, subscription.id, stage, "no_change")
    return count


def _do(tx: Tx, subscription: Subscription, stage: Stage, document_id: int) -> None:
    if stage.action is StageAction.THROTTLE:
        _fall_due(tx, subscription, stage, document_id)
        throttle(tx, subscription.id, stage.connections, stage.bouquets)
    elif stage.action is StageAction.SUSPEND:
        suspend(tx, subscription.id, SuspendedBy.DEBT.value)
    else:
        cancel(tx, subscription.id, "immediate")


def _fall_due(tx: Tx, subscription: Subscription, stage: Stage, document_id: int) -> None:
    if stage.after_days > 0 and subscription.state in (State.ACTIVE, State.TRIAL):
        move(tx, subscription, Event.FALL_DUE, clock.today_in(subscription.zone), document_id=document_id)


def _reached(tx: Tx, debt: Debt, stage: Stage) -> int:
    """The stage was reached for the first time: write that down, and charge its fee; returns how many were charged."""
    if stage.key in debt.done:
        return 0
    step = _write_step(tx, debt, None, stage, "done")
    if stage.fee == NO_FEE or debt.is_fee:
        return 0
    return int(charge_late_fee(tx, step, stage.fee).fee_document_id is not None)


def _write_step(tx: Tx, debt: Debt, subscription_id: int | None, stage: Stage, result: str) -> DunningStep:
    """What was lifted meanwhile is done again under the same row."""
    mine: ColumnElement[bool] = DunningStep.subscription_id.is_(None)
    if subscription_id is not None:
        mine = DunningStep.subscription_id == subscription_id
    same = select(DunningStep).where(
        DunningStep.document_id == debt.document.id,
        mine,
        DunningStep.action == stage.action.value,
        DunningStep.after_days == stage.after_days,
    )
    step = tx.session.scalar(same) or DunningStep(
        document_id=debt.document.id,
        subscription_id=subscription_id,
        action=stage.action.value,
        after_days=stage.after_days,
        created_at=clock.now(),
    )
    step.day, step.result, step.lifted_on = debt.today, result, None
    tx.session.add(step)
    tx.session.flush()
    return step
