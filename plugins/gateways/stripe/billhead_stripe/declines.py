"""Why no money moved, in the words that dunning acts on: Stripe's error and decline codes, the first match wins."""

from collections.abc import Mapping
from typing import Any

from billhead.plugin import BillheadError, DeclineClass

__all__ = ["NOT_AUTHORISED", "Declined", "decline_of", "shown_code"]

NOT_AUTHORISED = "stripe_not_authorised"

_HARD_CODES = frozenset({"expired_card", "incorrect_number", "invalid_expiry_month", "invalid_expiry_year"})
_HARD_DECLINES = frozenset(
    {
        "lost_card", "stolen_card", "pickup_card", "fraudulent", "restricted_card", "invalid_account",
        "do_not_try_again", "revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order",
        "card_not_supported", "currency_not_supported", "transaction_not_allowed", "merchant_blacklist",
        "test_mode_live_card",
    }
)  # fmt: skip
# A payer who is told one of these learns what their bank, or the thief of a card, should not.
_NOT_FOR_THE_PAYER = frozenset({"fraudulent", "lost_card", "stolen_card", "pickup_card", "merchant_blacklist"})


class Declined(BillheadError):
    """The payer's bank said no. `error` is what Stripe tells of it, with the payment intent if there is one."""

    code = "declined"

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"declined: {shown_code(error) or 'no reason was given'}")
        self.error = error


def decline_of(error: Mapping[str, Any]) -> DeclineClass:
    """The class of an error of Stripe, or of the `last_payment_error` of an intent."""
    code, decline = error.get("code"), error.get("decline_code")
    if error.get("advice_code") == "do_not_try_again":
        return DeclineClass.HARD
    if code == "authentication_required" or decline == "authentication_required":
        return DeclineClass.NEEDS_CUSTOMER
    if code in _HARD_CODES or decline in _HARD_DECLINES:
        return DeclineClass.HARD
    return DeclineClass.SOFT


def shown_code(error: Mapping[str, Any]) -> str:
    """The most exact code that may be shown to the payer."""
    exact = str(error.get("decline_code") or error.get("code") or "")
    return "generic_decline" if exact in _NOT_FOR_THE_PAYER else exact
