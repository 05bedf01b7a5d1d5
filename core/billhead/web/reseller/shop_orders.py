"""Orders of the shop and its documents, as lists and as CSV."""

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, case, or_, select

from billhead.actions.shops.try_again import try_again
from billhead.actions.subscriptions._order_steps import ordered_plan
from billhead.db import reading, writing
from billhead.domain.document import Kind
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.money import Money
from billhead.domain.seeking import sought
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.errors import refusal
from billhead.web.paging import page_of
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import in_credits, own_id, reseller
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.reseller.shop_papers import waiting_proofs
from billhead.web.speaking import marked, say, speech

__all__: list[str] = []

_BATCH = 500
_PAID = case((Document.kind == Kind.CREDIT_NOTE.value, -Document.total_minor), else_=Document.total_minor)
_STATES = (marked("waiting"), marked("held"), marked("supplied"), marked("refused"), marked("dropped"))
"""Of an order's credits; `badge` says them in the language of the page."""


@reseller.get("/shop/orders")
@allow("reseller", "super_reseller")
def shop_orders() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        query, typed = _orders(own.seller.id), request.args.get("q", "").strip()[:200]
        query = query.where(_named(typed)) if typed else query
        if request.args.get("format") == "csv":
            heads = [say(head) for head in ("Number", "Customer", "Plan", "until", "Credits", "State", "Why")]
            return csv_response("shop-orders", heads, _order_lines(query))
        rows = page_of(session, query, ShopSupply.id, whole_rows=True)
        as_csv = url_for("reseller.shop_orders", q=typed or None, format="csv")
        return shop_page(session, "shop_orders", own, rows=rows, as_csv=as_csv, typed=typed)


@reseller.post("/shop/orders/<int:supply_id>/try-again")
@allow("reseller", "super_reseller")
def try_shop_order_again(supply_id: int) -> ResponseReturnValue:
    try:
        with writing(submit_ctx()) as tx:
            try_again(tx, own_id(), supply_id)
    except NotFound:
        raise
    except BillheadError as refused:
        flash(refusal(refused)[0], "bad")
    return redirect(url_for("reseller.shop_orders"), 303)


@reseller.get("/shop/documents")
@allow("reseller", "super_reseller")
def shop_documents() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        query = (
            select(Document.id, Document.kind, Document.number_text, Document.issued_on, Document.state,
                   Document.total_minor, Document.settled_minor, Document.currency, Customer.name,
                   waiting_proofs(Document.id).exists().label("shown"))
            .join(Customer, Customer.id == Document.customer_id)
            .where(Document.seller_id == own.seller.id)
        )  # fmt: skip
        if typed := request.args.get("q", "").strip()[:200]:
            query = query.where(_named(typed))
        if request.args.get("format") == "csv":
            heads = [say(head) for head in ("Number", "Date", "Customer", "State", "Total", "Paid")]
            return csv_response("shop-documents", heads, _document_lines(query))
        rows = page_of(session, query, Document.id, whole_rows=True)
        as_csv = url_for("reseller.shop_documents", q=typed or None, format="csv")
        return shop_page(session, "shop_documents", own, rows=rows, as_csv=as_csv, typed=typed)


def _named(typed: str) -> ColumnElement[bool]:
    """By a part of the number or of the customer's name or address."""
    parts = [one.icontains(typed, autoescape=True) for one in (Document.number_text, Customer.email)]
    if words := sought(typed):
        parts.append(Customer.sought_name.contains(words, autoescape=True))
    if (number := whole_number(typed, 9)) is not None:  # of what has no number yet
        parts.append(Document.id == number)
    return or_(*parts)


def _orders(seller_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(ShopSupply.id, ShopSupply.created_at, ShopSupply.until, ShopSupply.credits_minor, ShopSupply.state,
               ShopSupply.why, ShopSupply.changes, ShopSupply.subscription_id, Customer.name, Plan.name.label("plan"),
               Document.number_text, _PAID.label("paid_minor"), Document.currency)
        .join(Subscription, Subscription.id == ShopSupply.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Document, Document.id == ShopSupply.document_id)
        .join(Plan, Plan.id == ordered_plan(Document.id))
        .where(ShopSupply.seller_id == seller_id)
    )  # fmt: skip


def _order_lines(query: Select[*tuple[Any, ...]]) -> Iterator[list[Any]]:
    words = speech()
    for row in _all(query, ShopSupply.id):
        taken = in_credits(row.credits_minor) if row.credits_minor is not None else ""
        plan = say("%(plan)s, changed", plan=row.plan) if row.changes else row.plan
        yield [row.number_text or row.id, row.name, plan, row.until, taken, row.state, words.refusal(row.why)]


def _document_lines(query: Select[*tuple[Any, ...]]) -> Iterator[list[Any]]:
    for row in _all(query, Document.id):
        total, paid = (Money(minor, row.currency) for minor in (row.total_minor, row.settled_minor))
        yield [row.number_text or row.id, row.issued_on, row.name, row.state, str(total), str(paid)]


def _all(query: Select[*tuple[Any, ...]], key: Any) -> Iterator[Any]:
    with reading() as session:
        yield from session.execute(query.order_by(key).execution_options(yield_per=_BATCH))
