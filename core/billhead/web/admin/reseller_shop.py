"""A reseller's own shop, for staff: opened, closed, paid by which gateways, reached by which names; and all orders."""

from dataclasses import replace
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import func, select
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.resellers._rights import effective_rights
from billhead.actions.shops._addresses import address_of, at_path
from billhead.actions.shops._own import customer_of, shop_of
from billhead.actions.shops.allow_gateways import allow_gateways
from billhead.actions.shops.close_shop import close_shop, preview_close_shop
from billhead.actions.shops.confirm_host import confirm_host
from billhead.actions.shops.drop_host import drop_host, preview_drop_host
from billhead.actions.shops.open_shop import NewShop, open_shop
from billhead.actions.shops.reopen_shop import reopen_shop
from billhead.actions.shops.try_again import try_again
from billhead.actions.subscriptions._order_steps import ordered_plan
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller
from billhead.models.shops import ShopHost, ShopSupply
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, badge, instant, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.previewing import PreviewForm, previewed
from billhead.web.admin.reseller_forms import about_reseller, one_reseller
from billhead.web.errors import refusal
from billhead.web.formatting import money
from billhead.web.forms import stripped, ticked
from billhead.web.offered import offered
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["SHOP_ORDERS"]

_NEEDS = "resellers.write"


def _plainly(row: Any) -> str:
    return "" if row.credits_minor is None else f"{Money(row.credits_minor, CREDITS).decimal():f}"


def _taken(row: Any) -> str:
    return money(row.credits_minor, CREDITS) if row.credits_minor is not None else "–"


def _state(row: Any) -> Markup:
    if row.state != "refused" or not submit_ctx().may(_NEEDS):
        return badge(row.state)
    to = url_for("admin.try_shop_order_again", key=row.id)
    return Markup('{} <a href="{}" data-ask>{}</a>').format(badge(row.state), to, say("Try again"))


SHOP_ORDERS = Listing(
    name="shop-orders",
    title=marked("Orders of resellers' shops"),
    lead=marked("What customers have paid for, and the reseller's credits for it. Nothing is made without them."),
    query=select(
        ShopSupply.id,
        ShopSupply.created_at,
        ShopSupply.state,
        ShopSupply.why,
        ShopSupply.until,
        ShopSupply.credits_minor,
        ShopSupply.subscription_id,
        ShopSupply.document_id,
        ShopSupply.reseller_id,
        Seller.name.label("shop"),
        Customer.name.label("customer"),
        Plan.name.label("plan"),
    )
    .join(Seller, Seller.id == ShopSupply.seller_id)
    .join(Subscription, Subscription.id == ShopSupply.subscription_id)
    .join(Customer, Customer.id == Subscription.customer_id)
    .join(Plan, Plan.id == ordered_plan(ShopSupply.document_id)),
    key=ShopSupply.id,
    columns=(
        text(marked("No."), "id"),
        instant(marked("Paid"), "created_at"),
        text(marked("Shop"), "shop", to="reseller_shop", key="reseller_id"),
        text(marked("Customer"), "customer", to="subscription", key="subscription_id"),
        text(marked("Plan"), "plan"),
        Column(marked("Credits"), _plainly, _taken),
        Column(marked("State"), lambda row: row.state, _state),
        text(marked("Why"), "why"),
        text(marked("Document"), "document_id", to="document", key="document_id"),
    ),
    choices=(
        Choice("state", marked("State"), ShopSupply.state, ("waiting", "held", "supplied", "refused", "dropped")),
    ),
    narrow={"reseller": lambda one: ShopSupply.reseller_id == one},
    empty=marked("No reseller's shop has sold anything yet."),
)  # fmt: skip


