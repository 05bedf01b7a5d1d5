"""Reading what was bought between invoices and waits for the next one."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._rated import Charge
from billhead.bulk import among
from billhead.models.entitlements import Entitlement

__all__ = ["read_charges"]


def read_charges(session: Session, subscriptions: Collection[int]) -> dict[int, list[Charge]]:
    one = Entitlement
    rows = session.connection().execute(
        select(one.subscription_id, one.id, one.plan_id, one.price_id, one.bought_on)
        .where(among(one.subscription_id, subscriptions, session), one.waits_until.is_not(None))
        .order_by(one.id)
    )
    found: dict[int, list[Charge]] = defaultdict(list)
    for subscription_id, *charge in rows:
        found[subscription_id].append(Charge._make(charge))
    return found
