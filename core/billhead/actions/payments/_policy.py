"""How a seller gives money back: what a credit note pays first, and what chargebacks, bad debts and ends mean."""

from dataclasses import dataclass, fields
from typing import Any

from billhead.domain.errors import InvalidInput
from billhead.models.sellers import Seller

__all__ = ["CHOICES", "OPEN_INVOICES", "MoneyBack", "money_back_of"]

OPEN_INVOICES = ("keep", "credit", "void")

CHOICES = {"chargeback": ("at_once", "at_loss"), "bad_debt_tax": ("keep", "reclaim"), "open_invoices": OPEN_INVOICES}


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """`credit_pays_open`: what a credit note sets free pays the subscription's other open invoices first.

    `chargeback`: the time that charged-back money bought ends `at_once`, or only `at_loss` of the dispute.
    `bad_debt_tax`: a bad debt is lost with its tax (`keep`), or its tax is taken off what is owed (`reclaim`).
    `open_invoices`: of a canceled service's unpaid invoices what was not watched is given back (`credit`), they stay
    owed whole (`keep`), or nothing of them is owed any more (`void`). A plan may have a rule of its own.
    """

    credit_pays_open: bool = True
    chargeback: str = "at_once"
    bad_debt_tax: str = "keep"
    open_invoices: str = "credit"

    def __post_init__(self) -> None:
        if not isinstance(self.credit_pays_open, bool):
            raise InvalidInput("credit_pays_open", f"must be yes or no, got {self.credit_pays_open!r}")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InvalidInput(name, f"{getattr(self, name)!r} is not one of {', '.join(allowed)}")


def money_back_of(seller: Seller) -> MoneyBack:
    """The seller's policy. A key that this version does not know is passed over."""
    known = {field.name for field in fields(MoneyBack)}
    stored: dict[str, Any] = seller.money_back or {}
    return MoneyBack(**{name: value for name, value in stored.items() if name in known})
