"""The billing shop with debtors in it: a month is 10.00 EUR and 20 %, billed on 1 November 2026, due on the 15th."""

from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from typing import Any

from billing_shop import SYSTEM, Shop

from billhead import clock
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._book import Receipt, book
from billhead.db import reading, writing
from billhead.domain.dunning import Stage, StageAction
from billhead.domain.money import Money
from billhead.jobs.kinds import KINDS
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.payments import GatewayAccount
from billhead.models.subscriptions import Subscription

NOV, DUE = date(2026, 11, 1), date(2026, 11, 15)
REMIND, WARN, THROTTLE, SUSPEND, TERMINATE = StageAction


def november(day: int) -> date:
    return date(2026, 11, day)


def at(day: date, hour: int = 12) -> AbstractContextManager[None]:
    return clock.business_time(datetime.combine(day, time(hour), UTC))


def policy(shop: Shop, *stages: Any, **more: Any) -> int:
    """The seller's own table: (days, action) pairs or whole stages."""
    made = [stage if isinstance(stage, Stage) else Stage(*stage) for stage in stages]
    with writing(SYSTEM) as tx:
        return save_policy(tx, PolicyEntry(shop.seller_id, stages=made, **more))


def debtor(shop: Shop, *, again: bool = False, **more: Any) -> int:
    """A subscription with an unpaid invoice of 12.00; `again`: the run goes on billing it."""
    subscription = shop.subscribe(shop.customer(card=False, **more), shop.plan(f"tv{shop.made}", 1000), due=NOV)
    with at(NOV):
        shop.run(NOV)
    if not again:
        shop.change(Subscription, subscription, next_bill_on=None)
    return subscription


def run(day: date, hour: int = 12) -> None:
    """The dunning job of one hour."""
    with at(day, hour):
        KINDS["dunning.run"].run(SYSTEM, {})


def told(shop: Shop) -> list[str]:
    return [notice.kind for notice in shop.all(Notice)]


def invoices(shop: Shop) -> list[Document]:
    return list(shop.all(Document, Document.kind == "invoice"))


def state(shop: Shop, subscription: int) -> str:
    return shop.get(Subscription, subscription).state


def pay(document: int, minor: int = 1200, reference: str = "") -> None:
    """Money that came by card."""
    with writing(SYSTEM) as tx:
        found = tx.session.get_one(Document, document, with_for_update=True)
        account = tx.session.get_one(GatewayAccount, 1)
        book(tx, found, Receipt(account, Money(minor, found.currency), reference or f"paid-{document}-{minor}"))


def give(shop: Shop, subscription: int, minor: int, **more: Any) -> int:
    """Goodwill to the owner of a subscription; the id of the lot."""
    customer_id = shop.get(Subscription, subscription).customer_id
    with writing(SYSTEM) as tx:
        return grant_credit(tx, customer_id, Money(minor, "EUR"), "goodwill", **more).customer_credit_id


def sound() -> None:
    """The ledger is in order, to the last entry."""
    with reading() as session:
        assert verify_ledger(session).faults == []
