"""What is known of an order before it is written. Read in one transaction, before any check is asked."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead import clock
from billhead.actions.fraud._networks import country_in, is_listed
from billhead.actions.subscriptions._sale import Order
from billhead.config import Config
from billhead.domain.address import address_of, network_of
from billhead.domain.errors import InvalidInput
from billhead.domain.fraud import CaseState, Entry, FraudRules
from billhead.domain.mac import parse_mac
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.fraud import FraudCase, FraudEntry
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.plugin import EarlierOrders, OrderFacts
from billhead.plugin_host import vault

__all__ = ["Seen", "card_of", "earlier_orders", "entries_of", "facts_of", "with_files"]

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Seen:
    """What a request shows of who orders. `country`: of the address, where the proxy in front names it. `amount`: what
    they are to pay, as it was quoted."""

    amount: Money
    country: str = ""
    user_agent: str = ""


def facts_of(session: Session, customer: Customer, order: Order, seen: Seen, rules: FraudRules) -> OrderFacts:
    """All but what the operator's files say, see `with_files`."""
    card, card_country = card_of(session, customer.id)
    facts = OrderFacts(
        seller_id=customer.seller_id,
        customer_id=customer.id,
        email=customer.email[:_LONGEST],
        mailbox=customer.mailbox[:_LONGEST],
        name=customer.name[:_LONGEST],
        phone="".join(letter for letter in customer.phone if letter.isdigit() or letter == "+")[:40],
        billing_country=customer.country,
        customer_since=customer.created_at,
        at=clock.business_now(),
        plan=order.plan,
        trial=order.trial,
        amount=seen.amount,
        ip=order.ip[:64] if address_of(order.ip) else "",
        ip_country=seen.country,
        user_agent=seen.user_agent[:_LONGEST],
        mac=_mac(order.mac),
        card=card,
        card_country=card_country,
        device=vault().digests(order.device)[0] if order.device else "",
    )
    return replace(facts, earlier=earlier_orders(session, facts, rules))


def card_of(session: Session, customer_id: int) -> tuple[str, str]:
    """The mark and the country of the card that a customer saved last, or ("", "")."""
    newest = (
        select(PaymentMethod.fingerprint, PaymentMethod.country)
        .where(PaymentMethod.customer_id == customer_id, PaymentMethod.fingerprint != "")
        .order_by(PaymentMethod.id.desc())
    )
    found = session.execute(newest.limit(1)).one_or_none()
    return (found[0], found[1]) if found is not None else ("", "")


def earlier_orders(session: Session, facts: OrderFacts, rules: FraudRules, *, but: int = 0) -> EarlierOrders:
    """Counted in one statement; plans that were ordered together are one order. `but` is a case of the order itself."""
    since = facts.at - timedelta(hours=rules.window_hours)
    itself = func.coalesce(select(FraudCase.document_id).where(FraudCase.id == but).scalar_subquery(), 0)
    others = FraudCase.id != but, or_(FraudCase.document_id.is_(None), FraudCase.document_id != itself)
    counted_once = func.count(func.coalesce(FraudCase.document_id, -FraudCase.id).distinct())

    def recent(column: InstrumentedAttribute[str], value: str) -> ColumnElement[int]:
        shop = FraudCase.seller_id == facts.seller_id, FraudCase.ordered_at > since, *others
        counted = select(counted_once).where(*shop, column == value, column != "")
        return counted.scalar_subquery()

    own = select(counted_once).where(FraudCase.customer_id == facts.customer_id, *others)
    paid = select(func.count()).where(
        Document.customer_id == facts.customer_id,
        Document.kind == "invoice",
        Document.state == "paid",
        Document.total_minor > 0,
    )
    row = session.execute(
        select(
            own.scalar_subquery(),
            paid.scalar_subquery(),
            own.where(FraudCase.state == CaseState.REVIEW.value).scalar_subquery(),
            recent(FraudCase.address, address_of(facts.ip)),
            recent(FraudCase.network, network_of(facts.ip)),
            recent(FraudCase.mailbox, facts.mailbox),
            recent(FraudCase.card, facts.card),
            recent(FraudCase.phone, facts.phone),
            recent(FraudCase.mac, facts.mac),
        )
    ).one()
    return EarlierOrders(*(int(count) for count in row))


def with_files(facts: OrderFacts, config: Config) -> tuple[OrderFacts, str]:
    """The facts with what the operator's files say of the address, and what is wrong with a file."""
    troubles = []
    country, hosted = facts.ip_country, facts.hosted
    try:
        if config.country_file and not country:
            country = country_in(config.country_file, facts.ip)
    except InvalidInput as wrong:
        troubles.append(wrong.why)
    try:
        if config.hosting_file and facts.ip:
            hosted = is_listed(config.hosting_file, facts.ip)
    except InvalidInput as wrong:
        troubles.append(wrong.why)
    return replace(facts, ip_country=country, hosted=hosted), "; ".join(troubles)


def entries_of(session: Session, seller_id: int) -> tuple[Entry, ...]:
    """What stands on the seller's lists now."""
    holds = or_(FraudEntry.ends_at.is_(None), FraudEntry.ends_at > clock.business_now())
    rows = session.scalars(select(FraudEntry).where(FraudEntry.seller_id == seller_id, holds).order_by(FraudEntry.id))
    return tuple(Entry(row.kind, row.value, row.allows, row.ends_at) for row in rows)


def _mac(typed: str) -> str:
    try:
        return parse_mac(typed) if typed.strip() else ""
    except InvalidInput:
        return ""  # the order itself is refused for it
