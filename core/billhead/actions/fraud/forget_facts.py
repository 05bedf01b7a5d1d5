"""Addresses and devices of old orders are forgotten; what was decided, and why, stays."""

from datetime import timedelta

from sqlalchemy import select, update

from billhead import clock
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.fraud import CaseState, rules_from
from billhead.models.fraud import FraudCase
from billhead.models.sellers import Seller

__all__ = ["forget_facts"]

_BATCH = 5000


def forget_facts(tx: Tx) -> int:
    """A batch, by each seller's rules; returns how many cases it touched, 0 when all is done. What waits for a
    decision keeps its facts."""
    session, touched = tx.session, 0
    bare = dict.fromkeys(("ip", "address", "network", "mailbox", "card", "phone", "mac"), "")
    for seller_id, stored in session.execute(select(Seller.id, Seller.fraud)).all():
        before = clock.business_now() - timedelta(days=rules_from(stored).keep_days)
        old = session.scalars(
            select(FraudCase.id)
            .where(
                FraudCase.seller_id == seller_id,
                FraudCase.ordered_at < before,
                FraudCase.mailbox != "",
                FraudCase.state != CaseState.REVIEW.value,
            )
            .limit(_BATCH)
        ).all()
        session.execute(update(FraudCase).where(among(FraudCase.id, old, session)).values(facts={}, **bare))
        touched += len(old)
    return touched
