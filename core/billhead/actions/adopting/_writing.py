"""Write a batch of adopted lines: customer, subscription with what is paid already, and the service as it stands."""

from collections.abc import Iterator, Sequence, Set
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.adopting._house import House, prices_of
from billhead.actions.adopting._judging import Judged
from billhead.actions.provisioning._observed import as_json
from billhead.actions.provisioning._queue import queue_at_expiry, queue_converge
from billhead.actions.usage._lines import epoch
from billhead.db import Tx, reserve_ids
from billhead.domain.context import Role
from billhead.domain.periods import Term, cycle_start
from billhead.domain.subscription import State
from billhead.models.people import Customer, User
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent, SubscriptionEvent
from billhead.models.usage import UsageMeter, UsagePrice
from billhead.plugin import Expiry

__all__ = ["adopt_batch", "external_ref"]


def external_ref(house: House, remote_id: str) -> str:
    """What a customer that came with a line is called from outside: a line is adopted once."""
    return f"{house.view.code}:{remote_id}"


def adopt_batch(tx: Tx, house: House, batch: Sequence[Judged]) -> None:
    """Table by table with keys taken beforehand. Nothing is asked of the panel for a line that is in step."""
    session, count = tx.session, len(batch)
    metered = set(session.scalars(select(UsagePrice.price_id)))
    keys = zip(*(reserve_ids(session, table, count) for table in ("customer", "subscription", "service")), strict=True)
    customers, subscriptions, services, details = [], [], [], []
    for one, (customer_id, subscription_id, service_id) in zip(batch, keys, strict=True):
        customers.append(_customer(house, one, customer_id))
        subscriptions.append(_subscription(house, one, customers[-1], subscription_id))
        details += _history(tx, house, one, subscriptions[-1], metered)
        services.append(_service(one, subscription_id, service_id))
    for rows in (customers, list(_logins(tx, house, customers)), subscriptions, [*details, *services]):
        session.add_all(rows)
        session.flush()
    for one, service in zip(batch, services, strict=True):
        if one.writes:
            queue_converge(tx, service.id, service.panel_id)
        elif house.view.capabilities.expiry is Expiry.NOT_ENFORCED:
            queue_at_expiry(tx, service)


def _customer(house: House, one: Judged, key: int) -> Customer:
    seller = house.seller
    return Customer(
        id=key,
        seller_id=seller.id,
        reseller_id=house.resellers[one.reseller] if one.reseller else None,
        external_ref=external_ref(house, one.line.remote_id),
        name=one.name,
        email=one.said.get("email", ""),
        country=seller.country,
        location_evidence={},
        zone=seller.zone,
        currency=seller.currency,
        notes=one.line.note,
        created_at=clock.now(),
    )


def _logins(tx: Tx, house: House, customers: Sequence[Customer]) -> Iterator[User]:
    """Only who brings an address gets one; who shares an address is reached through the first."""
    wanted = {customer.email.lower(): customer.id for customer in reversed(customers) if customer.email}
    taken = select(User.email).where(User.seller_id == house.seller.id, User.email.in_(wanted))
    for email in set(wanted) - set(tx.session.scalars(taken)):
        yield User(
            seller_id=house.seller.id,
            email=email,
            role=Role.CUSTOMER.value,
            customer_id=wanted[email],
            created_at=clock.now(),
        )


def _subscription(house: House, one: Judged, customer: Customer, key: int) -> Subscription:
    """The running term counts as paid; the next one is the first that is billed here, offered or taken in credits."""
    assert one.plan is not None, "judged before"
    assert one.paid_through is not None, "judged before"
    seller, through, term = house.seller, one.paid_through, Term.parse(one.term)
    from_credits = bool(one.reseller)
    return Subscription(
        id=key,
        seller_id=seller.id,
        customer_id=customer.id,
        plan_id=one.plan.plan.id,
        external_ref=f"{seller.code}:{customer.external_ref}",
        settlement="credits" if from_credits else "invoice",
        payer_reseller_id=customer.reseller_id if from_credits else None,
        collection="manual",
        currency=seller.currency,
        state=State.ACTIVE.value,
        phase="recurring",
        term=one.term,
        anchor=through,
        started_on=min(cycle_start(through, term, -1), clock.today_in(seller.zone)),
        billed_through=through,
        paid_through=through,
        next_bill_on=None if from_credits else through - timedelta(days=one.plan.lead_days(one.term, seller)),
        zone=seller.zone,
        created_at=clock.now(),
    )


def _history(tx: Tx, house: House, one: Judged, subscription: Subscription, metered: Set[int]) -> list[Any]:
    assert one.plan is not None, "judged before"
    assert one.paid_through is not None, "judged before"
    reseller_id = house.resellers[one.reseller] if one.reseller else None
    price_id = prices_of(tx.session, house, reseller_id).of(one.plan.plan, one.term).id
    details = {"paid_through": one.paid_through.isoformat(), "panel": house.view.code, "line": one.line.remote_id}
    return [
        SubscriptionEvent(
            subscription_id=subscription.id,
            kind="imported",
            effective_on=subscription.started_on,
            details=details,
            recorded_at=clock.now(),
        ),
        SubscriptionComponent(
            subscription_id=subscription.id,
            plan_id=one.plan.plan.id,
            price_id=price_id,
            kind="plan",
            quantity=1,
            starts_on=subscription.started_on,
        ),
        *([_meter(subscription)] if price_id in metered else []),
    ]


def _meter(subscription: Subscription) -> UsageMeter:
    """What was used of the running term until now is paid, as the term is: counted is what comes from here on."""
    now, today = clock.business_now(), clock.today_in(subscription.zone)
    return UsageMeter(subscription_id=subscription.id, through=today, billed_to=epoch(now), due_on=today)


def _service(one: Judged, subscription_id: int, key: int) -> Service:
    """In step from the start, unless something is to be written; its customer watches already: no welcome mail."""
    service = one.service
    assert service is not None, "judged before"
    service.id, service.subscription_id, service.told_at = key, subscription_id, clock.now()
    service.created_by_us = True
    service.observed, service.observed_at = as_json(one.line.observed), clock.now()
    service.sync = "pending" if one.writes else "ok"
    service.converged_version = 0 if one.writes else 1
    return service