class OpenForm(ReasonForm):
    code = StringField(
        later("Code"), filters=[stripped], validators=[DataRequired(later("It is the shop's path.")), Length(max=40)],
        description=later("Small letters, digits and -: the shop is at /shop/code. It stays as it is."),
    )  # fmt: skip
    name = StringField(
        later("Name"), filters=[stripped], validators=[Length(max=140)], description=later("Empty: the reseller's.")
    )
    mail_from = StringField(
        later("Mail from"),
        filters=[stripped],
        validators=[Length(max=200)],
        description=later("Empty: the reseller's address."),
    )
    currency = StringField(
        later("Currency"), filters=[stripped], validators=[Length(max=3)], description=later("Empty: it pays in.")
    )
    gateways = ticked(
        later("May be paid by"),
        later(
            "The reseller enters its own accounts there: the money is its own, and where a person confirms it, such "
            "as a bank transfer, that person is the reseller."
        ),
    )


class GatewaysForm(ReasonForm):
    gateways = ticked(later("May be paid by"), later("An account at one that goes is offered no more."))


@admin.get("/shop-orders")
@allow("staff")
def shop_orders() -> ResponseReturnValue:
    return SHOP_ORDERS.answer()


@admin.route("/shop-orders/<int:key>/try-again", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def try_shop_order_again(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = session.get(ShopSupply, key)
    if row is None:
        raise NotFound("order", key)
    lead = say(
        "Its panel refused it: %(why)s. It takes its credits and is made once more, if that has been mended.",
        why=row.why,
    )

    def act(ctx: Context, _filled: ReasonForm) -> str:
        with writing(ctx) as tx:
            try_again(tx, row.reseller_id, key)
        return say("It is tried again.")

    back = url_for("admin.shop_orders")
    return asked(
        Question(say("Try order %(key)s again", key=key), lead, say("Try again"), back, danger=False), ReasonForm(), act
    )


@admin.get("/resellers/<int:key>/shop")
@allow("staff")
def reseller_shop(key: int) -> ResponseReturnValue:
    row = one_reseller(key)
    with reading() as session:
        own = shop_of(session, key)
        if own is None:
            allowed = effective_rights(session, key).own_shop
            return page("admin/reseller_shop.html", reseller=row, own=None, allowed=allowed)
        seller_id = own.seller.id
        counted = select(ShopSupply.state, func.count().label("number")).where(ShopSupply.seller_id == seller_id)
        shown = {
            "address": address_of(session, seller_id),
            "path": at_path(own.seller.code),
            "hosts": session.scalars(
                select(ShopHost).where(ShopHost.seller_id == seller_id).order_by(ShopHost.id)
            ).all(),
            "accounts": session.scalars(
                select(GatewayAccount).where(GatewayAccount.seller_id == seller_id).order_by(GatewayAccount.position)
            ).all(),
            "gateways": dict(offered("payment_gateways")),
            "customers": session.scalar(select(func.count()).where(Customer.seller_id == seller_id)),
            "orders": {one.state: one.number for one in session.execute(counted.group_by(ShopSupply.state))},
        }
    return page("admin/reseller_shop.html", reseller=row, own=own, **shown)


@admin.route("/resellers/<int:key>/shop/open", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def open_reseller_shop(key: int) -> ResponseReturnValue:
    row = one_reseller(key)
    with reading() as session:
        own = customer_of(session, row)
        if not effective_rights(session, key).own_shop:  # no form that is refused when it is filled in
            return redirect(url_for("admin.reseller_shop", key=key), 303)
    form = OpenForm(code=row.code.replace("_", "-"), currency=own.currency)
    form.gateways.choices = offered("payment_gateways")

    def act(ctx: Context, filled: OpenForm) -> str:
        told = NewShop(
            filled.code.data or "",
            filled.name.data or "",
            filled.mail_from.data or "",
            currency=(filled.currency.data or "").upper(),
            gateways=tuple(filled.gateways.data or ()),
        )
        with writing(ctx) as tx:
            open_shop(tx, key, told)
        return say("The shop is there. The reseller sets its prices, its looks and its accounts.")

    lead = say(
        "A seller of its own: name, numbers, prices, mail and money. Its plans are yours; what it sells takes credits."
    )
    return asked(_about(row, say("A shop of its own"), lead, say("Open the shop")), form, act)


@admin.route("/resellers/<int:key>/shop/gateways", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def reseller_shop_gateways(key: int) -> ResponseReturnValue:
    row = one_reseller(key)
    with reading() as session:
        own = shop_of(session, key)
    has = list(own.shop.gateways) if own else []
    form = GatewaysForm(gateways=has)
    form.gateways.choices = offered("payment_gateways")

    def act(ctx: Context, filled: GatewaysForm) -> str:
        with writing(ctx) as tx:
            done = allow_gateways(tx, key, tuple(filled.gateways.data or ()))
        return say_count(
            "Saved; %(count)s account is offered no more.",
            "Saved; %(count)s accounts are offered no more.",
            done.switched_off,
        )

    return asked(
        _about(row, say("How its shop is paid"), say("What was begun is still settled."), say("Save")), form, act
    )


@admin.route("/resellers/<int:key>/shop/close", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def close_reseller_shop(key: int) -> ResponseReturnValue:
    row = one_reseller(key)

    def act(tx: Tx) -> Any:
        seen = preview_close_shop(tx, key)
        close_shop(tx, key)
        return seen

    lead = say("Nobody signs up and nothing new is sold. Who is there keeps what they have, pays and renews.")
    return previewed(
        _about(row, say("Close its shop"), lead, say("Close the shop")),
        PreviewForm(),
        act,
        lambda seen: [
            (say("Customers who stay"), str(seen.customers)),
            (say("Subscriptions that run on"), str(seen.running)),
            (say("Documents that may still be paid"), str(seen.unpaid)),
            (say("Paid orders that wait for credits"), str(seen.waiting)),
        ],
        lambda _ctx, _seen: say("The shop is closed."),
    )


@admin.post("/resellers/<int:key>/shop/reopen")
@allow("staff", permission=_NEEDS)
def reopen_reseller_shop(key: int) -> ResponseReturnValue:
    return _done(key, lambda tx: reopen_shop(tx, key), say("The shop is open again."))


@admin.post("/resellers/<int:key>/shop/hosts/<int:host_id>/confirm")
@allow("staff", permission=_NEEDS)
def confirm_shop_host(key: int, host_id: int) -> ResponseReturnValue:
    return _done(key, lambda tx: confirm_host(tx, host_id), say("The shop answers there now."))


@admin.route("/resellers/<int:key>/shop/hosts/<int:host_id>/drop", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def drop_shop_host(key: int, host_id: int) -> ResponseReturnValue:
    with reading() as session:
        told = preview_drop_host(Tx(current_ctx(), session), key, host_id)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            drop_host(tx, key, host_id)
        return say("Removed.")

    if told.served:
        text = say(
            "The shop answers at %(host)s no more, and links to it in mails and on documents that were sent end. New "
            "mails and documents lead to %(home)s from then on.",
            host=told.host,
            home=told.home,
        )
    else:
        text = say("%(host)s was never confirmed: the shop does not answer there, and no link ends.", host=told.host)
    back = url_for("admin.reseller_shop", key=key)
    return asked(Question(say("Remove this name?"), text, say("Remove"), back), ReasonForm(), act)


def _done(key: int, act: Any, told: str) -> ResponseReturnValue:
    one_reseller(key)
    try:
        with writing(submit_ctx()) as tx:
            act(tx)
    except BillheadError as refused:
        flash(refusal(refused)[0], "bad")
    else:
        flash(told, "good")
    return redirect(url_for("admin.reseller_shop", key=key), 303)


def _about(row: Reseller, title: str, lead: str, button: str) -> Any:
    return replace(about_reseller(row, title, lead, button), back=url_for("admin.reseller_shop", key=row.id))
