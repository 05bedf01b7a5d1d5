"""What coupons have brought and cost: how often they were redeemed, what they took off, what was billed beside."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import distinct, func, select

from billhead.domain.money import Money
from billhead.models.coupons import Coupon, CouponRedemption, CouponUse
from billhead.models.documents import Document
from billhead.plugin import Report, ReportAsked, ReportColumn
from billhead.reports._parameters import CURRENCY, FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    keys = Coupon.code, Coupon.name, Document.currency
    query = (
        select(
            *keys,
            func.count(distinct(CouponUse.redemption_id)),
            func.count(distinct(Document.id)),
            func.sum(CouponUse.discount_minor),
            func.sum(Document.net_minor),
        )
        .join(CouponRedemption, CouponRedemption.id == CouponUse.redemption_id)
        .join(Coupon, Coupon.id == CouponRedemption.coupon_id)
        .join(Document, Document.id == CouponUse.document_id)
        .where(Document.kind == "invoice", Document.state != "void", Document.issued_on < asked.until)
        .group_by(*keys)
        .order_by(Coupon.code, Document.currency)
        .execution_options(yield_per=BATCH)
    )
    if asked["from"] is not None:
        query = query.where(Document.issued_on >= asked["from"])
    if asked["seller"] is not None:
        query = query.where(Coupon.seller_id == asked["seller"])
    if asked["currency"] is not None:
        query = query.where(Document.currency == asked["currency"])
    for code, name, currency, who, documents, off, net in source.session.execute(query):
        yield code, name, who, documents, Money(int(off), currency), Money(int(net), currency)


REPORT = Report(
    code="coupons",
    title=marked("Coupons"),
    description=marked(
        "By coupon: who used it, on how many invoices, what it took off them, and what was billed on them."
    ),
    group=marked("Sales"),
    parameters=(FROM_MONTH, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("code", marked("Code")),
        ReportColumn("name", marked("Name")),
        ReportColumn("subscriptions", marked("Subscriptions"), "count", total=True),
        ReportColumn("invoices", marked("Invoices"), "count", total=True),
        ReportColumn("discount", marked("Taken off"), "money", total=True),
        ReportColumn("net", marked("Billed, net"), "money", total=True),
    ),
    rows=_rows,
)
