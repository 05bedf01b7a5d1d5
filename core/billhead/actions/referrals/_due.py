"""The referrals about which there is something to do, and what makes a payment count."""

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.domain.document import Kind, State
from billhead.domain.referral import ReferralState, rules_from
from billhead.models.credits import CustomerCredit, LentCredit
from billhead.models.documents import Allocation, Document
from billhead.models.referrals import Referral
from billhead.models.sellers import Seller

__all__ = ["due_referrals", "stands_now"]

_BATCH = 200


def due_referrals(session: Session, after_id: int = 0) -> list[int]:
    """The next of those about which there is something to do, by id. What is off waits, and loses nothing."""
    on = [one.id for one in session.scalars(select(Seller)) if rules_from(one.referrals).on]
    paid = exists().where(Document.customer_id == Referral.customer_id, stands_now())
    still = exists().where(Document.id == Referral.document_id, stands_now())
    waits = and_(
        Referral.state == ReferralState.WAITING.value,
        Referral.seller_id.in_(on),
        or_(and_(Referral.due_on.is_(None), paid), Referral.due_on <= clock.latest_today()),
    )
    since = (clock.business_now() - clock.WIDEST_OFFSET).date()  # nobody's day is earlier
    went_back = and_(Referral.state == ReferralState.EARNED.value, Referral.due_on >= since, ~still)
    query = select(Referral.id).where(Referral.id > after_id, or_(waits, went_back))
    return list(session.scalars(query.order_by(Referral.id).limit(_BATCH)))


def stands_now() -> ColumnElement[bool]:
    """An invoice that is paid, at least half of it by money: gifts alone bring no reward, nor does credit that nobody
    has paid yet, and a refund or a chargeback takes the money off it again."""
    lent = CustomerCredit.id.in_(select(LentCredit.lot_id).where(LentCredit.state == "open"))
    by_money = or_(Allocation.payment_id.is_not(None), and_(CustomerCredit.kind == "bought", ~lent))
    money = (
        select(func.coalesce(func.sum(Allocation.amount_minor), 0))
        .outerjoin(CustomerCredit, CustomerCredit.id == Allocation.customer_credit_id)
        .where(Allocation.document_id == Document.id, by_money)
        .correlate(Document)
        .scalar_subquery()
    )
    return and_(
        Document.kind == Kind.INVOICE.value,
        Document.state == State.PAID.value,
        Document.total_minor > 0,
        2 * money >= Document.total_minor,
    )
