"""How a seller's documents come about: drafts first or not, how tax is rounded, when numbers are given, how long offers
stand."""

from dataclasses import asdict, dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.sellers._billing_rules import BillingRules, rules_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.numbering import fiscal_year
from billhead.domain.tax import TaxRounding
from billhead.models.sellers import NumberSeries, Seller

__all__ = ["BillingRules", "RulesSet", "set_billing_rules"]

_LONGEST = 365
_MOST_GRACE = 720


@dataclass(frozen=True, slots=True)
class RulesSet:
    seller_id: int


@verb("sellers.set_billing_rules", permission="sellers.write")
def set_billing_rules(tx: Tx, seller_id: int, rules: BillingRules) -> RulesSet:
    """They hold from the next document on: what is issued stays, and what was offered costs what it said.

    Raises NotFound, InvalidInput naming the field, or Conflict where another fiscal year would begin in the middle of
    one that has numbers.
    """
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    for name in ("draft_days", "proforma_days", "terms_days", "lead_days"):
        if not 0 <= getattr(rules, name) <= _LONGEST:
            raise InvalidInput(name, f"must be from 0 to {_LONGEST} days")
    if not 0 <= rules.grace_hours <= _MOST_GRACE:
        raise InvalidInput("grace_hours", f"must be from 0 to {_MOST_GRACE} hours")
    if not 0 <= rules.mac_swaps <= 100:
        raise InvalidInput("mac_swaps", "must be from 0 to 100")
    if rules.number_on not in ("finalisation", "payment"):
        raise InvalidInput("number_on", f"{rules.number_on!r} is not one of finalisation, payment")
    if rules.tax_rounding not in list(TaxRounding):
        raise InvalidInput("tax_rounding", f"{rules.tax_rounding!r} is not one of {', '.join(TaxRounding)}")
    _check_fiscal_year(tx, seller, rules.fiscal_year_start_month)
    before = asdict(rules_of(seller))
    for name, value in asdict(rules).items():
        setattr(seller, name, value)
    note(tx, f"seller:{seller_id}", before=before, after=asdict(rules))
    return RulesSet(seller_id)


def _check_fiscal_year(tx: Tx, seller: Seller, month: int) -> None:
    """Numbers run within a fiscal year: the one that has some ends as it began."""
    if not 1 <= month <= 12:
        raise InvalidInput("fiscal_year_start_month", "is a month from 1 to 12")
    today = clock.today_in(seller.zone)
    years = {fiscal_year(today, start) for start in (seller.fiscal_year_start_month, month)}
    given = NumberSeries.next_number > NumberSeries.first_number
    used = select(NumberSeries.id).where(
        NumberSeries.seller_id == seller.id, NumberSeries.fiscal_year.in_(years), given
    )
    if len(years) > 1 and tx.session.scalar(used.limit(1)) is not None:
        raise Conflict(
            "the fiscal year that runs would be another one",
            hint="change it in a month that lies in one year by both",
        )
