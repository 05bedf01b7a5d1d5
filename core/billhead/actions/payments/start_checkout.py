"""Pay with the payer present: the attempt is committed, the gateway asked, its answer (redirect, instructions) kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billhead.actions.exchange import exchange
from billhead.actions.freeze import is_frozen
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._asked_for import check_step, cleaned
from billhead.actions.payments._attempts import OpenedAccount, attempt_view, new_attempt, open_account, payable
from billhead.actions.payments._open_debts import MOST_AT_ONCE
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.address import address_of
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, GatewayRejected, GatewayUnreachable, InvalidInput, NotFound, OutcomeUnknown
from billhead.domain.money import Money
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.models.documents import Document
from billhead.models.payments import AttemptDocument, GatewayAccount, PaymentAttempt
from billhead.plugin import AttemptView, ClientToken, Instructions, Outcome, Redirect

__all__ = ["Checkout", "start_checkout"]


@dataclass(frozen=True, slots=True)
class Checkout:
    """`action` is {"kind": "redirect", "url"}, {"kind": "instructions", "lines"}, {"kind": "prompt", "lines"} (the
    provider asks the payer itself), {"kind": "token", "token"}, or empty where it was decided at once."""

    attempt_id: int
    state: str
    action: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Intent:
    attempt_id: int
    account: OpenedAccount
    view: AttemptView


def start_checkout(
    ctx: Context,
    document_id: int,
    account_id: int,
    return_url: str,
    *,
    save_method: bool = False,
    also: Sequence[int] = (),
    fields: Mapping[str, str] | None = None,
    ip: str = "",
) -> Checkout:
    """Begin to pay a document through a gateway account; the payer is sent where the result says.

    `also` are other documents of the same payer, paid by the same attempt, in this order: each in full, because credit
    that a proforma would draw is there once and not for each of them. `fields` is what the payer has typed for
    what the gateway asks for, `ip` where their request came from.
    Raises Conflict (nothing to pay, an undecided try, charges stopped), InvalidInput (a currency or an amount that the
    account can't take, a field that is wrong), GatewayUnreachable (nothing was sent: try again) or GatewayRejected.
    """

    def intend(tx: Tx) -> _Intent:
        if is_frozen(tx.session, "charges"):
            raise Conflict("payments are stopped for the moment", code="charges_stopped", hint="try again later")
        document, owed = payable(tx, document_id, less_credit=not also)
        if not owed:
            raise Conflict("your credit covers it", code="credit_covers", hint="pay it with your credit")
        account = tx.session.get(GatewayAccount, account_id)
        if account is None or not account.enabled or account.paused_because or account.seller_id != document.seller_id:
            raise NotFound("payment option", account_id)
        if account.currencies and owed.currency not in account.currencies:
            raise InvalidInput("account", f"{account.name} does not take {owed.currency}")
        owed += _owed_also(tx, document, also)
        opened = open_account(account)
        check_step(opened.gateway, owed)
        given = cleaned(opened.gateway, fields or {})
        attempt = new_attempt(tx, document, account.id, owed)
        rows = [AttemptDocument(attempt_id=attempt.id, document_id=key, position=at) for at, key in enumerate(also)]
        tx.session.add_all(rows)
        tx.session.flush()
        audit(tx, "payments.start_checkout", f"attempt:{attempt.id}", {"document_id": document.id})
        view = attempt_view(tx, attempt, return_url=return_url, save_method=save_method)
        return _Intent(attempt.id, opened, replace(view, fields=given, payer_address=address_of(ip)))

    result = exchange(ctx, intend=intend, call=_call, record=_record)
    assert result is not None, "intend raises or returns an intent"
    if result[1] is not None:
        raise result[1]
    return result[0]


def _owed_also(tx: Tx, first: Document, also: Sequence[int]) -> Money:
    if first.id in also or len(set(also)) != len(also) or len(also) >= MOST_AT_ONCE:
        raise InvalidInput("documents", f"name each once, and at most {MOST_AT_ONCE}")
    total = Money.zero(first.currency)
    for key in sorted(also):
        document, owed = payable(tx, key, less_credit=False)
        if document.customer_id != first.customer_id or document.seller_id != first.seller_id:
            raise NotFound("document", key)
        total += owed
    return total


_Answer = Redirect | Instructions | ClientToken | Outcome | GatewayUnreachable | GatewayRejected | OutcomeUnknown


def _call(intent: _Intent) -> _Answer:
    try:
        return intent.account.gateway.start_checkout(intent.account.connection, intent.view)
    except (GatewayUnreachable, GatewayRejected, OutcomeUnknown) as error:
        return error


def _record(tx: Tx, intent: _Intent, answer: _Answer) -> tuple[Checkout, Exception | None]:
    attempt = tx.session.get_one(PaymentAttempt, intent.attempt_id, with_for_update=True)
    refused: Exception | None = None
    match answer:
        case OutcomeUnknown():
            # opening a checkout moves no money yet: the payer may still pay there, and then the callback tells
            apply_outcome(tx, attempt, Outcome(AttemptState.UNKNOWN))
        case GatewayUnreachable() | GatewayRejected():
            apply_outcome(tx, attempt, Outcome(AttemptState.FAILED, decline=_class_of(answer), code=answer.code))
            refused = answer
        case Outcome():
            apply_outcome(tx, attempt, answer)
        case Redirect() | Instructions() | ClientToken():
            attempt.action = _action(answer)
            # a prompt is open at the payer's: a second one could be paid as well
            prompted = isinstance(answer, Instructions) and answer.prompted
            begun = AttemptState.PROCESSING if prompted else AttemptState.REQUIRES_ACTION
            apply_outcome(tx, attempt, Outcome(begun, answer.provider_ref))
            if isinstance(answer, Instructions) and not answer.prompted:
                data = {"attempt_id": attempt.id}
                queue_notice(tx, attempt.customer_id, "transfer", f"transfer:{attempt.key}", data)
    return Checkout(attempt.id, attempt.state, dict(attempt.action)), refused


def _class_of(answer: GatewayUnreachable | GatewayRejected) -> DeclineClass:
    return DeclineClass.RATE_LIMITED if isinstance(answer, GatewayUnreachable) else answer.decline


def _action(answer: Redirect | Instructions | ClientToken) -> dict[str, Any]:
    match answer:
        case Redirect(url=url):
            return {"kind": "redirect", "url": url}
        case Instructions(lines=lines, prompted=prompted):
            return {"kind": "prompt" if prompted else "instructions", "lines": dict(lines)}
        case ClientToken(token=token):
            return {"kind": "token", "token": token}
