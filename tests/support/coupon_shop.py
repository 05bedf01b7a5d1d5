"""Coupons in the shop of `billing_shop`: made, entered with an order, paid."""

from datetime import UTC, datetime

import pytest
from billing_shop import SYSTEM

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.subscriptions.start import AddOnOrder, Order, start_subscription
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.models.coupons import Coupon, CouponRedemption
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription


def make(shop, code, kind="percent", **more):
    with writing(SYSTEM) as tx:
        return create_coupon(tx, shop.seller_id, NewCoupon(code, kind, **more)).coupon_id


def order(shop, customer, *codes, plan="tv", term="1 month", addons=()):
    """(subscription, proforma or invoice)."""
    with writing(SYSTEM) as tx:
        wanted = tuple(AddOnOrder(addon) for addon in addons)
        started = start_subscription(tx, Order(customer, plan, term, wanted, coupons=codes))
        return started.subscription_id, started.document_id


def refusal(shop, customer, *codes, **more):
    with pytest.raises(InvalidInput) as refused:
        order(shop, customer, *codes, **more)
    assert refused.value.field == "coupon"
    return refused.value.why


def paid(shop, document_id, at="2026-11-01"):
    """Settle a proforma on that day and count it as paid; returns the invoice. What cost nothing is one already."""
    if shop.get(Document, document_id).kind == "invoice":
        return document_id
    with clock.business_time(datetime.fromisoformat(at).replace(hour=12, tzinfo=UTC)), writing(SYSTEM) as tx:
        invoice_id = settle_proforma(tx, document_id)
    invoice = shop.get(Document, invoice_id)
    billed = shop.get(Subscription, invoice.subscription_id).billed_through
    shop.change(Subscription, invoice.subscription_id, paid_through=billed)
    return invoice_id


def lines(shop, document_id):
    """(net after discount, discount, by which code) of each line."""
    with reading() as session:
        rows = session.query(DocumentLine).filter_by(document_id=document_id).order_by(DocumentLine.position)
        return [(row.net_minor, row.discount_minor, row.discount_code) for row in rows]


def standing(shop, subscription):
    """(state, cycles left, balance left, given) of each coupon of the subscription."""
    rows = shop.all(CouponRedemption, CouponRedemption.subscription_id == subscription)
    return [(row.state, row.cycles_left, row.balance_minor, row.given_minor) for row in rows]


def used(shop, coupon_id):
    return shop.get(Coupon, coupon_id).used
