"""How a seller writes to its customers: the language where a customer has none of ours, the foot of each mail, which
notices it leaves out, and how early it tells that a trial ends."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from billhead.actions.notifications._mornings import MOST_DAYS
from billhead.actions.sellers._keeping import keep_rules
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.wording import NOTICE_LANGUAGES

__all__ = ["MAY_BE_OFF", "MailRules", "set_mails"]

MAY_BE_OFF = (
    "allowance", "card_expiring", "invoice", "method_stopped", "order_held", "payment_failed", "promised", "receipt",
    "refunded", "restored", "sharing", "throttled", "ticket_opened",
)  # fmt: skip
"""Not what the law wants told (a new price, a cancellation, the end of a trial), what guards an account, and what
nobody could go on without."""

_MOST_LINES, _LONGEST = 4, 400


@dataclass(frozen=True, slots=True)
class MailRules:
    """`trial_days`: so many days before its end a customer is told of a trial."""

    language: str = "en"
    foot: str = ""
    off: Sequence[str] = ()
    trial_days: int = 3


@verb("sellers.set_mails", permission="sellers.write")
def set_mails(tx: Tx, seller_id: int, rules: MailRules) -> None:
    """Raises NotFound, and InvalidInput naming the field."""
    if rules.language not in NOTICE_LANGUAGES:
        raise InvalidInput("language", f"choose from {', '.join(NOTICE_LANGUAGES)}")
    if len(rules.foot) > _LONGEST or len(rules.foot.strip().splitlines()) > _MOST_LINES:
        raise InvalidInput("foot", f"has up to {_MOST_LINES} lines and {_LONGEST} letters")
    if kept := sorted(set(rules.off) - set(MAY_BE_OFF)):
        raise InvalidInput("off", f"{kept[0]} is always sent")
    if not 1 <= rules.trial_days <= MOST_DAYS:
        raise InvalidInput("trial_days", f"must be from 1 to {MOST_DAYS}")
    stored = {**asdict(rules), "foot": rules.foot.strip(), "off": sorted(set(rules.off))}
    keep_rules(tx, seller_id, "mails", stored)
