"""Subscriptions that the billing run could not bill, with the reason; the next run tries them again by itself."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from billhead.models.catalogue import Plan
from billhead.models.documents import FailedItem
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.columns import Column, instant, number, text
from billhead.web.admin.listing import Listing
from billhead.web.speaking import marked, say

__all__ = ["UNBILLED"]


def _again(row: Any) -> Markup:
    address = url_for("admin.bill_again", key=row.subscription_id)
    return Markup('<a class="btn btn-outline btn-small" href="{}" data-ask>{}</a>').format(address, say("Try again"))


UNBILLED = Listing(
    name="not-billed",
    title=marked("Not billed"),
    lead=marked("The next billing run tries these again and clears what works."),
    query=select(
        FailedItem.subscription_id,
        Subscription.customer_id,
        Customer.name.label("customer"),
        Plan.name.label("plan"),
        FailedItem.plugin,
        FailedItem.error,
        FailedItem.tries,
        FailedItem.at,
    )
    .join(Subscription, Subscription.id == FailedItem.subscription_id)
    .join(Customer, Customer.id == Subscription.customer_id)
    .join(Plan, Plan.id == Subscription.plan_id),
    key=FailedItem.subscription_id,
    columns=(
        text(marked("Subscription"), "subscription_id", to="subscription", key="subscription_id"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Plan"), "plan"),
        text(marked("Plugin"), "plugin"),
        text(marked("Why"), "error", css="why"),
        number(marked("Tries"), "tries"),
        instant(marked("Last"), "at"),
        Column("", lambda row: "", _again),
    ),
    empty=marked("Every subscription that was due could be billed."),
)


@admin.get("/not-billed")
@allow("staff")
def unbilled() -> ResponseReturnValue:
    return UNBILLED.answer()
