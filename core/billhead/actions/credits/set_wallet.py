"""What a customer wants to happen when their credit falls: be told, and have it topped up by the saved method."""

from dataclasses import asdict, dataclass
from datetime import date

from billhead import clock
from billhead.actions.credits._top_up import NOT_SOLD, terms_of
from billhead.actions.payments._methods import has_default
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import LARGEST_MINOR, Money
from billhead.domain.periods import Term, cycle_start
from billhead.models.credits import CustomerWallet
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["EVERY", "WalletSet", "WalletWish", "set_wallet"]

MOST_A_DAY, MOST_A_MONTH = 5, 31
EVERY = ("1 week", "1 month")


@dataclass(frozen=True, slots=True)
class WalletWish:
    """Minor units of the customer's currency. 0: nobody is told, or nothing is topped up. `fill_up`: up to
    `top_up_minor`, not by it. `top_up_every` is one of EVERY: then it is topped up so often, fallen or not."""

    alert_below_minor: int = 0
    top_up_below_minor: int = 0
    top_up_minor: int = 0
    most_a_day: int = 1
    most_a_month: int = 4
    fill_up: bool = False
    top_up_every: str = ""


@dataclass(frozen=True, slots=True)
class WalletSet:
    customer_id: int


@verb("credits.set_wallet")
def set_wallet(tx: Tx, customer_id: int, wish: WalletWish) -> WalletSet:
    """Customers may, for themselves. What had stopped topping up is forgotten: they say so again.

    Raises NotFound, InvalidInput naming the field, or Conflict: credit is not sold, or there is nothing to charge.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None or not (tx.ctx.scope.everything or tx.ctx.scope.customer_id == customer_id):
        raise NotFound("customer", customer_id)
    for name in ("alert_below_minor", "top_up_below_minor", "top_up_minor"):
        if not 0 <= getattr(wish, name) <= LARGEST_MINOR:
            raise InvalidInput(name, "can't be below zero")
    if wish.top_up_minor:
        _check_top_up(tx, customer, wish)
    wallet = tx.session.get(CustomerWallet, customer_id) or CustomerWallet(customer_id=customer_id)
    before = {name: getattr(wallet, name) for name in asdict(wish)}
    for name, value in asdict(wish).items():
        setattr(wallet, name, value)
    wallet.stopped_because, wallet.alerted_at = "", None
    if wallet.top_up_every != before["top_up_every"]:
        _begin_anew(wallet, clock.today_in(tx.session.get_one(Seller, customer.seller_id).zone))
    tx.session.add(wallet)
    note(tx, f"customer:{customer_id}", before=before, after=asdict(wish))
    return WalletSet(customer_id)


def _begin_anew(wallet: CustomerWallet, today: date) -> None:
    """The first comes a term from today: what is there now the customer can see."""
    wallet.top_up_from = today if wallet.top_up_every else None
    wallet.top_up_next_on = cycle_start(today, Term.parse(wallet.top_up_every), 1) if wallet.top_up_every else None


def _check_top_up(tx: Tx, customer: Customer, wish: WalletWish) -> None:
    terms = terms_of(tx.session.get_one(Seller, customer.seller_id), customer.currency)
    if terms is None:
        raise Conflict(NOT_SOLD, code="no_top_ups")
    try:
        terms.check(Money(wish.top_up_minor, customer.currency))
    except InvalidInput as refused:
        raise InvalidInput("top_up_minor", refused.why) from refused
    if wish.top_up_every and wish.top_up_every not in EVERY:
        raise InvalidInput("top_up_every", f"must be one of {', '.join(EVERY)}")
    if not wish.top_up_below_minor and not wish.top_up_every:
        raise InvalidInput("top_up_below_minor", "say below what it is topped up")
    if wish.fill_up and wish.top_up_below_minor > wish.top_up_minor:
        raise InvalidInput("top_up_minor", "must not be less than what it is topped up below")
    if not 1 <= wish.most_a_day <= MOST_A_DAY:
        raise InvalidInput("most_a_day", f"must be from 1 to {MOST_A_DAY}")
    if not wish.most_a_day <= wish.most_a_month <= MOST_A_MONTH:
        raise InvalidInput("most_a_month", f"must be from {wish.most_a_day} to {MOST_A_MONTH}")
    if not has_default(tx, customer.id):
        raise Conflict("there is no saved payment method to charge", hint="add one first")
