"""Whom a seller lets refer, and a new customer who came by somebody's link."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.access._codes import plain
from billhead.actions.shops._sells import payer_of
from billhead.db import Tx
from billhead.domain.referral import ReferralRules, ReferralState, rules_from
from billhead.models.people import Customer
from billhead.models.referrals import Referral, ReferralCode
from billhead.models.sellers import Seller

__all__ = ["refer", "rules_for"]


def rules_for(session: Session, customer: Customer) -> ReferralRules | None:
    """None where nothing is offered: it is off, or a reseller looks after them or buys as them. A reseller's own shop
    has its own rules."""
    rules = rules_from(session.get_one(Seller, customer.seller_id).referrals)
    if not rules.on or customer.erased_at is not None or customer.buys_for_reseller_id is not None:
        return None
    return rules if customer.reseller_id == payer_of(session, customer.seller_id) else None


def refer(tx: Tx, friend: Customer, code: str) -> None:
    """A code that is nobody's here counts for nothing, without a word: a sign-up does not fail for it."""
    if not (code := plain(code)):
        return
    mine = ReferralCode.code == code, Customer.seller_id == friend.seller_id, Customer.id != friend.id
    referrer = tx.session.scalar(
        select(Customer).join(ReferralCode, ReferralCode.customer_id == Customer.id).where(*mine)
    )
    if referrer is None or rules_for(tx.session, referrer) is None or rules_for(tx.session, friend) is None:
        return
    tx.session.add(
        Referral(
            seller_id=friend.seller_id,
            customer_id=friend.id,
            referrer_id=referrer.id,
            state=ReferralState.WAITING.value,
            at=clock.business_now(),
        )
    )
    tx.session.flush()
