"""Look at the credit of those who asked for it: tell them once when it has fallen, and top it up by itself."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select

from billhead import clock
from billhead.actions.credits._charged_back import charged_back_debt
from billhead.actions.credits._top_up import order_credit, stop_auto_top_up, terms_of
from billhead.actions.credits._usable import usable_credit
from billhead.actions.freeze import is_frozen
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._methods import has_default
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import ProformaState
from billhead.domain.money import Money
from billhead.domain.periods import Term, cycle_index, cycle_start
from billhead.models.credits import AutoTopUp, CustomerWallet
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["WatchedCredit", "watch_credit"]

_BATCH = 200
_DAY, _MONTH = timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class WatchedCredit:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    told: int
    topped_up: int
    next_after: int


@verb("credits.watch", permission="credits.write")
def watch_credit(tx: Tx, after_id: int = 0) -> WatchedCredit:
    """One batch of wallets, by customer. A day and a month are the last 24 hours and 30 days."""
    wallets = tx.session.scalars(
        select(CustomerWallet)
        .where(
            CustomerWallet.customer_id > after_id,
            or_(CustomerWallet.alert_below_minor > 0, CustomerWallet.top_up_minor > 0),
        )
        .order_by(CustomerWallet.customer_id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    told = topped_up = 0
    for wallet in wallets:
        customer = tx.session.get_one(Customer, wallet.customer_id)
        there = usable_credit(tx.session, customer, customer.currency).minor
        there -= charged_back_debt(tx.session, customer.id, customer.currency)
        told += _tell(tx, wallet, there)
        topped_up += _top_up(tx, wallet, customer, there)
    return WatchedCredit(told, topped_up, wallets[-1].customer_id if len(wallets) == _BATCH else 0)


def _tell(tx: Tx, wallet: CustomerWallet, there: int) -> bool:
    if there >= wallet.alert_below_minor:
        wallet.alerted_at = None
        return False
    if wallet.alerted_at is not None:
        return False
    wallet.alerted_at = clock.business_now()
    key = f"low_credit:{wallet.customer_id}:{wallet.alerted_at:%Y%m%dT%H%M%S}"
    return queue_notice(tx, wallet.customer_id, "low_credit", key, {}) is not None


def _top_up(tx: Tx, wallet: CustomerWallet, customer: Customer, there: int) -> bool:
    if not wallet.top_up_minor or wallet.stopped_because:
        return False
    seller = tx.session.get_one(Seller, customer.seller_id)
    today = clock.today_in(seller.zone)
    due = wallet.top_up_next_on is not None and wallet.top_up_next_on <= today
    if not due and there >= wallet.top_up_below_minor:
        return False
    if wallet.fill_up and there >= wallet.top_up_minor:
        _next_term(wallet, today)
        return False
    if is_frozen(tx.session, "charges") or _waits(tx, customer.id) or _often_enough(tx, wallet):
        return False
    if not has_default(tx, customer.id):
        stop_auto_top_up(tx, customer.id, "no_method")
        return False
    terms = terms_of(seller, customer.currency)
    if terms is None or not terms.least <= wallet.top_up_minor <= terms.most:
        stop_auto_top_up(tx, customer.id, "not_sold")
        return False
    missing = wallet.top_up_minor - there if wallet.fill_up else wallet.top_up_minor
    minor = min(max(missing, terms.least), terms.most)
    document_id = order_credit(tx, customer, Money(minor, customer.currency))
    _next_term(wallet, today)
    now = clock.business_now()
    tx.session.add(AutoTopUp(document_id=document_id, customer_id=customer.id, created_at=now))
    enqueue(tx, "payments.collect", {"document_id": document_id}, key=f"collect:{document_id}")
    return True


def _next_term(wallet: CustomerWallet, today: date) -> None:
    """The one that is due has come, with the order or because nothing is missing; those that were missed are not
    made up for."""
    if wallet.top_up_from is not None and wallet.top_up_next_on is not None and wallet.top_up_next_on <= today:
        term = Term.parse(wallet.top_up_every)
        wallet.top_up_next_on = cycle_start(wallet.top_up_from, term, cycle_index(wallet.top_up_from, term, today) + 1)


def _waits(tx: Tx, customer_id: int) -> bool:
    """One that was ordered by itself is not paid yet: its charge is under way, or is tried again."""
    mine = AutoTopUp.customer_id == customer_id, Document.state == ProformaState.OPEN.value
    waiting = select(AutoTopUp.document_id).join(Document, Document.id == AutoTopUp.document_id).where(*mine)
    return tx.session.scalar(waiting.limit(1)) is not None


def _often_enough(tx: Tx, wallet: CustomerWallet) -> bool:
    def since(at: datetime) -> int:
        mine = AutoTopUp.customer_id == wallet.customer_id, AutoTopUp.created_at > at
        return int(tx.session.scalar(select(func.count()).select_from(AutoTopUp).where(*mine)) or 0)

    now = clock.business_now()
    return since(now - _DAY) >= wallet.most_a_day or since(now - _MONTH) >= wallet.most_a_month
