"""The tree admin → super-reseller → reseller: who stands below whom, and who may act for whom."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.people import Reseller, ResellerClosure

__all__ = ["check_may_sell", "is_within", "lock_resellers"]


def is_within(session: Session, reseller_id: int | None, subtree_of: int | None) -> bool:
    """Whether a reseller is `subtree_of` or stands somewhere below it; nobody is within nothing."""
    if reseller_id is None or subtree_of is None:
        return False
    return session.get(ResellerClosure, (subtree_of, reseller_id)) is not None


def lock_resellers(tx: Tx, acting_for: int, *others: int) -> list[Reseller]:
    """The resellers in the order asked for, locked until the end of the transaction.

    Everybody locks them by rising id, so that two transfers never wait for each other in a circle. Raises NotFound for
    `acting_for` when it is outside of what this actor may see, and NotAllowed when it or the actor is suspended.
    """
    wanted: Collection[int] = {acting_for, *others}
    tx.session.flush()
    rows = tx.session.scalars(
        select(Reseller)
        .where(Reseller.id.in_(wanted))
        .order_by(Reseller.id)
        .with_for_update(key_share=True)  # customers and lots that name a reseller can be added meanwhile
        .execution_options(populate_existing=True)
    )
    found = {reseller.id: reseller for reseller in rows}
    scope = tx.ctx.scope
    if not (scope.everything or is_within(tx.session, acting_for, scope.reseller_id)):
        raise NotFound("reseller", acting_for)
    for reseller_id in (acting_for, *others):
        if reseller_id not in found:
            raise NotFound("reseller", reseller_id)
    if not scope.everything:
        actor = found.get(scope.reseller_id or 0) or tx.session.get_one(Reseller, scope.reseller_id)
        _refuse_suspended(actor, found[acting_for])
    return [found[reseller_id] for reseller_id in (acting_for, *others)]


def _refuse_suspended(*resellers: Reseller) -> None:
    for reseller in resellers:
        if reseller.suspended:
            raise NotAllowed(
                f"{reseller.name} is suspended: its lines run on, but nothing is sold or passed on",
                code="reseller_suspended",
                hint="ask who set you up as a reseller",
            )


def check_may_sell(session: Session, reseller: Reseller, plan: str) -> None:
    """A reseller sells what its rights name, and never what somebody above it may not sell."""
    chain = session.scalars(
        select(Reseller)
        .join(ResellerClosure, ResellerClosure.ancestor_id == Reseller.id)
        .where(ResellerClosure.descendant_id == reseller.id)
    )
    if not all(plan in each.rights.get("sells", ()) for each in chain):
        raise InvalidInput("plan", f"{reseller.name} does not sell {plan}", code="plan_not_for_reseller")
