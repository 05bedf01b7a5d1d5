"""Understand a stored callback: verify it, then apply each proven fact once. What proves nothing is quarantined."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from billhead.actions.exchange import exchange
from billhead.actions.payments._apply import apply_outcome, check_amount
from billhead.actions.payments._attempts import OpenedAccount, open_account
from billhead.actions.payments._callback_facts import apply_dispute, apply_refund
from billhead.actions.payments._changed_method import apply_method_changed
from billhead.actions.payments._deposits import apply_deposit
from billhead.actions.payments._payouts import apply_payout
from billhead.actions.payments._saving import apply_method
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import AmountMismatch, CallbackForged, Conflict, InvalidInput, PaymentError
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.payments import Callback, GatewayAccount, PaymentAttempt
from billhead.plugin import RawCallback, Verified, VerifiedKind

__all__ = ["apply_callback"]

QUARANTINE_PER_ACCOUNT = 500


@dataclass(frozen=True, slots=True)
class _Intent:
    callback_id: int
    account: OpenedAccount
    raw: RawCallback


def apply_callback(ctx: Context, callback_id: int) -> str:
    """Returns the new state: applied, rejected (proven, but it does not fit) or quarantined (proves nothing).

    Gateways that can't be reached to verify raise GatewayUnreachable: the job tries again.
    """

    def intend(tx: Tx) -> _Intent | None:
        callback = tx.session.get_one(Callback, callback_id)
        if callback.state != "received":
            return None
        account = tx.session.get_one(GatewayAccount, callback.account_id)
        raw = RawCallback(
            callback.path, callback.query, callback.headers, callback.body, callback.received_at,
            callback.remote_address,
        )  # fmt: skip
        return _Intent(callback.id, open_account(account), raw)

    return exchange(ctx, intend=intend, call=_call, record=_record) or "applied"


def _call(intent: _Intent) -> Sequence[Verified] | CallbackForged:
    try:
        return intent.account.gateway.parse_callback(intent.account.connection, intent.raw)
    except CallbackForged as forged:
        return forged
    except RecursionError:  # lists in lists in lists
        return CallbackForged("it is nested too deeply to be read")


def _record(tx: Tx, intent: _Intent, facts: Sequence[Verified] | CallbackForged) -> str:
    callback = tx.session.get_one(Callback, intent.callback_id)
    if isinstance(facts, CallbackForged):
        callback.state, callback.error = "quarantined", str(facts)[:500]
        _cap_quarantine(tx, callback.account_id)
        return callback.state
    if facts and not _claimed(tx, callback, facts[0].event_id):
        callback.state, callback.error = "applied", "a repeat of an earlier message"
        return callback.state
    try:
        for fact in facts:
            with tx.session.begin_nested():  # what is refused half-way leaves nothing behind
                _apply(tx, callback.account_id, fact)
    except (PaymentError, Conflict, InvalidInput) as refused:
        _note_mismatch(tx, callback.account_id, facts)
        callback.state, callback.error = "rejected", str(refused)[:500]
        return callback.state
    callback.state = "applied"
    return callback.state


def _claimed(tx: Tx, callback: Callback, event_id: str) -> bool:
    """True if this is the first callback with the event. Of several at once the database lets one through."""
    try:
        with tx.session.begin_nested():
            callback.event_id = event_id
    except IntegrityError:
        return False
    return True


def _apply(tx: Tx, account_id: int, fact: Verified) -> None:
    if fact.kind is VerifiedKind.REFUND:
        apply_refund(tx, account_id, fact)
        return
    if fact.kind is VerifiedKind.CHARGEBACK:
        apply_dispute(tx, account_id, fact)
        return
    if fact.kind is VerifiedKind.PAYOUT:
        apply_payout(tx, account_id, fact)
        return
    if fact.kind is VerifiedKind.DEPOSIT:
        apply_deposit(tx, account_id, fact)
        return
    if fact.kind is VerifiedKind.METHOD_CHANGED:
        apply_method_changed(tx, account_id, fact)
        return
    if fact.kind is VerifiedKind.METHOD:
        apply_method(tx, account_id, fact)
        return
    attempt = _attempt(tx, fact)
    if attempt is None or attempt.account_id != account_id:
        raise AmountMismatch(f"no payment with reference {fact.reference!r} was asked for through this account")
    if fact.same_ref and attempt.provider_ref not in ("", fact.outcome.provider_ref):
        raise AmountMismatch(f"it is about {fact.outcome.provider_ref!r}, not about what {fact.reference} was begun as")
    if fact.outcome.state is AttemptState.SUCCEEDED:
        check_amount(attempt, fact.outcome)
    apply_outcome(tx, attempt, fact.outcome)


def _note_mismatch(tx: Tx, account_id: int, facts: Sequence[Verified]) -> None:
    """Where another amount was named than was asked for: a look-up that tells no amounts must not make it right."""
    for fact in facts:
        if fact.kind is not VerifiedKind.ATTEMPT or fact.outcome.state is not AttemptState.SUCCEEDED:
            continue
        attempt = _attempt(tx, fact)
        if attempt is None or attempt.account_id != account_id or AttemptState(attempt.state) not in UNRESOLVED:
            continue
        about_it = not fact.same_ref or attempt.provider_ref in ("", fact.outcome.provider_ref)
        if about_it and fact.outcome.amount != Money(attempt.amount_minor, attempt.currency):
            attempt.decline_code = AmountMismatch.code


def _attempt(tx: Tx, fact: Verified) -> PaymentAttempt | None:
    return tx.session.scalar(select(PaymentAttempt).where(PaymentAttempt.key == fact.reference).with_for_update())


def _cap_quarantine(tx: Tx, account_id: int) -> None:
    """Keep the newest few hundred: a flood of forgeries must not fill the disk."""
    kept = (
        select(Callback.id)
        .where(Callback.account_id == account_id, Callback.state == "quarantined")
        .order_by(Callback.id.desc())
        .limit(QUARANTINE_PER_ACCOUNT)
    )
    tx.session.execute(
        delete(Callback).where(
            Callback.account_id == account_id, Callback.state == "quarantined", Callback.id.not_in(kept)
        )
    )
