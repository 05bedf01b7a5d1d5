"""Who bought credit packages: when, how many credits, and what was paid."""

from collections.abc import Sequence
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from billhead.domain.document import ProformaState
from billhead.domain.money import CREDITS, Money, Rounding, round_ratio
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.documents import Document
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import ResellerOrder
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.columns import Column, amount, instant, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.formatting import money
from billhead.web.speaking import marked

__all__ = ["PACKAGE_ORDERS", "a_credit", "newest_orders"]

_SHOWN = 10
_STATES = ("paid", "taken_back", "unpaid", "void", "expired")
_STATE = case(
    (ResellerOrder.state == "given", "paid"),
    (ResellerOrder.state == "taken_back", "taken_back"),
    (Document.state == ProformaState.OPEN.value, "unpaid"),
    else_=Document.state,
)
_ORDERS = (
    select(
        ResellerOrder.id,
        ResellerOrder.created_at,
        ResellerOrder.plan_id,
        ResellerOrder.document_id,
        ResellerOrder.credits_minor,
        Plan.name.label("plan"),
        Reseller.id.label("reseller_id"),
        Reseller.name.label("reseller"),
        Document.currency,
        Document.net_minor,
        Document.total_minor,
        case((Document.kind == "proforma", 0), else_=Document.settled_minor).label("paid_minor"),
        _STATE.label("state"),
    )
    .join(Document, Document.id == ResellerOrder.document_id)
    .join(Plan, Plan.id == ResellerOrder.plan_id)
    .join(Customer, Customer.id == ResellerOrder.customer_id)
    .outerjoin(Reseller, Reseller.id == Customer.buys_for_reseller_id)
    .where(Plan.kind == "credit_package")
)

PACKAGE_ORDERS = Listing(
    name="package-orders",
    title=marked("Credits that were bought"),
    lead=marked("Orders of credit packages. The credits come when one is paid; unpaid ones wait, or were dropped."),
    query=_ORDERS,
    key=ResellerOrder.id,
    columns=(
        instant(marked("Ordered"), "created_at"),
        text(marked("Reseller"), "reseller", to="reseller", key="reseller_id"),
        text(marked("Package"), "plan", to="plan", key="plan_id"),
        Column(
            marked("Credits"),
            lambda row: f"{Money(row.credits_minor, CREDITS).decimal():f}",
            lambda row: money(row.credits_minor, CREDITS),
            "num",
        ),
        amount(marked("Without tax"), "net_minor"),
        amount(marked("To be paid"), "total_minor"),
        amount(marked("Paid"), "paid_minor"),
        state(marked("State"), "state"),
        text(marked("Document"), "document_id", to="document", key="document_id"),
    ),
    choices=(Choice("state", marked("State"), _STATE, _STATES),),
    narrow={"plan": ResellerOrder.plan_id, "reseller": Customer.buys_for_reseller_id},
    empty=marked("Nobody has ordered one yet."),
)


@admin.get("/package-orders")
@allow("staff")
def package_orders() -> ResponseReturnValue:
    """`?plan=7`: of one package."""
    return PACKAGE_ORDERS.answer()


def newest_orders(session: Session, plan_id: int) -> tuple[Sequence[Any], bool]:
    """Of one package, and whether there are more."""
    rows = session.execute(
        _ORDERS.where(ResellerOrder.plan_id == plan_id).order_by(ResellerOrder.id.desc()).limit(_SHOWN + 1)
    ).all()
    return rows[:_SHOWN], len(rows) > _SHOWN


def a_credit(price: Price, book: PriceBook, credits_minor: int) -> str:
    """What one credit of a package comes to, to the currency's smallest coin."""
    return money(round_ratio(price.amount_minor * 100, credits_minor, Rounding.HALF_UP), book.currency)
