"""Customers: found by whatever they say on the phone, and one page with all that is theirs."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import BigInteger, ColumnElement, SQLColumnExpression, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from billhead.actions.credits._history import credit_history
from billhead.actions.credits._lending import lent_to
from billhead.actions.credits._top_up import terms_of
from billhead.actions.subscriptions._by_hand import renewed_by_hand
from billhead.actions.support._seen import seen_tickets
from billhead.db import reading
from billhead.domain.countries import COUNTRIES
from billhead.domain.money import Money
from billhead.domain.subscription import RUNNING, State
from billhead.models.catalogue import Plan
from billhead.models.credits import CustomerCredit, CustomerWallet
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.payments import GatewayAccount, Payment, PaymentMethod, Refund
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import Ticket, TicketMessage
from billhead.plugin import allow
from billhead.web.admin.area import admin, trail_of
from billhead.web.admin.columns import Column, code, country, instant, number, state, text, through
from billhead.web.admin.customer_notes import with_notes
from billhead.web.admin.customer_tax import checks_of
from billhead.web.admin.debts import top_up_told
from billhead.web.admin.listing import Choice, Listing, Pick, Sort
from billhead.web.admin.services import SERVICE_COLUMNS, is_line
from billhead.web.admin.standing import standing_of
from billhead.web.formatting import money
from billhead.web.pages import page
from billhead.web.places import country_name
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__ = ["CUSTOMERS", "customer", "customers"]

_SHOWN = 10


def _matching(typed: str) -> ColumnElement[bool]:
    """Name, e-mail, also of a login, our or their reference; or one of their lines."""
    owners = select(Subscription.customer_id)
    return or_(
        Customer.name.icontains(typed, autoescape=True),
        Customer.email.icontains(typed, autoescape=True),
        Customer.external_ref == typed,
        Customer.id.in_(select(User.customer_id).where(User.email == typed.lower(), User.customer_id.is_not(None))),
        Customer.id.in_(owners.where(Subscription.external_ref == typed)),
        Customer.id.in_(owners.join(Service, Service.subscription_id == Subscription.id).where(is_line(typed))),
    )


_HERS = Subscription.customer_id == Customer.id
_RUNS = Subscription.state.in_([one.value for one in RUNNING])
_OPEN = (Document.customer_id == Customer.id) & Document.owed()


def _asked(what: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    """Of each customer; the index of its rows answers, for those alone that are shown."""
    return select(what).where(*conditions).correlate(Customer).scalar_subquery()


def _sum(what: SQLColumnExpression[int], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(_asked(func.sum(what), *conditions), 0), BigInteger)  # PostgreSQL sums up to a numeric


_STATE = case(
    (Customer.erased_at.is_not(None), "erased"),
    (exists().where(_HERS, _RUNS).correlate(Customer), "active"),
    (exists().where(_HERS, Subscription.state == State.SUSPENDED.value).correlate(Customer), "suspended"),
    (exists().where(_HERS, Subscription.state == State.PENDING.value).correlate(Customer), "pending"),
    (exists().where(_HERS).correlate(Customer), "ended"),
    else_="new",
)
_OWED = _sum(Document.total_minor - Document.settled_minor, _OPEN)
_LINES = (Service.subscription_id == Subscription.id) & (Service.lifecycle == "wanted") & _RUNS
_ANSWERS = ("yes", "no")


def _yes_or_no(is_so: ColumnElement[bool]) -> ColumnElement[Any]:
    return case((is_so, "yes"), else_="no")


def _owed_value(row: Any) -> str:
    return str(Money(row.owed_minor, row.currency))


CUSTOMERS = Listing(
    name="customers",
    title=marked("Customers"),
    query=select(
        Customer.id,
        Customer.name,
        Customer.email,
        Customer.external_ref,
        Customer.country,
        Customer.currency,
        Customer.reseller_id,
        Reseller.name.label("reseller"),
        Customer.created_at,
        _STATE.label("state"),
        _OWED.label("owed_minor"),
        _asked(func.count(Service.id), _HERS, _LINES).label("lines"),
        _asked(func.max(Subscription.paid_through), _HERS, _RUNS).label("paid_through"),
    ).outerjoin(Reseller, Reseller.id == Customer.reseller_id),
    key=Customer.id,
    columns=(
        text(marked("Name"), "name", to="customer"),
        text(marked("E-mail"), "email", css="clip"),
        code(marked("Reference"), "external_ref"),
        country(marked("Country"), "country"),
        state(marked("State"), "state"),
        Column(
            marked("Owed"),
            _owed_value,
            lambda row: money(row.owed_minor, row.currency) if row.owed_minor else "–",
            "num",
        ),
        number(marked("Lines"), "lines"),
        through(marked("Paid until"), "paid_through"),
        text(marked("Reseller"), "reseller", to="reseller", key="reseller_id"),
        instant(marked("Since"), "created_at"),
    ),
    choices=(
        Choice("owes", marked("Owes"), _yes_or_no(exists().where(_OPEN).correlate(Customer)), _ANSWERS),
        Choice("line", marked("Has a line"), _yes_or_no(exists().where(_HERS, _LINES).correlate(Customer)), _ANSWERS),
        Choice("country", marked("Country"), Customer.country, sorted(COUNTRIES), country_name, by_name=True),
    ),
    sorts=(
        Sort("name", marked("Name"), Customer.sought_name.expression),
        Sort("owed", marked("Owed, most first"), -_OWED),
        Sort("since", marked("Since, oldest first"), Customer.created_at.expression),
    ),
    search=_matching,
    search_label=marked("Name, e-mail, reference, MAC or login"),
    narrow={"reseller": Customer.reseller_id},
    picks=(
        Pick(
            "reseller",
            marked("Reseller"),
            select(Reseller.id, Reseller.name, Reseller.code).where(Reseller.removed_on.is_(None)),
        ),
    ),
    empty=marked("Customers sign up in the shop, come with billhead import, or are added here."),
)


_RECEIVED = Payment.customer_id == Customer.id, Payment.currency == Customer.currency, Payment.state == "received"
_GIVEN_BACK = Refund.payment_id == Payment.id, Refund.entry_id.is_not(None), *_RECEIVED
_WALLET = aliased(CustomerWallet, name="wallet")
_FIGURES = (
    select(
        _WALLET,
        Seller,
        _OWED.label("owed"),
        _sum(CustomerCredit.remaining_minor, CustomerCredit.customer_id == Customer.id).label("credit"),
        (_sum(Payment.amount_minor, *_RECEIVED) - _sum(Refund.amount_minor, *_GIVEN_BACK)).label("paid"),
        _asked(func.count(Service.id), _HERS, _LINES).label("lines"),
    )
    .select_from(Customer)
    .join(Seller, Seller.id == Customer.seller_id)
    .outerjoin(_WALLET, _WALLET.customer_id == Customer.id)
)
"""Of one customer, in its currency: what it owes, has as credit and has paid, less what went back; its lines, and its
seller."""


@admin.get("/customers")
@allow("staff")
def customers() -> ResponseReturnValue:
    return CUSTOMERS.answer(
        add=url_for("admin.new_customer"), add_label=say("Add a customer"), add_needs="customers.write"
    )


@admin.get("/customers/<int:key>")
@allow("staff")
def customer(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = (noted := with_notes(session, key)).customer
        shown = _belongings(session, row)
        standing = standing_of(session, row)
    shown |= {"pinned_notes": noted.pinned, "notes": noted.others, "more_notes": noted.more}
    return page("admin/customer.html", customer=row, standing=standing, renewed_by_hand=renewed_by_hand, **shown)


def _belongings(session: Session, row: Customer) -> dict[str, Any]:
    """The newest of everything; the full lists are a link away."""
    customer_id = row.id
    subscriptions = session.execute(
        select(
            Subscription.id,
            Plan.name.label("plan"),
            Subscription.term,
            Subscription.state,
            Subscription.paid_through,
            Subscription.service_ends_on,
            Subscription.collection,
            Subscription.settlement,
            Subscription.timing,
        )
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(Subscription.customer_id == customer_id)
        .order_by(Subscription.id.desc())
        .limit(_SHOWN)
    ).all()
    services = session.execute(
        select(*SERVICE_COLUMNS)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .where(Subscription.customer_id == customer_id)
        .order_by(Service.id.desc())
        .limit(_SHOWN)
    ).all()
    subjects = [f"customer:{customer_id}", *(f"subscription:{one.id}" for one in subscriptions)]
    subjects += [f"service:{one.id}" for one in services]
    figures = session.execute(_FIGURES.where(Customer.id == customer_id)).one()
    wallet = figures.wallet
    credits = _newest(session, CustomerCredit, customer_id)
    return {
        "subscriptions": subscriptions,
        "services": services,
        "documents": _newest(session, Document, customer_id),
        "payments": session.execute(
            select(Payment, GatewayAccount.name.label("account"))
            .join(GatewayAccount, GatewayAccount.id == Payment.account_id)
            .where(Payment.customer_id == customer_id)
            .order_by(Payment.id.desc())
            .limit(_SHOWN)
        ).all(),
        "methods": _methods(session, customer_id),
        "credits": credits,
        "figures": figures,
        "wallet": wallet,
        "top_up": top_up_told(wallet, row.currency),
        "lent": lent_to(session, customer_id) if credits else [],
        "sells_credit": terms_of(figures.Seller, row.currency) is not None,
        "movements": credit_history(session, customer_id)[::-1][:_SHOWN] if credits else [],
        "tickets": _tickets(session, customer_id),
        "notices": _newest(session, Notice, customer_id),
        "checks": checks_of(session, customer_id),
        "trail": trail_of(session, *subjects),
    }


def _methods(session: Session, customer_id: int) -> Sequence[Any]:
    """In the customer's order."""
    return session.execute(
        select(PaymentMethod, GatewayAccount.name.label("account"))
        .join(GatewayAccount, GatewayAccount.id == PaymentMethod.account_id)
        .where(PaymentMethod.customer_id == customer_id, PaymentMethod.token != "")
        .order_by(PaymentMethod.is_default.desc(), PaymentMethod.position, PaymentMethod.id.desc())
        .limit(_SHOWN)
    ).all()


def _tickets(session: Session, customer_id: int) -> Sequence[Any]:
    """Of the departments that this member of staff sees."""
    wanted = (
        Ticket.customer_id == customer_id, Ticket.merged_into_id.is_(None), seen_tickets(session, current_ctx())
    )  # fmt: skip
    return session.execute(
        select(Ticket.id, Ticket.subject, Ticket.state, TicketMessage.at)
        .outerjoin(TicketMessage, TicketMessage.id == Ticket.last_message_id)
        .where(*wanted)
        .order_by(Ticket.last_message_id.desc())
        .limit(_SHOWN)
    ).all()


def _newest(session: Session, kind: Any, customer_id: int) -> list[Any]:
    query = select(kind).where(kind.customer_id == customer_id).order_by(kind.id.desc()).limit(_SHOWN)
    return list(session.scalars(query))
