"""M-Pesa's result codes in Billhead's words, and in those for the payer. A code that is not here is `unknown`."""

from billhead.plugin import AttemptState, DeclineClass, Money, Outcome

__all__ = ["NOT_AUTHORISED", "PAID", "PENDING", "explained", "outcome_of"]

NOT_AUTHORISED = "not_authorised"
PAID, PENDING = "0", "4999"

_CLASSES = {
    **dict.fromkeys(["1", "2", "3", "4", "8", "17", "26", "1025", "9999"], DeclineClass.SOFT),
    **dict.fromkeys(["1032", "1037", "1019", "1001", "2001"], DeclineClass.NEEDS_CUSTOMER),
    **dict.fromkeys(["2028", "2006", "404.001.03", "500.001.1001", NOT_AUTHORISED], DeclineClass.CONFIG),
    "400.002.02": DeclineClass.INVALID_REQUEST,
    "500.003.02": DeclineClass.RATE_LIMITED,
}
_WORDS = {
    "1": "There is not enough money on this M-Pesa account.",
    **dict.fromkeys(["2", "3", "4", "8"], "The amount is outside of what this M-Pesa account may pay now."),
    **dict.fromkeys(["17", "26", "1025", "9999"], "M-Pesa was too busy. Please try again in a few minutes."),
    "1032": "The prompt on your phone was declined.",
    "1037": "Your phone could not be reached, or nobody answered in time. Is it on, and is the number right?",
    "1019": "The prompt on your phone has expired. Try again, and answer it within a minute.",
    "1001": "Another M-Pesa payment was open on this phone. Wait three minutes, then try again.",
    "2001": "The M-Pesa PIN was wrong.",
}
_OURS = "M-Pesa can't be used here at the moment. Please pay in another way, or tell us."


def outcome_of(code: str, reference: str, amount: Money | None = None, receipt: str = "") -> Outcome:
    """What a ResultCode says of the push `reference`. `failed` only for the codes that are known to mean it."""
    if code == PAID:
        return Outcome(AttemptState.SUCCEEDED, reference, amount, receipt=receipt)
    if code == PENDING:
        return Outcome(AttemptState.PROCESSING, reference)
    decline = _CLASSES.get(code)
    if decline is DeclineClass.RATE_LIMITED:
        return Outcome(AttemptState.UNKNOWN, reference)  # it was asked too often, which says nothing
    if decline is None:
        return Outcome(AttemptState.UNKNOWN, reference, code=code)
    return Outcome(AttemptState.FAILED, reference, decline=decline, code=code)


def explained(code: str) -> str:
    return _WORDS.get(code, _OURS if code in _CLASSES else "")
