"""What becomes of a referral: both get their credit when the friend's first payment has stood, or nobody does."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.credits._lots import take_off
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.referrals._due import stands_now
from billhead.actions.referrals._known import why_not
from billhead.actions.referrals._refer import rules_for
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.domain.money import Money
from billhead.domain.referral import ReferralRules, ReferralState, rules_from
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document
from billhead.models.people import Customer
from billhead.models.referrals import Referral
from billhead.models.sellers import Seller
from billhead.wording import marked, wording

__all__ = ["BROUGHT", "CAME", "SettledReferral", "settle_referral"]

BROUGHT, CAME = marked("for a friend whom you brought"), marked("because a friend brought you")
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SettledReferral:
    referral_id: int
    state: str


@verb("referrals.settle", permission="credits.write")
def settle_referral(tx: Tx, referral_id: int) -> SettledReferral:
    """One step of one referral, as often as it is called: what was paid or refused stays so. Raises NotFound."""
    row = tx.session.get(Referral, referral_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("referral", referral_id)
    before = row.state
    # both in the order of their ids: two who referred each other's friends never wait in a circle
    for customer_id in sorted((row.customer_id, row.referrer_id)):
        tx.session.get(Customer, customer_id, with_for_update=True, populate_existing=True)
    today = clock.today_in(tx.session.get_one(Seller, row.seller_id).zone)
    if row.state == ReferralState.WAITING:
        _earn(tx, row, today)
    elif row.state == ReferralState.EARNED:
        _take_back(tx, row, today)
    note(tx, f"customer:{row.customer_id}", referral=row.id, before=before, after=row.state, reason=row.reason)
    return SettledReferral(row.id, row.state)


def _earn(tx: Tx, row: Referral, today: date) -> None:
    session = tx.session
    friend, referrer = session.get_one(Customer, row.customer_id), session.get_one(Customer, row.referrer_id)
    if not rules_from(session.get_one(Seller, row.seller_id).referrals).on:
        return
    rules = rules_for(session, referrer)
    if rules is None or rules_for(session, friend) is None:
        _settle(row, ReferralState.REFUSED, "not_offered")
        return
    if row.due_on is None:
        _find_payment(session, row, rules)
    if row.due_on is None or today < row.due_on:
        return
    stands = select(Document.id).where(Document.id == row.document_id, stands_now())
    reason = why_not(session, friend, referrer) if session.scalar(stands) is not None else "refunded"
    brought, came = rules.of(referrer.currency)[0], rules.of(friend.currency)[1]
    if not reason and not brought + came:
        reason = "not_offered"
    if reason:
        _settle(row, ReferralState.REFUSED, reason)
        return
    if (later := _full_until(session, row, rules)) is not None:
        row.due_on = later
        return
    row.referrer_credit_id = _give(tx, referrer, brought, BROUGHT)
    row.friend_credit_id = _give(tx, friend, came, CAME)
    _settle(row, ReferralState.EARNED)
    row.due_on = today + timedelta(days=rules.back_days)


def _find_payment(session: Session, row: Referral, rules: ReferralRules) -> None:
    first = (
        select(Document.id).where(Document.customer_id == row.customer_id, stands_now()).order_by(Document.id).limit(1)
    )
    row.document_id = session.scalar(first)
    if row.document_id is not None:
        paid_on = session.scalar(select(func.max(Allocation.day)).where(Allocation.document_id == row.document_id))
        assert paid_on is not None, "it is paid by allocations"
        row.due_on = paid_on + timedelta(days=rules.waiting_days)


def _full_until(session: Session, row: Referral, rules: ReferralRules) -> date | None:
    """Who referred had so many rewards within 30 days: the day on which the next one fits."""
    had = session.scalars(
        select(Referral.settled_at)
        .where(
            Referral.referrer_id == row.referrer_id,
            Referral.referrer_credit_id.is_not(None),
            Referral.settled_at > clock.business_now() - _MONTH,
        )
        .order_by(Referral.settled_at.desc())
        .limit(rules.most_a_month)
    ).all()
    if len(had) < rules.most_a_month or had[-1] is None:
        return None
    return (had[-1] + _MONTH).date() + timedelta(days=1)


def _give(tx: Tx, customer: Customer, minor: int, reason: str) -> int | None:
    if not minor:
        return None
    said = wording(customer.language, "pages").say(reason)
    return grant_credit(tx, customer.id, Money(minor, customer.currency), said).customer_credit_id


def _take_back(tx: Tx, row: Referral, today: date) -> None:
    """What of the two lots is not spent; other gifts stay."""
    stands = select(Document.id).where(Document.id == row.document_id, stands_now())
    if tx.session.scalar(stands) is not None or row.due_on is None or today > row.due_on:
        return
    ids = [one for one in (row.referrer_credit_id, row.friend_credit_id) if one is not None]
    lots = tx.session.scalars(
        select(CustomerCredit)
        .where(CustomerCredit.id.in_(ids))
        .order_by(CustomerCredit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for lot in lots:
        if lot.remaining_minor:
            customer = tx.session.get_one(Customer, lot.customer_id)
            take_off(tx, customer, lot, lot.remaining_minor, "credit_taken")
    _settle(row, ReferralState.TAKEN_BACK, "refunded")


def _settle(row: Referral, state: ReferralState, reason: str = "") -> None:
    row.state, row.reason, row.settled_at = state.value, reason, clock.business_now()
