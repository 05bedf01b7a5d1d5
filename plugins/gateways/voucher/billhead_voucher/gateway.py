"""The gateway `voucher`: the payer types a PIN, and what its card is worth has been paid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from billhead.plugin import (
    AttemptState,
    AttemptView,
    CallbackForged,
    CheckoutField,
    DeclineClass,
    GatewayCapabilities,
    GatewayConnection,
    GatewayRejected,
    Host,
    Outcome,
    PaymentGateway,
    RawCallback,
    Verified,
    current_host,
    marked,
)
from billhead_voucher.guesses import begin_guess, forget_guess
from billhead_voucher.pins import LABEL, NO_KEY, has_key, key_of, normal_pin
from billhead_voucher.redeeming import WORDS, WRONG, Taken, end, take, taken_by

__all__ = ["Voucher", "VoucherSettings"]

_SURELY_OVER = timedelta(minutes=3)


@dataclass(frozen=True)
class VoucherSettings:
    """An account needs nothing: the key is that of the plugin, since the commands that make cards need it too."""


class Voucher(PaymentGateway):
    """One account redeems the batches that were made for its code."""

    code = "voucher"
    label = marked("Recharge card")
    settings_type = VoucherSettings

    def __init__(self, host: Callable[[], Host] = lambda: current_host("voucher")) -> None:
        self._host = host

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(check=True)

    def checkout_fields(self) -> Sequence[CheckoutField]:
        hint = "The 16 digits of the card. What it is worth beyond this payment becomes your credit."
        return (CheckoutField("pin", LABEL, normal_pin, hint, secret=True),)

    def lacks(self) -> str:
        return "" if has_key(self._host()) else NO_KEY

    def start_checkout(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        """Who takes a card has paid: there is nothing to wait for."""
        host = self._host()
        taken = taken_by(host, attempt.key)
        if taken is None:
            key_of(host)
            guess = begin_guess(host, attempt.customer_ref, attempt.payer_address)
            try:
                taken = take(host, account.code, attempt, attempt.fields["pin"])
            except GatewayRejected as refused:
                if refused.code != WRONG:
                    forget_guess(host, guess)
                raise
            forget_guess(host, guess)
        return _paid(taken)

    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        """The table knows. An attempt without a card is over only when it can take none any more."""
        host = self._host()
        taken = taken_by(host, attempt.key)
        if taken is None:
            if attempt.age < _SURELY_OVER:
                return Outcome(AttemptState.UNKNOWN)
            taken = end(host, attempt.key)
        if taken is None:
            return Outcome(AttemptState.FAILED, decline=DeclineClass.NEEDS_CUSTOMER, code="voucher_ended")
        return _paid(taken)

    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        raise CallbackForged(f"{account.code}: recharge cards send no callbacks")

    def explain(self, code: str) -> str:
        return WORDS.get(code, "")

    def check(self, account: GatewayConnection) -> str:
        key_of(self._host())
        return f"The key is set. Make cards for this account with --account {account.code}."


def _paid(taken: Taken) -> Outcome:
    return Outcome(AttemptState.SUCCEEDED, taken.serial, taken.value, as_paid=True)
