"""What a customer could spend now."""

from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._reading import read_lots
from billhead.domain.credit import Lot, consume
from billhead.domain.money import Money
from billhead.models.people import Customer

__all__ = ["open_lots", "usable_credit"]


def open_lots(session: Session, customer_id: int, currency: str) -> list[Lot]:
    """The customer's lots of this currency, expired ones too: `domain.credit.consume` passes them over."""
    lots = read_lots(session, [customer_id]).get(customer_id, [])
    return [lot for lot in lots if lot.remaining.currency == currency]


def usable_credit(session: Session, customer: Customer, currency: str) -> Money:
    lots = open_lots(session, customer.id, currency)
    top = Money(sum(lot.remaining.minor for lot in lots), currency)
    _, left = consume(lots, top, clock.today_in(customer.zone))
    return top - left
