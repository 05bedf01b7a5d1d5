"""A person knows what became of an attempt that no look-up can tell: it was paid, or nothing will come of it."""

from dataclasses import dataclass
from datetime import timedelta

from billhead import clock
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._transfers import new_reference
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState, DeclineClass
from billhead.models.payments import PaymentAttempt
from billhead.plugin import Outcome

__all__ = ["DecidedAttempt", "decide_attempt"]

_ANSWERED_WITHIN = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class DecidedAttempt:
    attempt_id: int
    state: str


@verb("payments.decide_attempt", permission="payments.write")
def decide_attempt(
    tx: Tx, attempt_id: int, outcome: str, receipt: str = "", amount_minor: int | None = None
) -> DecidedAttempt:
    """`paid`, with the provider's number of the money and what came if that is not what was asked for, or `not_paid`:
    then it may be paid anew, and nothing is charged again by itself. Money that is told of after all is booked all the
    same.

    Raises NotFound, InvalidInput, or Conflict: it is decided, its answer may still come, a charge is under way, the
    number is booked.
    """
    if outcome not in ("paid", "not_paid"):
        raise InvalidInput("outcome", f"{outcome!r} is not one of paid, not_paid")
    attempt = tx.session.get(PaymentAttempt, attempt_id, with_for_update=True)
    if attempt is None:
        raise NotFound("payment attempt", attempt_id)
    if AttemptState(attempt.state) not in UNRESOLVED:
        raise Conflict(f"it is {attempt.state} already")
    if clock.business_now() - attempt.created_at < _ANSWERED_WITHIN:
        raise Conflict("its answer may still come", hint="wait three minutes")
    if outcome == "paid":
        number = new_reference(tx, attempt.account_id, receipt)
        came = Money(attempt.amount_minor if amount_minor is None else amount_minor, attempt.currency)
        if came.minor <= 0:
            raise InvalidInput("amount", "must be above zero")
        apply_outcome(tx, attempt, Outcome(AttemptState.SUCCEEDED, amount=came, receipt=number, as_paid=True))
    else:
        if attempt.off_session and attempt.state == AttemptState.PROCESSING and attempt.provider_ref:
            # a look-up that says otherwise moves it on
            raise Conflict("the gateway says that the charge is under way", hint="look it up again when it may be over")
        # who was declined is not charged again without them
        declined = Outcome(AttemptState.FAILED, code="by_hand", decline=DeclineClass.NEEDS_CUSTOMER)
        apply_outcome(tx, attempt, declined)
    return DecidedAttempt(attempt_id, attempt.state)
