"""Write subscribers that were read from a file: customer, login, subscription, lines, payment method, credit.

What they paid for elsewhere is taken as it is (anchor, paid-through date); the next term is the first billed here.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.importing._subscriber import GoodRow, Person
from billhead.actions.ledger.post import post
from billhead.actions.payments._method_names import name_method
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.subscriptions._services import AccessWish, Placement, add_services
from billhead.actions.verb import verb
from billhead.db import Tx, reserve_ids
from billhead.domain.context import Role
from billhead.domain.due import days_ahead
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.periods import cycle_index, cycle_start, start_of_day
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan, PriceBook
from billhead.models.credits import CustomerCredit
from billhead.models.payments import GatewayAccount, PaymentMethod
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent, SubscriptionEvent
from billhead.plugin import SavedMethod
from billhead.plugin_host import plugins, vault

__all__ = ["ImportedSubscribers", "import_subscribers"]

_COLLECTION = {"card": "auto", "bank_transfer": "manual", "manual": "manual", "credits": "manual"}


@dataclass(frozen=True, slots=True)
class ImportedSubscribers:
    added: int
    known: int


class _PriceLists:
    """The price list of each customer, read once for all to whom the same books are open."""

    def __init__(self, session: Session, seller_id: int) -> None:
        self._session = session
        self._books = session.scalars(select(PriceBook).where(PriceBook.seller_id == seller_id)).all()
        self._read: dict[frozenset[int], PriceList] = {}

    def of(self, customer: Customer) -> PriceList:
        audience = Audience.of(customer)
        open_books = frozenset(book.id for book in self._books if audience.may_use(book))
        if open_books not in self._read:
            self._read[open_books] = prices_for(self._session, audience)
        return self._read[open_books]


@dataclass(slots=True)
class _Lookup:
    """What rows refer to by code, read once per batch, and the keys of the rows to be written."""

    seller: Seller
    plans: dict[str, Plan]
    prices: "_PriceLists"
    resellers: dict[str, int]
    cards: GatewayAccount | None
    today: date


@verb("importing.import_subscribers", permission="subscriptions.write")
def import_subscribers(tx: Tx, seller_id: int, rows: Sequence[GoodRow], *, cards: str = "") -> ImportedSubscribers:
    """Add one batch in one transaction; rows whose `external_ref` is known are left as they are.

    `cards` is the gateway whose card tokens they are; it need not be named where there is just one. Raises
    InvalidInput naming the line when a row clashes with what is in the database (a MAC or login in use, no gateway
    account for card tokens); nothing of the batch is written then.
    """
    look = _lookup(tx, seller_id, cards)
    refs = [row.person.external_ref for row in rows]
    known = set(
        tx.session.scalars(
            select(Customer.external_ref).where(Customer.seller_id == seller_id, Customer.external_ref.in_(refs))
        )
    )
    fresh = [row for row in rows if row.person.external_ref not in known]
    _write(tx, look, fresh)
    return ImportedSubscribers(len(fresh), len(rows) - len(fresh))


def _write(tx: Tx, look: _Lookup, rows: Sequence[GoodRow]) -> None:
    """Table by table with keys taken beforehand, so that a batch costs a few statements and not a few per row."""
    session, count = tx.session, len(rows)
    customers = [
        _customer(look, row, key) for row, key in zip(rows, reserve_ids(session, "customer", count), strict=True)
    ]
    _flush(tx, customers)
    _flush(tx, _users(tx, look, customers))
    method_ids = iter(reserve_ids(session, "payment_method", count))
    methods = [_method(look, customer, row, method_ids) for customer, row in zip(customers, rows, strict=True)]
    _flush(tx, [m for m in methods if m is not None])
    keys = reserve_ids(session, "subscription", count)
    subscriptions = [
        _subscription(look, customer, row, method, key)
        for customer, row, method, key in zip(customers, rows, methods, keys, strict=True)
    ]
    _flush(tx, subscriptions)
    wishes = [AccessWish(row.access.login, row.access.password, row.access.mac) for row in rows]
    placement = Placement(session, wishes, [look.plans[row.sale.offer.plan.code] for row in rows])
    service_ids = iter(reserve_ids(session, "service", count * 4))
    details: list[Any] = []
    services: list[Service] = []
    for row, customer, subscription, wish in zip(rows, customers, subscriptions, wishes, strict=True):
        details += _history_and_components(look, customer, subscription, row)
        services += _lines(look, subscription, row, wish, placement, service_ids)
    _flush(tx, [*details, *services])
    for service in services:
        queue_converge(tx, service.id, service.panel_id)
    for customer, row in zip(customers, rows, strict=True):
        if row.balance.minor > 0:
            _opening_credit(tx, look, customer, row)


def _flush(tx: Tx, rows: Sequence[Any]) -> None:
    tx.session.add_all(rows)
    tx.session.flush()


def _lookup(tx: Tx, seller_id: int, cards: str) -> _Lookup:
    session = tx.session
    seller = session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    return _Lookup(
        seller=seller,
        plans={p.code: p for p in session.scalars(select(Plan).where(Plan.seller_id == seller_id))},
        prices=_PriceLists(session, seller_id),
        resellers={r.code: r.id for r in session.scalars(select(Reseller).where(Reseller.seller_id == seller_id))},
        cards=_card_account(session, seller, cards),
        today=clock.today_in(seller.zone),
    )


def _card_account(session: Session, seller: Seller, named: str) -> GatewayAccount | None:
    """The account that card tokens belong to: the named gateway's, or the shop's first that charges saved cards.

    A new shop has none yet: the named gateway's is opened, or that of the only one installed, switched off until staff
    has entered its keys, so that no token is lost and none is charged too early.
    """
    chargers = {g.code: g for _, g in plugins().offers("payment_gateways") if g.capabilities().off_session}
    if named and named not in chargers:
        there = ", ".join(sorted(chargers)) or "none"
        raise InvalidInput("cards", f"{named} charges no saved cards here", hint=f"Those that do: {there}.")
    chargers = {named: chargers[named]} if named else chargers
    account = session.scalar(
        select(GatewayAccount)
        .where(GatewayAccount.seller_id == seller.id, GatewayAccount.gateway.in_(chargers))
        .order_by(GatewayAccount.position, GatewayAccount.id)
        .limit(1)
    )
    if account is not None or len(chargers) != 1:
        return account
    (gateway,) = chargers.values()
    account = GatewayAccount(
        seller_id=seller.id,
        code=f"{seller.code}-{gateway.code}",
        name=gateway.label,
        gateway=gateway.code,
        callback_token=secrets.token_urlsafe(24),
        enabled=False,
    )
    session.add(account)
    session.flush()
    return account


def _customer(look: _Lookup, row: GoodRow, key: int) -> Customer:
    person: Person = row.person
    return Customer(
        id=key,
        seller_id=look.seller.id,
        reseller_id=look.resellers[row.reseller] if row.reseller else None,
        external_ref=person.external_ref,
        name=person.name,
        email=person.email,
        phone=person.phone,
        country=person.country,
        region=person.region,
        location_evidence={"billing": person.country},
        vat_id=person.vat_id,
        zone=person.zone,
        currency=person.currency,
        language=person.language,
        notes=person.notes,
        created_at=clock.now(),
    )


def _users(tx: Tx, look: _Lookup, customers: Sequence[Customer]) -> list[User]:
    """A login for each address that has none; who shares an address is reached through the first."""
    wanted = {customer.email.lower(): customer.id for customer in reversed(customers)}
    taken = select(User.email).where(User.seller_id == look.seller.id, User.email.in_(wanted))
    for email in tx.session.scalars(taken):
        del wanted[email]
    return [
        User(
            seller_id=look.seller.id,
            email=email,
            role=Role.CUSTOMER.value,
            customer_id=customer_id,
            created_at=clock.now(),
        )
        for email, customer_id in sorted(wanted.items(), key=lambda pair: pair[1])
    ]


def _method(look: _Lookup, customer: Customer, row: GoodRow, ids: Iterator[int]) -> PaymentMethod | None:
    if row.payment.way != "card":
        return None
    if look.cards is None:
        why = f"line {row.line}: a card token, and it is not said which gateway's"
        hint = "Name it with --cards, or first add its account in the admin area, under Gateway accounts."
        raise InvalidInput("payment_method", why, hint=hint)
    method = PaymentMethod(
        id=next(ids),
        customer_id=customer.id,
        account_id=look.cards.id,
        token=vault().encrypt(row.payment.token),
        label="Imported card",
        is_default=True,
        created_at=clock.now(),
    )
    name_method(method, look.cards.gateway, SavedMethod(row.payment.token, method.label))
    return method


def _subscription(
    look: _Lookup, customer: Customer, row: GoodRow, method: PaymentMethod | None, key: int
) -> Subscription:
    dates, credits = row.dates, row.payment.way == "credits"
    # in arrears the calendar bills, also what is paid by transfer
    collection = "auto" if row.payment.timing == "arrears" else _COLLECTION[row.payment.way]
    ahead = timedelta(days=days_ahead(look.seller.lead_days, row.sale.offer.term) if collection == "manual" else 0)
    return Subscription(
        id=key,
        seller_id=look.seller.id,
        customer_id=customer.id,
        plan_id=look.plans[row.sale.offer.plan.code].id,
        external_ref=f"{look.seller.code}:{row.person.external_ref}",
        settlement="credits" if credits else "invoice",
        payer_reseller_id=look.resellers[row.reseller] if credits else None,
        collection=collection,
        timing=row.payment.timing,
        payment_method_id=method.id if method else None,
        currency=customer.currency,
        state=(State.TRIAL if dates.in_trial else State.ACTIVE).value,
        phase="trial" if dates.in_trial else "recurring",
        term=str(row.sale.offer.term),
        anchor=dates.anchor,
        started_on=dates.started_on,
        phase_ends_on=dates.paid_through if dates.in_trial else None,
        billed_through=dates.paid_through,
        paid_through=dates.paid_through,
        next_bill_on=None if credits else _watched_until(row) - ahead,
        zone=customer.zone,
        created_at=clock.now(),
    )


def _watched_until(row: GoodRow) -> date:
    """The end of what is paid, or of the term after it where that is billed in arrears."""
    dates, term = row.dates, row.sale.offer.term
    if row.payment.timing == "advance":
        return dates.paid_through
    return cycle_start(dates.anchor, term, cycle_index(dates.anchor, term, dates.paid_through) + 1)


def _history_and_components(look: _Lookup, customer: Customer, subscription: Subscription, row: GoodRow) -> list[Any]:
    details = {"paid_through": row.dates.paid_through.isoformat(), "line": row.line}
    written: list[Any] = [
        SubscriptionEvent(
            subscription_id=subscription.id,
            kind="imported",
            effective_on=row.dates.started_on,
            details=details,
            recorded_at=clock.now(),
        )
    ]
    plan, term = look.plans[row.sale.offer.plan.code], str(row.sale.offer.term)
    prices = look.prices.of(customer)
    for sold, units in [(plan, 1), *((look.plans[a.addon.code], a.units) for a in row.sale.addons)]:
        kind = "plan" if sold is plan else ("connection" if sold.kind == "connection" else "addon")
        written.append(
            SubscriptionComponent(
                subscription_id=subscription.id,
                plan_id=sold.id,
                price_id=prices.of(sold, term).id,
                kind=kind,
                quantity=units,
                starts_on=row.dates.started_on,
            )
        )
    return written


def _lines(
    look: _Lookup,
    subscription: Subscription,
    row: GoodRow,
    wish: AccessWish,
    placement: Placement,
    ids: Iterator[int],
) -> list[Service]:
    plan = look.plans[row.sale.offer.plan.code]
    addons = [(look.plans[a.addon.code], a.units) for a in row.sale.addons]
    until = start_of_day(_watched_until(row), row.person.zone) + timedelta(hours=look.seller.grace_hours)
    try:
        services = add_services(subscription, plan, addons, wish, placement, ids)
    except InvalidInput as clash:
        raise InvalidInput(clash.field or "row", f"line {row.line}: {clash.why}", hint=clash.hint) from clash
    for service in services:
        service.told_at = clock.now()  # they watch already: no welcome mail
        service.desired_expires_at = until
    return services


def _opening_credit(tx: Tx, look: _Lookup, customer: Customer, row: GoodRow) -> None:
    """Money that was paid ahead to the old system: owed to the customer, against suspense until staff explains it."""
    grant = CustomerCredit(
        customer_id=customer.id,
        kind="bought",
        currency=row.balance.currency,
        amount_minor=row.balance.minor,
        remaining_minor=row.balance.minor,
        reason="opening balance",
        created_at=clock.now(),
    )
    tx.session.add(grant)
    tx.session.flush()
    grant.entry_id = post(
        tx,
        look.seller.id,
        "opening_balance",
        look.today,
        f"opening:{customer.id}",
        [debit(AccountCode.SUSPENSE, row.balance), credit(AccountCode.CREDIT_BOUGHT, row.balance)],
        customer_id=customer.id,
    )
