"""The tree admin → super-reseller → reseller: who stands below whom, and who may act for whom."""

from collections.abc import Collection

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.people import Reseller, ResellerClosure

__all__ = [
    "STOPPED",
    "check_may_act",
    "check_may_sell",
    "is_stopped",
    "is_within",
    "lock_below",
    "lock_resellers",
    "lock_rows",
    "sells_nothing",
    "stopped_among",
    "stopped_by",
    "subtree",
    "suspended",
]


STOPPED = "stopped"
"""What becomes of a suspended reseller's lines: they are stopped with it, else they run until their time is over."""


def subtree(reseller_id: int) -> Select[int]:
    """The ids of a reseller and of everybody below it."""
    return select(ResellerClosure.descendant_id).where(ResellerClosure.ancestor_id == reseller_id)


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
    found = lock_rows(tx, {acting_for, *others})
    scope = tx.ctx.scope
    if not (scope.everything or is_within(tx.session, acting_for, scope.reseller_id)):
        raise NotFound("reseller", acting_for)
    for reseller_id in (acting_for, *others):
        if reseller_id not in found or found[reseller_id].removed_on is not None:
            raise NotFound("reseller", reseller_id)
    if not scope.everything:
        actor = found.get(scope.reseller_id or 0) or tx.session.get_one(Reseller, scope.reseller_id)
        _refuse_suspended(tx.session, actor, found[acting_for])
    return [found[reseller_id] for reseller_id in (acting_for, *others)]


def lock_rows(tx: Tx, wanted: Collection[int]) -> dict[int, Reseller]:
    """By rising id, whoever they are; removed ones too."""
    tx.session.flush()
    rows = tx.session.scalars(
        select(Reseller)
        .where(Reseller.id.in_(wanted))
        .order_by(Reseller.id)
        .with_for_update(key_share=True)  # customers and lots that name a reseller can be added meanwhile
        .execution_options(populate_existing=True)
    )
    return {reseller.id: reseller for reseller in rows}


def lock_below(tx: Tx, reseller_id: int) -> Reseller:
    """The reseller, locked, for who may set it up: staff, or one that stands above it.

    Raises NotFound for everybody else, itself included, and NotAllowed for a suspended actor.
    """
    scope = tx.ctx.scope
    if not scope.everything and (
        reseller_id == scope.reseller_id or not is_within(tx.session, reseller_id, scope.reseller_id)
    ):
        raise NotFound("reseller", reseller_id)
    if scope.everything and not tx.ctx.may("resellers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change resellers: it needs resellers.write")
    tx.session.flush()
    reseller = tx.session.get(Reseller, reseller_id, with_for_update={"key_share": True}, populate_existing=True)
    if reseller is None or reseller.removed_on is not None:
        raise NotFound("reseller", reseller_id)
    if not scope.everything:
        _refuse_suspended(tx.session, tx.session.get_one(Reseller, scope.reseller_id))
    return reseller


def check_may_act(tx: Tx, reseller: Reseller) -> None:
    """For what locks money before it comes to resellers, if at all: what `lock_resellers` refuses, without a lock."""
    scope = tx.ctx.scope
    if reseller.removed_on is not None:
        raise NotFound("reseller", reseller.id)
    if scope.everything:
        return
    if not is_within(tx.session, reseller.id, scope.reseller_id):
        raise NotFound("reseller", reseller.id)
    _refuse_suspended(tx.session, tx.session.get_one(Reseller, scope.reseller_id), reseller)


def is_stopped(session: Session, reseller: Reseller) -> bool:
    """It sells nothing: it is suspended, or somebody above it with all lines."""
    return bool(stopped_by(session, reseller.id))


def stopped_by(session: Session, reseller_id: int) -> str:
    """The name of the reseller whose suspension stops this one: its own, or one above whose lines were stopped; ""."""
    return stopped_among(session, [reseller_id]).get(reseller_id, "")


def stopped_among(session: Session, resellers: Collection[int]) -> dict[int, str]:
    """Of these resellers those that are stopped, each with the name as `stopped_by` has it."""
    stops = or_(Reseller.id == ResellerClosure.descendant_id, Reseller.suspended_lines == STOPPED)
    rows = session.execute(
        select(ResellerClosure.descendant_id, Reseller.name)
        .join(Reseller, Reseller.id == ResellerClosure.ancestor_id)
        .where(ResellerClosure.descendant_id.in_(resellers), Reseller.suspended, stops)
        .order_by(ResellerClosure.depth)
    )
    found: dict[int, str] = {}
    for key, name in rows:
        found.setdefault(key, name)
    return found


def suspended(name: str) -> NotAllowed:
    """What answers whoever is stopped by that reseller's suspension, in its area and to its programs."""
    return NotAllowed(
        f"{name} is suspended: you can look, but nothing can be done.",
        code="reseller_suspended",
        hint="ask who set you up as a reseller",
    )


def _refuse_suspended(session: Session, *resellers: Reseller) -> None:
    """Also for whoever stands below one whose lines were stopped with it."""
    stopped = stopped_among(session, [reseller.id for reseller in resellers])
    for reseller in resellers:
        if reseller.id in stopped:
            raise sells_nothing(stopped[reseller.id])


def sells_nothing(stopped: str) -> NotAllowed:
    """What is refused to whom the suspension of the reseller of that name stops."""
    return NotAllowed(
        f"{stopped} is suspended: nothing is sold or passed on",
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


def check_operators(tx: Tx, reseller: Reseller) -> None:
    """What the operator has suspended only the operator changes. Raises NotAllowed."""
    if reseller.suspended and reseller.suspended_by_operator and not tx.ctx.scope.everything:
        raise NotAllowed(f"The operator has suspended {reseller.name}.", code="stopped_by_operator", hint="ask there")
