"""Test cards and test tokens: the number or the token alone decides what happens to a charge."""

import re
from dataclasses import dataclass

FINAL = ("succeeded", "failed", "canceled", "expired")


@dataclass(frozen=True)
class Verdict:
    """What becomes of a charge. `hang_up`: the answer to the caller is lost, the charge is not."""

    status: str
    failure_class: str | None = None
    failure_code: str | None = None
    hang_up: bool = False


OK = Verdict("succeeded")
INSUFFICIENT = Verdict("failed", "soft", "insufficient_funds")
LOST = Verdict("failed", "hard", "lost_card")
TRY_LATER = Verdict("failed", "soft", "try_again_later")
NOT_AUTHENTICATED = Verdict("failed", "soft", "authentication_failed")
NO_SUCH_TOKEN = Verdict("failed", "hard", "no_such_token")
LATE_DECLINE = Verdict("failed", "soft", "declined_late")
CHALLENGE = Verdict("requires_action")
PROCESSING = Verdict("processing")
CHARGED_UNHEARD = Verdict("succeeded", hang_up=True)


@dataclass(frozen=True)
class TestCard:
    """A number for the checkout page; `token` is the stem of the token that saving it yields."""

    number: str
    verdict: Verdict
    token: str
    says: str


CARDS = (
    TestCard("4242424242424242", OK, "tok_ok", "Pays at once; the saved card goes on paying."),
    TestCard("4000000000009995", INSUFFICIENT, "", "Declined softly: insufficient_funds."),
    TestCard("4000000000009987", LOST, "", "Declined for good: lost_card."),
    TestCard("4000000000003220", CHALLENGE, "tok_3ds", "Asks for 3-D Secure; the saved card asks every time."),
    TestCard("4000000000000077", PROCESSING, "tok_ok", "Stays in processing; a callback tells the end later."),
    TestCard("4000000000000101", CHARGED_UNHEARD, "tok_ok", "Charges, then hangs up without an answer."),
    TestCard("4000000000000341", OK, "tok_insufficient", "Pays now; the saved card has insufficient_funds."),
    TestCard("4000000000000259", OK, "tok_flaky_2", "Pays now; the saved card fails twice, then pays."),
)

_TOKEN = re.compile(r"tok_(ok|insufficient|lost|3ds|processing|unknown|flaky_(\d{1,4}))(_[0-9a-f]+)?")
_BY_TOKEN = {
    "ok": OK,
    "insufficient": INSUFFICIENT,
    "lost": LOST,
    "3ds": CHALLENGE,
    "processing": PROCESSING,
    "unknown": CHARGED_UNHEARD,
}


def by_number(number: str) -> TestCard | None:
    digits = number.replace(" ", "").replace("-", "")
    return next((card for card in CARDS if card.number == digits), None)


def by_token(token: str, earlier_uses: int) -> Verdict:
    """`tok_flaky_N` fails for its first N charges; a token of no known kind is gone."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return NO_SUCH_TOKEN
    if match[2] is not None:
        return TRY_LATER if earlier_uses < int(match[2]) else OK
    return _BY_TOKEN[match[1]]
