"""Write subscribers that were read from a file: customer, login, subscription, lines, payment method, balance.

What they paid for elsewhere is taken as it is (anchor, paid-through date); the next term is the first that is billed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.importing._subscriber import GoodRow, Person
from billhead.actions.ledger.post import post
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._services import AccessWish, add_services
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.periods import Term, start_of_day
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.credits import CustomerCredit
from billhead.models.payments import GatewayAccount, PaymentMethod
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent, SubscriptionEvent
from billhead.plugin_host import vault

__all__ = ["ImportedSubscribers", "import_subscribers"]

_COLLECTION = {"card": "auto", "bank_transfer": "manual", "manual": "manual", "credits": "manual"}


@dataclass(frozen=True, slots=True)
class ImportedSubscribers:
    added: int
    known: int


@dataclass(slots=True)
class _Lookup:
    """What rows refer to by code, read once per batch."""

    seller: Seller
    plans: dict[str, Plan]
    prices: dict[tuple[int, str, str], int]  # (plan, currency, term) → the newest price
    resellers: dict[str, int]
    cards: GatewayAccount | None
    today: date


@verb("importing.import_subscribers", permission="subscriptions.write")
def import_subscribers(tx: Tx, seller_id: int, rows: Sequence[GoodRow]) -> ImportedSubscribers:
    """Add one batch in one transaction; rows whose `external_ref` is known are left as they are.

    Raises InvalidInput naming the line when a row clashes with what is in the database (a MAC or login in use, no
    gateway account for card tokens); nothing of the batch is written then.
    """
    look = _lookup(tx, seller_id)
    refs = [row.person.external_ref for row in rows]
    known = set(
        tx.session.scalars(
            select(Customer.external_ref).where(Customer.seller_id == seller_id, Customer.external_ref.in_(refs))
        )
    )
    fresh = [row for row in rows if row.person.external_ref not in known]
    for row in fresh:
        try:
            _add(tx, look, row)
        except InvalidInput as clash:
            raise InvalidInput(clash.field or "row", f"line {row.line}: {clash.why}", hint=clash.hint) from clash
    return ImportedSubscribers(len(fresh), len(rows) - len(fresh))


def _lookup(tx: Tx, seller_id: int) -> _Lookup:
    session = tx.session
    seller = session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    prices = session.execute(
        select(Price.plan_id, PriceBook.currency, Price.term, Price.id)
        .join(PriceBook, PriceBook.id == Price.book_id)
        .where(PriceBook.seller_id == seller_id, PriceBook.reseller_id.is_(None))
        .order_by(Price.version)
    )
    return _Lookup(
        seller=seller,
        plans={p.code: p for p in session.scalars(select(Plan).where(Plan.seller_id == seller_id))},
        prices={(plan, currency, term): price for plan, currency, term, price in prices},
        resellers={r.code: r.id for r in session.scalars(select(Reseller).where(Reseller.seller_id == seller_id))},
        cards=session.scalar(
            select(GatewayAccount)
            .where(GatewayAccount.seller_id == seller_id, GatewayAccount.gateway != "bank_transfer")
            .order_by(GatewayAccount.position)
            .limit(1)
        ),
        today=clock.today_in(seller.zone),
    )


def _add(tx: Tx, look: _Lookup, row: GoodRow) -> None:
    customer = _customer(tx, look, row)
    method = _method(tx, look, customer, row)
    plan = look.plans[row.sale.offer.plan.code]
    subscription = _subscription(tx, look, customer, plan, row, method)
    addons = [(look.plans[a.addon.code], a.units) for a in row.sale.addons]
    _components(tx, look, subscription, plan, addons, row)
    wish = AccessWish(row.access.login, row.access.password, row.access.mac)
    until = start_of_day(row.dates.paid_through, row.person.zone) + timedelta(hours=look.seller.grace_hours)
    for service in add_services(tx, subscription, plan, addons, wish):
        service.told_at = clock.now()  # they watch already: no welcome mail
        want(tx, service, desired_expires_at=until)
    if row.balance.minor > 0:
        _opening_credit(tx, look, customer, row)


def _customer(tx: Tx, look: _Lookup, row: GoodRow) -> Customer:
    person: Person = row.person
    customer = Customer(
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
    tx.session.add(customer)
    tx.session.flush()
    email = person.email.lower()
    taken = select(User.id).where(User.seller_id == look.seller.id, User.email == email)
    if tx.session.scalar(taken) is None:
        tx.session.add(
            User(
                seller_id=look.seller.id,
                email=email,
                role=Role.CUSTOMER.value,
                customer_id=customer.id,
                created_at=clock.now(),
            )
        )
    return customer


def _method(tx: Tx, look: _Lookup, customer: Customer, row: GoodRow) -> PaymentMethod | None:
    if row.payment.way != "card":
        return None
    if look.cards is None:
        why = "has a card token, but no gateway account can charge it"
        raise InvalidInput("payment_method", why, hint="add a card gateway account under Payments first")
    method = PaymentMethod(
        customer_id=customer.id,
        account_id=look.cards.id,
        token=vault().encrypt(row.payment.token),
        label="Imported card",
        is_default=True,
        created_at=clock.now(),
    )
    tx.session.add(method)
    tx.session.flush()
    return method


def _subscription(
    tx: Tx, look: _Lookup, customer: Customer, plan: Plan, row: GoodRow, method: PaymentMethod | None
) -> Subscription:
    dates, credits = row.dates, row.payment.way == "credits"
    collection = _COLLECTION[row.payment.way]
    offered = dates.paid_through - timedelta(days=look.seller.lead_days if collection == "manual" else 0)
    subscription = Subscription(
        seller_id=look.seller.id,
        customer_id=customer.id,
        plan_id=plan.id,
        external_ref=f"{look.seller.code}:{row.person.external_ref}",
        settlement="credits" if credits else "invoice",
        payer_reseller_id=look.resellers[row.reseller] if credits else None,
        collection=collection,
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
        next_bill_on=None if credits else offered,
        zone=customer.zone,
        created_at=clock.now(),
    )
    tx.session.add(subscription)
    tx.session.flush()
    details = {"paid_through": dates.paid_through.isoformat(), "line": row.line}
    tx.session.add(
        SubscriptionEvent(
            subscription_id=subscription.id,
            kind="imported",
            effective_on=dates.started_on,
            details=details,
            recorded_at=clock.now(),
        )
    )
    return subscription


def _components(
    tx: Tx, look: _Lookup, subscription: Subscription, plan: Plan, addons: list[tuple[Plan, int]], row: GoodRow
) -> None:
    term: Term = row.sale.offer.term
    for sold, units in [(plan, 1), *addons]:
        kind = "plan" if sold is plan else ("connection" if sold.kind == "connection" else "addon")
        tx.session.add(
            SubscriptionComponent(
                subscription_id=subscription.id,
                plan_id=sold.id,
                price_id=look.prices[(sold.id, subscription.currency, str(term))],
                kind=kind,
                quantity=units,
                starts_on=row.dates.started_on,
            )
        )


def _opening_credit(tx: Tx, look: _Lookup, customer: Customer, row: GoodRow) -> None:
    """Money that the customer had paid ahead to the old system: owed to them, against suspense until staff explains it."""
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
