"""Addresses and devices of old orders are forgotten; what was decided, and why, stays."""

from datetime import timedelta

from sqlalchemy import or_, select, update

from billhead import clock
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.fraud import CaseState, rules_from
from billhead.models.fraud import FraudCase
from billhead.models.sellers import Seller

__all__ = ["forget_facts"]

_BATCH = 1000
_NAMES = ("ip", "address", "network", "mailbox", "card", "phone", "mac", "device")


def forget_facts(tx: Tx) -> int:
    """A batch, by each seller's rules; returns how many cases it touched, 0 when all is done. What waits for a
    decision keeps its facts."""
    session, touched = tx.session, 0
    bare = dict.fromkeys(_NAMES, "")
    known = or_(*(getattr(FraudCase, name) != "" for name in _NAMES))
    for seller_id, stored in session.execute(select(Seller.id, Seller.fraud)).all():
        before = clock.business_now() - timedelta(days=rules_from(stored).keep_days)
        old = session.scalars(
            select(FraudCase.id)
            .where(
                FraudCase.seller_id == seller_id,
                FraudCase.ordered_at < before,
                known,
                FraudCase.state != CaseState.REVIEW.value,
            )
            .limit(_BATCH)
        ).all()
        for case in session.scalars(select(FraudCase).where(among(FraudCase.id, old, session))):
            # which check spoke stays; its words name mailboxes, boxes and networks
            case.reasons = [{**one, "why": one["check"]} for one in case.reasons]
        session.flush()
        session.execute(update(FraudCase).where(among(FraudCase.id, old, session)).values(facts={}, **bare))
        touched += len(old)
    return touched
