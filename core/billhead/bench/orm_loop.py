"""The usual way to write a billing run, for comparison: one object per row, and a commit after each invoice.

It bills the same subscriptions to the same rows as the run does; only how they are written differs.
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.bench.subscribers import DUE_ON, OBSERVER
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.document import State, settled_state
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money, Rounding, round_ratio
from billhead.domain.periods import Period, Term, cycle, cycle_index, start_of_day
from billhead.domain.tax import tax_minor
from billhead.models.catalogue import Plan, Price
from billhead.models.coupons import Coupon, CouponRedemption, CouponUse
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.operations import Event, EventDelivery, Job
from billhead.models.people import Customer
from billhead.models.sellers import NumberSeries
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent

__all__ = ["run_orm_loop"]

_CTX = Context.system("bench")


def run_orm_loop(count: int) -> int:
    """Bill up to `count` subscriptions that are due; returns how many were."""
    with writing(_CTX) as tx:
        tx.session.add(NumberSeries(seller_id=1, kind="invoice", fiscal_year=2026))
    with reading() as session:
        due = session.scalars(
            select(Subscription.id).where(Subscription.next_bill_on <= DUE_ON).order_by(Subscription.id).limit(count)
        ).all()
    for subscription_id in due:
        with writing(_CTX) as tx:
            _bill(tx, subscription_id)
    return len(due)


def _bill(tx: Tx, subscription_id: int) -> None:
    session = tx.session
    subscription = session.get_one(Subscription, subscription_id, with_for_update=True)
    customer = session.get_one(Customer, subscription.customer_id)
    term = Term.parse(subscription.term)
    start = subscription.billed_through or subscription.started_on
    period = cycle(subscription.anchor, term, cycle_index(subscription.anchor, term, start))
    invoice = _invoice(session, subscription)
    redeemed, coupon = _redeemed(session, subscription)
    lines = _lines(session, subscription, customer.country, period, coupon)
    invoice.net_minor = sum(line.net_minor for line in lines)
    invoice.tax_minor = sum(line.tax_minor for line in lines)
    invoice.total_minor = invoice.net_minor + invoice.tax_minor
    invoice.settled_minor, lot = _credit(session, invoice)
    invoice.state = settled_state(invoice.total_minor, invoice.settled_minor).value
    session.add(invoice)
    session.flush()
    for line in lines:
        line.document_id = invoice.id
        session.add(line)
    session.flush()
    total, net, tax = (Money(minor, "EUR") for minor in (invoice.total_minor, invoice.net_minor, invoice.tax_minor))
    legs = [
        debit(AccountCode.RECEIVABLE, total),
        credit(AccountCode.DEFERRED_REVENUE, net),
        credit(AccountCode.TAX, tax, lines[0].tax_code),
    ]
    post(tx, subscription.seller_id, "invoice", DUE_ON, f"document:{invoice.id}", legs, customer_id=customer.id)
    _use_credit(tx, invoice, lines, lot)
    _use_coupon(session, invoice, lines, redeemed, period)
    subscription.billed_through = subscription.next_bill_on = period.end
    subscription.version += 1
    now = clock.now()
    about = {"document_id": invoice.id, "customer_id": customer.id}
    said = {**about, "total_minor": invoice.total_minor, "currency": "EUR"}
    _tell(session, Event(type="document.issued", aggregate=f"document:{invoice.id}", data=said, at=now))
    job = {"due_at": now, "created_at": now}
    if invoice.state != State.PAID:
        args = {"document_id": invoice.id}
        session.add(Job(kind="payments.collect", args=args, key=f"collect:{invoice.id}", **job))
        return
    _tell(session, Event(type="document.paid", aggregate=f"document:{invoice.id}", data=about, at=now))
    subscription.paid_through = period.end
    for service in session.scalars(select(Service).where(Service.subscription_id == subscription.id)):
        service.desired_expires_at = start_of_day(period.end, subscription.zone) + timedelta(hours=72)
        service.desired_version += 1
        args, key = {"service_id": service.id}, f"converge:{service.id}"
        session.add(Job(kind="provisioning.converge", args=args, key=key, lane=f"panel:{service.panel_id}", **job))


def _tell(session: Session, event: Event) -> None:
    session.add(event)
    session.flush()
    session.add(EventDelivery(event_id=event.id, plugin=OBSERVER, due_at=event.at))


def _redeemed(session: Session, subscription: Subscription) -> tuple[CouponRedemption, Coupon]:
    mine = CouponRedemption.subscription_id == subscription.id
    redeemed = session.scalars(select(CouponRedemption).where(mine, CouponRedemption.state == "active")).one()
    return redeemed, session.get_one(Coupon, redeemed.coupon_id)


def _use_coupon(
    session: Session, invoice: Document, lines: list[DocumentLine], redeemed: CouponRedemption, period: Period
) -> None:
    given = sum(line.discount_minor for line in lines)
    session.add(CouponUse(document_id=invoice.id, redemption_id=redeemed.id, discount_minor=given, cycles=1))
    redeemed.given_minor += given
    redeemed.cycles_left = (redeemed.cycles_left or 1) - 1
    redeemed.since, redeemed.through = redeemed.since or period.start, period.end


def _invoice(session: Session, subscription: Subscription) -> Document:
    series = session.scalars(select(NumberSeries).with_for_update()).one()
    number, series.next_number = series.next_number, series.next_number + 1
    return Document(
        seller_id=subscription.seller_id,
        customer_id=subscription.customer_id,
        subscription_id=subscription.id,
        kind="invoice",
        state="final",
        fiscal_year=2026,
        number=number,
        number_text=f"2026-{number:06d}",
        issued_on=DUE_ON,
        due_on=DUE_ON,
        currency="EUR",
        buyer_id=subscription.customer_id,
        issuer_id=subscription.customer_id,
        created_at=clock.now(),
    )


def _lines(
    session: Session, subscription: Subscription, country: str, period: Period, coupon: Coupon
) -> list[DocumentLine]:
    lines = []
    parts = session.scalars(
        select(SubscriptionComponent).where(SubscriptionComponent.subscription_id == subscription.id)
    )
    for position, part in enumerate(parts, 1):
        price, plan = session.get_one(Price, part.price_id), session.get_one(Plan, part.plan_id)
        discount = round_ratio(price.amount_minor * coupon.percent_ppm, 1_000_000, Rounding.HALF_UP)
        net = price.amount_minor - discount
        line = DocumentLine(
            position=position,
            subscription_id=subscription.id,
            component_id=part.id,
            price_id=price.id,
            plan_id=plan.id,
            kind="recurring",
            description=plan.name,
            term=price.term,
            period_start=period.start,
            period_end=period.end,
            unit_minor=price.amount_minor,
            discount_minor=discount,
            discount_code=coupon.code,
            net_minor=net,
            tax_minor=tax_minor(net, 200_000),
            tax_code=f"{country}:standard",
            tax_rate_ppm=200_000,
        )
        lines.append(line)
    return lines


def _credit(session: Session, invoice: Document) -> tuple[int, CustomerCredit]:
    """What credit pays of the invoice, and the lot that it comes from."""
    lot = session.scalars(
        select(CustomerCredit).where(CustomerCredit.customer_id == invoice.customer_id).with_for_update()
    ).one()
    return min(lot.remaining_minor, invoice.total_minor), lot


def _use_credit(tx: Tx, invoice: Document, lines: list[DocumentLine], lot: CustomerCredit) -> None:
    left = invoice.settled_minor
    lot.remaining_minor -= left
    amount = Money(left, "EUR")
    legs = [debit(AccountCode.CREDIT_BOUGHT, amount), credit(AccountCode.RECEIVABLE, amount)]
    key = f"credit_applied:{invoice.id}"
    post(tx, invoice.seller_id, "credit_applied", DUE_ON, key, legs, customer_id=invoice.customer_id)
    for line in lines:
        part = min(left, line.net_minor + line.tax_minor)
        if part:
            about = {"document_id": invoice.id, "line_id": line.id, "customer_credit_id": lot.id}
            tx.session.add(Allocation(**about, amount_minor=part, day=DUE_ON, created_at=clock.now()))
        left -= part
