"""Why no money moved, in the words that dunning acts on: PayPal's issues by class."""

from collections.abc import Mapping, Sequence
from typing import Any

from billhead.plugin import BillheadError, DeclineClass

__all__ = ["NOT_AUTHORISED", "Declined", "decline_of", "is_config", "is_doubt", "of_capture"]

NOT_AUTHORISED = "paypal_not_authorised"

_SOFT = (
    "INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "TRANSACTION_LIMIT_EXCEEDED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    "PAYMENT_SOURCE_DECLINED_BY_PROCESSOR", "TRANSACTION_REFUSED",
)  # fmt: skip
_HARD = (
    "TOKEN_ID_NOT_FOUND", "TOKEN_EXPIRED", "CARD_EXPIRED", "AGREEMENT_ALREADY_CANCELLED",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED", "PAYER_ACCOUNT_RESTRICTED",
)  # fmt: skip
_CLASSES = {
    **dict.fromkeys(_SOFT, DeclineClass.SOFT),
    **dict.fromkeys(_HARD, DeclineClass.HARD),
    "PAYER_ACTION_REQUIRED": DeclineClass.NEEDS_CUSTOMER,
}
# An earlier request with this key or reference has probably worked, or is being worked on.
_DOUBT = frozenset(
    {"ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_COMPLETED", "DUPLICATE_INVOICE_ID", "PREVIOUS_REQUEST_IN_PROGRESS"}
)
_STOP_FOR_GOOD = frozenset({"03", "21"})


class Declined(BillheadError):
    """The payer's account said no. `links` are where PayPal would lead the payer on."""

    code = "declined"

    def __init__(self, issue: str, links: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(f"declined: {issue}")
        self.issue, self.links = issue, links


def decline_of(issue: str) -> DeclineClass | None:
    """The class of an issue that is the payer's; None for one that is not."""
    return _CLASSES.get(issue)


def is_doubt(issue: str) -> bool:
    """It says nothing about this request but that there was another: never a decline."""
    return issue in _DOUBT


def is_config(issue: str) -> bool:
    """The seller's account is not as it should be; no payer can help that."""
    return issue.startswith(("PAYEE_", "NOT_ENABLED_")) or issue in ("PERMISSION_DENIED", "NOT_AUTHORIZED")


def of_capture(capture: Mapping[str, Any]) -> DeclineClass:
    """Why a capture was declined: the networks' advice 03 and 21 means never to try again."""
    advice = (capture.get("processor_response") or {}).get("payment_advice_code")
    return DeclineClass.HARD if advice in _STOP_FOR_GOOD else DeclineClass.SOFT
