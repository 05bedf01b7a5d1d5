"""The gateway `sandbox_cards`: cards on a hosted page, saved cards, refunds, look-ups and signed callbacks.

The attempt's key is both the idempotency key and the reference, so that every doubt is settled by looking. An attempt
that the processor does not know proves nothing while its request may still be on the way: a look-up then takes the key
itself, for a charge that nobody can pay. Whatever arrives later under that key is refused by the processor.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from billhead.plugin import (
    AttemptState,
    AttemptView,
    CallbackForged,
    DeclineClass,
    GatewayCapabilities,
    GatewayConnection,
    InvalidInput,
    Money,
    Outcome,
    OutcomeUnknown,
    PaymentGateway,
    RawCallback,
    Redirect,
    RefundView,
    SavedMethod,
    Verified,
    VerifiedKind,
    marked,
)
from billhead_sandbox.client import CardsClient, SandboxCardsSettings
from billhead_sandbox.signature import prove

__all__ = ["SandboxCards"]

_DECLINES = {"soft": DeclineClass.SOFT, "hard": DeclineClass.HARD}
_KINDS = {"charge": VerifiedKind.ATTEMPT, "refund": VerifiedKind.REFUND, "dispute": VerifiedKind.CHARGEBACK}
_DISPUTES = {"opened": AttemptState.PROCESSING, "lost": AttemptState.SUCCEEDED, "won": AttemptState.FAILED}


class SandboxCards(PaymentGateway):
    """The sandbox card processor."""

    code = "sandbox_cards"
    label = marked("Sandbox cards")
    settings_type = SandboxCardsSettings

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(save=True, off_session=True, forget=True, refund=True, partial_refund=True)

    def start_checkout(self, account: GatewayConnection, attempt: AttemptView) -> Redirect:
        charge = CardsClient(account).create("charges", _wish(account, attempt), attempt.key)
        if not charge.get("action_url"):
            raise OutcomeUnknown(f"{attempt.key} was begun before and is {charge.get('status')}: look it up")
        return Redirect(charge["action_url"], provider_ref=charge["id"])

    def charge_saved(self, account: GatewayConnection, attempt: AttemptView, method: SavedMethod) -> Outcome:
        client = CardsClient(account)
        charge = client.create("charges", {**_wish(account, attempt), "token": method.token}, attempt.key)
        if charge["status"] == "requires_action":
            # the bank wants the payer: closed, so that the pay link is the only way left to pay
            charge = client.cancel(charge["id"])
        return _outcome(charge)

    def forget_saved(self, account: GatewayConnection, method: SavedMethod) -> None:
        CardsClient(account).forget(method.token)

    def refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        wish = {"charge": refund.payment_ref, "amount": refund.amount.minor, "reference": refund.key}
        return _refund_outcome(CardsClient(account).create("refunds", wish, refund.key))

    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        client = CardsClient(account)
        charges = client.by_reference("charges", attempt.key)
        if charges:
            return _outcome(charges[0])
        wish = {**_amount(attempt.amount), "reference": f"closed:{attempt.key}", "description": "Never arrived"}
        try:
            client.cancel(client.create("charges", wish, attempt.key)["id"])
        except OutcomeUnknown:
            return Outcome(AttemptState.UNKNOWN)  # it arrived just now, or we can't tell: the next look-up will
        return Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="never_arrived")

    def lookup_refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        """Unknown if the processor has none: repeat `refund`, the same key never pays twice."""
        refunds = CardsClient(account).by_reference("refunds", refund.key)
        return _refund_outcome(refunds[0]) if refunds else Outcome(AttemptState.UNKNOWN)

    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        """One fact, or none for a type that this plugin does not know."""
        settings: SandboxCardsSettings = account.settings
        prove(raw, settings.callback_secret)
        try:
            message = json.loads(raw.body)
            about, _, _ = message["type"].partition(".")
            if about not in _KINDS:
                return []
            data = message["data"]
            outcome = _OUTCOMES[about](data)
            return [Verified(_KINDS[about], message["id"], data["reference"], outcome)]
        except (ValueError, KeyError, TypeError, AttributeError, InvalidInput) as error:
            raise CallbackForged(f"it is signed, but it is no message of this processor: {error!r}") from error


def _amount(amount: Money) -> dict[str, Any]:
    return {"amount": amount.minor, "currency": amount.currency}


def _wish(account: GatewayConnection, attempt: AttemptView) -> dict[str, Any]:
    return {
        **_amount(attempt.amount),
        "reference": attempt.key,
        "description": attempt.description,
        "save": attempt.save_method,
        "return_url": attempt.return_url,
        "cancel_url": attempt.cancel_url,
        "callback_url": account.callback_url,
    }


def _outcome(charge: Mapping[str, Any]) -> Outcome:
    """A charge in core's words. Only one that was made without the payer tells its token before it has succeeded."""
    state = _state(charge["status"])
    failure = charge.get("failure") or {}
    decline, code = _DECLINES.get(failure.get("class", "")), failure.get("code", "")
    if charge.get("token") and state in (AttemptState.CANCELED, AttemptState.EXPIRED):
        state, decline, code = AttemptState.FAILED, DeclineClass.NEEDS_CUSTOMER, "authentication_required"
    paid = state is AttemptState.SUCCEEDED
    return Outcome(
        state,
        provider_ref=charge["id"],
        amount=Money(charge["amount"], charge["currency"]),
        fee=Money(charge["fee"], charge["currency"]) if paid else None,
        decline=decline,
        code=code,
        method=_method(charge) if paid else None,
        action_url=charge.get("action_url") or "",
    )


def _refund_outcome(refund: Mapping[str, Any]) -> Outcome:
    amount = Money(refund["amount"], refund["currency"])
    code = (refund.get("failure") or {}).get("code", "")
    return Outcome(_state(refund["status"]), provider_ref=refund["id"], amount=amount, code=code)


def _dispute_outcome(dispute: Mapping[str, Any]) -> Outcome:
    currency = dispute["currency"]
    return Outcome(
        _DISPUTES.get(dispute["status"], AttemptState.UNKNOWN),
        provider_ref=dispute["id"],
        amount=Money(dispute["amount"], currency),
        fee=Money(dispute["fee"], currency),
    )


_OUTCOMES = {"charge": _outcome, "refund": _refund_outcome, "dispute": _dispute_outcome}


def _state(status: str) -> AttemptState:
    """The processor's words are core's; a word that it did not have when this was written is a doubt, no failure."""
    try:
        return AttemptState(status)
    except ValueError:
        return AttemptState.UNKNOWN


def _method(charge: Mapping[str, Any]) -> SavedMethod | None:
    """The card that the payer has saved on the page; a charge of a saved one names no card."""
    token, card = charge.get("token"), charge.get("card")
    if not (token and card):
        return None
    month, _, year = card["expires"].partition("/")
    return SavedMethod(token, f"{card['brand'].title()} •••• {card['last4']}", f"20{year}-{month}")
