"""Try the house: an order as a customer's, free of charge, which makes a real line; its invoice is over 0.00."""

import secrets
from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.health._facts import last_known, remember
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["FACT", "OrderTried", "try_order"]

FACT = "try"
_BOX = "00:1A:79:00:00:01"
_WHOLE = 1_000_000


@dataclass(frozen=True, slots=True)
class OrderTried:
    subscription_id: int
    document_id: int


@verb("setup.try_order", permission="subscriptions.write")
def try_order(tx: Tx, seller_id: int, email: str, plan_id: int | None = None) -> OrderTried:
    """A coupon of 100 % that can be used once pays it, so that no money stands in the books that never came.

    Raises NotFound, or Conflict while another try is not taken away.
    """
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    before = last_known(tx.session, FACT)
    if before is not None:
        old = tx.session.get(Subscription, before.data.get("subscription_id"))
        if old is not None and old.state not in ("canceled", "expired"):
            raise Conflict("the last test order is still there: take it away first")
    plan, term = _cheapest(tx, seller, plan_id)
    customer = _customer(tx, seller, email)
    code = f"TRY-{secrets.token_hex(4).upper()}"
    create_coupon(
        tx, seller_id, NewCoupon(code, "percent", "Test order", percent_ppm=_WHOLE, total_uses=1, uses_per_customer=1)
    )
    mac = _BOX if plan.kind in ("mag", "paired") else ""
    order = Order(customer.id, plan.code, term, mac=mac, coupons=(code,))
    started = start_subscription(tx, order)
    remember(tx, FACT, subscription_id=started.subscription_id, document_id=started.document_id)
    return OrderTried(started.subscription_id, started.document_id)


def _cheapest(tx: Tx, seller: Seller, plan_id: int | None) -> tuple[Plan, str]:
    found = tx.session.execute(
        select(Plan, Price.term)
        .join(Price, Price.plan_id == Plan.id)
        .join(PriceBook, PriceBook.id == Price.book_id)
        .where(
            Plan.seller_id == seller.id, Plan.retired.is_(False), Plan.kind.in_(("stream", "mag", "paired", "enigma2")),
            PriceBook.currency == seller.currency, PriceBook.reseller_id.is_(None), PriceBook.country == "",
            PriceBook.price_group == "", Price.withdrawn_on.is_(None), Price.term != "",
        )
        .where(Plan.id == plan_id if plan_id is not None else Plan.id > 0)
        .order_by(Price.amount_minor, Plan.id)
        .limit(1)
    ).first()  # fmt: skip
    if found is None:
        raise Conflict("there is no plan with a price yet", hint="make one in the step before")
    return found[0], found[1]


def _customer(tx: Tx, seller: Seller, email: str) -> Customer:
    """One for all tries: the mails go to who tries."""
    ref = "billhead:try"
    known = tx.session.scalar(select(Customer).where(Customer.seller_id == seller.id, Customer.external_ref == ref))
    row = known or Customer(seller_id=seller.id, external_ref=ref, name="Test order", created_at=clock.now())
    row.email, row.country, row.currency, row.zone = email, seller.country, seller.currency, seller.zone
    tx.session.add(row)
    tx.session.flush()
    return row
