"""The search of the whole house: exact hits first, a single one is opened at once; else what begins like it.

It asks once for each kind of thing, by columns that have an index; nothing is looked for in the middle of words.
Callers read out the end of a MAC as well: for four digits or more the index of MACs, and no row, is read through.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.actions.support._seen import seen_tickets
from billhead.db import reading
from billhead.domain.address import canonical_mail
from billhead.domain.context import Role
from billhead.domain.creditor_reference import About, references_in
from billhead.domain.errors import InvalidInput
from billhead.domain.mac import mac_parts, parse_mac
from billhead.domain.seeking import dialled, sought
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.coupons import Coupon
from billhead.models.documents import Document
from billhead.models.payments import Payment, PaymentAttempt
from billhead.models.people import Customer, Reseller, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import Ticket
from billhead.plugin import allow
from billhead.web.admin.area import admin, may_open
from billhead.web.admin.order_names import order_number
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__: list[str] = []

_MOST = 8
_READ = 50
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Hit:
    """`gone`: a line that is on its panel no more."""

    title: str
    about: str
    address: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """`more`: there are others that begin like it."""

    title: str
    hits: list[Hit]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """`query` gives id, title, about, and `gone` where something may be; `title` is said where it is shown.
    `exact` and `begins` make conditions of what was typed, None: not by this."""

    title: str
    endpoint: str
    query: Select[*tuple[Any, ...]]
    key: InstrumentedAttribute[int]
    exact: Callable[[str], list[ColumnElement[bool]]]
    begins: Callable[[str], list[ColumnElement[bool]]]


def _begins(column: Any, start: str) -> ColumnElement[bool]:
    """By the index on both databases: SQLite takes a range, PostgreSQL the pattern."""
    return and_(column.startswith(start, autoescape=True), column >= start, column < start + _LAST)


def _by_login(owner: InstrumentedAttribute[int | None], condition: ColumnElement[bool]) -> Select[int | None]:
    """Whose logins: by the index, which begins with the seller, and sellers are few."""
    return select(owner).where(User.seller_id.in_(select(Seller.id)), condition, owner.is_not(None)).limit(_READ)


def _customer_exact(typed: str) -> list[ColumnElement[bool]]:
    digits = dialled(typed)
    found = [Customer.external_ref == typed]
    if words := sought(typed):  # marks alone leave nothing, and most have no company
        found += [Customer.sought_name == words, Customer.sought_company == words]
    if "@" in typed:
        found = [
            Customer.email == typed.lower(),
            Customer.mailbox == canonical_mail(typed),
            Customer.id.in_(_by_login(User.customer_id, User.email == typed.lower())),
        ]
    if _is_phone(typed):
        found += [Customer.sought_phone == digits]
    return found


def _is_phone(typed: str) -> bool:
    return len(dialled(typed)) >= 5 and not set(typed) - set("+0123456789 ()-/.")


def _customer_begins(typed: str) -> list[ColumnElement[bool]]:
    words = sought(typed)
    names = (Customer.sought_name, Customer.sought_last, Customer.sought_company) if words else ()
    found = [_begins(one, words) for one in names]
    found += [_begins(Customer.email, typed.lower())]
    found += [Customer.id.in_(_by_login(User.customer_id, _begins(User.email, typed.lower())))]
    return found + ([_begins(Customer.sought_phone, dialled(typed))] if _is_phone(typed) else [])


def _line_exact(typed: str) -> list[ColumnElement[bool]]:
    found = [Service.login == typed, Service.handle == typed.lower()]
    with suppress(InvalidInput):  # not a MAC
        found.append(Service.mac == parse_mac(typed))
    return found


def _line_begins(typed: str) -> list[ColumnElement[bool]]:
    found = [_begins(Service.login, typed), _begins(Service.mac, typed.upper())]
    if (parts := mac_parts(typed)) is not None:
        begin, end = parts
        found += [_begins(Service.mac, begin), Service.mac.endswith(end)]
    return found


def _subscription_exact(typed: str) -> list[ColumnElement[bool]]:
    number = whole_number(typed, 9)
    return [Subscription.external_ref == typed, *([Subscription.id == number] if number is not None else [])]


def _reseller_exact(typed: str) -> list[ColumnElement[bool]]:
    words = sought(typed)
    found = [Reseller.code == typed.lower(), *([Reseller.sought_name == words] if words else [])]
    if "@" in typed:
        found = [Reseller.id.in_(_by_login(User.reseller_id, User.email == typed.lower()))]
    return found


def _reseller_begins(typed: str) -> list[ColumnElement[bool]]:
    words = sought(typed)
    found = [_begins(Reseller.code, typed.lower()), *([_begins(Reseller.sought_name, words)] if words else [])]
    return [*found, Reseller.id.in_(_by_login(User.reseller_id, _begins(User.email, typed.lower())))]


def _document_exact(typed: str) -> list[ColumnElement[bool]]:
    named = [one.id for one in references_in(typed) if one.about is About.DOCUMENT]
    found = [Document.number_text == typed.upper(), *([Document.id.in_(named)] if named else [])]
    if (number := order_number(typed)) is not None:
        found += [and_(Document.id == number, Document.number_text == "")]
    return found


def _document_begins(typed: str) -> list[ColumnElement[bool]]:
    return [_begins(Document.number_text, typed.upper())] if any(one.isdigit() for one in typed) else []


def _payment_exact(typed: str) -> list[ColumnElement[bool]]:
    return [Payment.provider_ref == typed]


def _attempt_exact(typed: str) -> list[ColumnElement[bool]]:
    named = [one.id for one in references_in(typed) if one.about is About.ATTEMPT]
    return [
        PaymentAttempt.key == typed,
        PaymentAttempt.provider_ref == typed,
        *([PaymentAttempt.id.in_(named)] if named else []),
    ]


def _ticket_exact(typed: str) -> list[ColumnElement[bool]]:
    number = whole_number(typed.removeprefix("#"), 9)
    return [Ticket.id == number] if number is not None else []


def _coupon(condition: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    return [and_(Coupon.seller_id.in_(select(Seller.id)), condition)]


def _staff(condition: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    return [and_(User.seller_id.in_(select(Seller.id)), User.role == Role.STAFF.value, condition)]


def _nothing(_typed: str) -> list[ColumnElement[bool]]:
    return []


KINDS = (
    Kind(
        marked("Customers"),
        "customer",
        select(Customer.id, Customer.name.label("title"), Customer.email.label("about")),
        Customer.id,
        _customer_exact,
        _customer_begins,
    ),
    Kind(
        marked("Lines"),
        "service",
        select(
            Service.id,
            Service.login.label("title"),
            Customer.name.label("about"),
            (Service.lifecycle == "gone").label("gone"),
        )
        .join(Subscription, Subscription.id == Service.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .order_by(Service.lifecycle == "gone"),
        Service.id,
        _line_exact,
        _line_begins,
    ),
    Kind(
        marked("Subscriptions"),
        "subscription",
        select(Subscription.id, Plan.name.label("title"), Customer.name.label("about"))
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == Subscription.plan_id),
        Subscription.id,
        _subscription_exact,
        _nothing,
    ),
    Kind(
        marked("Documents"),
        "document",
        select(Document.id, Document.number_text.label("title"), Customer.name.label("about")).join(
            Customer, Customer.id == Document.customer_id
        ),
        Document.id,
        _document_exact,
        _document_begins,
    ),
    Kind(
        marked("Payments"),
        "payment",
        select(Payment.id, Payment.provider_ref.label("title"), Customer.name.label("about")).join(
            Customer, Customer.id == Payment.customer_id
        ),
        Payment.id,
        _payment_exact,
        _nothing,
    ),
    Kind(
        marked("Attempts"),
        "attempt",
        select(PaymentAttempt.id, PaymentAttempt.provider_ref.label("title"), Customer.name.label("about")).join(
            Customer, Customer.id == PaymentAttempt.customer_id
        ),
        PaymentAttempt.id,
        _attempt_exact,
        _nothing,
    ),
    Kind(
        marked("Resellers"),
        "reseller",
        select(Reseller.id, Reseller.name.label("title"), Reseller.code.label("about")).where(
            Reseller.removed_on.is_(None)
        ),
        Reseller.id,
        _reseller_exact,
        _reseller_begins,
    ),
    Kind(
        marked("Tickets"),
        "ticket",
        select(Ticket.id, Ticket.subject.label("title"), Customer.name.label("about")).join(
            Customer, Customer.id == Ticket.customer_id
        ),
        Ticket.id,
        _ticket_exact,
        _nothing,
    ),
    Kind(
        marked("Coupons"),
        "coupon",
        select(Coupon.id, Coupon.code.label("title"), Coupon.name.label("about")),
        Coupon.id,
        lambda typed: _coupon(Coupon.code == typed.upper()),
        lambda typed: _coupon(_begins(Coupon.code, typed.upper())),
    ),
    Kind(
        marked("Staff"),
        "staff_member",
        select(User.id, User.email.label("title"), literal("").label("about")),
        User.id,
        lambda typed: _staff(User.email == typed.lower()),
        lambda typed: _staff(_begins(User.email, typed.lower())),
    ),
)


@admin.get("/find")
@allow("staff")
def find() -> ResponseReturnValue:
    typed = " ".join(request.args.get("q", "").split())[:200]
    groups: list[Group] = []
    exact = False
    if typed:
        with reading() as session:
            groups = list(_found(session, typed, exact=True))
            exact = bool(groups)
            if not exact and len(typed) > 1:
                groups = list(_found(session, typed, exact=False))
    hits = [hit for group in groups for hit in group.hits]
    here = [hit for hit in hits if not hit.gone] or hits  # a line that was moved has left its former places behind
    if exact and len(here) == 1:
        return redirect(here[0].address, 303)
    return page("admin/find.html", typed=typed, groups=groups, exact=exact)


def _found(session: Session, typed: str, *, exact: bool) -> Iterator[Group]:
    for kind in KINDS:
        if not may_open(kind.endpoint):
            continue
        conditions = kind.exact(typed) if exact else kind.begins(typed)
        if not conditions:
            continue
        query = kind.query.where(kind.key.in_(_each(kind, conditions)))
        if kind.endpoint == "ticket":
            query = query.where(seen_tickets(session, current_ctx()))
        query = query.order_by(kind.key.desc()).limit(_MOST + 1)
        rows = session.execute(query).all()
        if rows:
            hits = [
                Hit(
                    row.title or _unnamed(kind, row.id),
                    row.about or "",
                    url_for(f"admin.{kind.endpoint}", key=row.id),
                    bool(getattr(row, "gone", False)),
                )
                for row in rows[:_MOST]
            ]
            yield Group(kind.title, hits, len(rows) > _MOST)


def _unnamed(kind: Kind, key: int) -> str:
    if kind.endpoint == "document":
        return say("Order %(number)s", number=key)
    return say("No. %(number)s", number=key)


def _each(kind: Kind, conditions: list[ColumnElement[bool]]) -> CompoundSelect[int]:
    """Ids by one condition after the other, each by its own index; an OR of them might walk through the table."""
    found = (select(kind.key).where(one).limit(_READ).subquery() for one in conditions)
    return union_all(*(select(one.c[0]) for one in found))
