"""What a check of orders is told, and what it answers: facts in, reasons out.

Checks are asked before an order is written, with no session open. They advise: what a score means is the operator's
decision, and a check that fails or is slow stops nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from billhead.domain.fraud import VERDICTS
from billhead.domain.money import Money

__all__ = ["EarlierOrders", "FraudCheck", "FraudReason", "OrderFacts"]


@dataclass(frozen=True, slots=True)
class EarlierOrders:
    """How many orders there were before this one. `from_…` count those of everybody within the window, `of_customer`
    and `paid` the customer's own of all time; `in_review` are theirs that nobody has decided yet."""

    of_customer: int = 0
    paid: int = 0
    in_review: int = 0
    from_address: int = 0
    from_network: int = 0
    from_mailbox: int = 0
    from_card: int = 0
    from_phone: int = 0
    from_mac: int = 0


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as it is known before anything is paid. What is not known is empty.

    `mailbox` is the address without what leads to the same mailbox (+alias, dots of Gmail). `card` is a keyed digest,
    the same for the same card within this house; it is known of customers who have saved one. `amount` is before tax.
    `device` is a keyed digest of a mark that the browser keeps.
    `ip_country` and `hosted` (the address is in the operator's list of proxies and data centres) come from files of the
    operator; None and "" where there is no file.
    """

    seller_id: int
    customer_id: int
    email: str
    mailbox: str
    name: str
    phone: str
    billing_country: str
    customer_since: datetime
    at: datetime
    plan: str
    trial: bool
    amount: Money
    ip: str = ""
    ip_country: str = ""
    hosted: bool | None = None
    user_agent: str = ""
    mac: str = ""
    card: str = field(default="", repr=False)
    card_country: str = ""
    device: str = field(default="", repr=False)
    earlier: EarlierOrders = EarlierOrders()


@dataclass(frozen=True, slots=True)
class FraudReason:
    """`why` is a sentence for staff; customers never see it. `weight` is added to the score, `verdict` decides at once:
    "allow" (the score counts no more), "review" or "refuse"."""

    why: str
    weight: int = 0
    verdict: str = ""

    def __post_init__(self) -> None:
        if type(self.weight) is not int or not 0 <= self.weight <= 1000:
            raise ValueError(f"weight is a whole number from 0 to 1000, got {self.weight!r}")
        if self.verdict not in ("", *VERDICTS):
            raise ValueError(f"verdict is one of {', '.join(VERDICTS)}, or empty, got {self.verdict!r}")


@runtime_checkable
class FraudCheck(Protocol):
    """One question about an order. The operator switches it on and off by its `code`; staff read its `label`."""

    code: str
    label: str

    def check(self, facts: OrderFacts) -> Sequence[FraudReason]:
        """Reasons to doubt or to trust; none is nothing to say.

        May use the network: there is no transaction. All checks of plugins together have the seconds that the operator
        gives (three, if nobody says otherwise). An exception, or no answer by then, counts as "could not say": the
        order goes on, staff see which check it was, and the operator decides whether such orders are looked at.
        """
