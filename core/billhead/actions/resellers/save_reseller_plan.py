"""Add a plan by which somebody becomes a reseller, or change one: its price, its start-up credits, its rights."""

from dataclasses import asdict, dataclass

from billhead.actions.resellers._joining import TIERS
from billhead.actions.resellers._packages import put_costs, saved_plan
from billhead.actions.resellers._rights import Rights, checked_rights
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money

__all__ = ["ResellerPlanEntry", "ResellerPlanSaved", "save_reseller_plan"]


@dataclass(frozen=True, slots=True)
class ResellerPlanEntry:
    """`credit_price`: what a super-reseller pays to add one below it, None: it can't. `listed`: it can be bought in the
    shop. `retired`: nobody gets it any more."""

    code: str
    name: str
    tier: str
    costs: tuple[Money, ...]
    start_up: Money
    rights: Rights
    credit_price: Money | None = None
    tax_class: str = "credits"
    listed: bool = True
    retired: bool = False


@dataclass(frozen=True, slots=True)
class ResellerPlanSaved:
    plan_id: int


@verb("resellers.save_reseller_plan", permission="catalogue.write")
def save_reseller_plan(
    tx: Tx, seller_id: int, entry: ResellerPlanEntry, plan_id: int | None = None
) -> ResellerPlanSaved:
    """Who is a reseller already keeps its rights. Raises NotFound, InvalidInput or Conflict."""
    if entry.tier not in TIERS:
        raise InvalidInput("tier", f"{entry.tier!r} is not one of {', '.join(TIERS)}")
    if entry.start_up.currency != CREDITS or entry.start_up.minor < 0:
        raise InvalidInput("start_up", "must be credits from zero up")
    if entry.credit_price is not None and entry.start_up > entry.credit_price:
        raise InvalidInput("start_up", "is more than a super-reseller pays for it: credits would come from nothing")
    if not entry.tax_class.strip():
        raise InvalidInput("tax_class", "is needed")
    plan = saved_plan(tx, seller_id, plan_id, entry.code.strip(), entry.name, entry.tier)
    rights = checked_rights(tx.session, seller_id, entry.rights, None)
    told = {**asdict(entry.rights), "sells": rights["sells"]}
    told["may_terminate"] = told.pop("terminate")
    plan.details = {**(plan.details or {}), **told}
    plan.start_up_credits_minor, plan.tax_class = entry.start_up.minor, entry.tax_class.strip()
    plan.listed, plan.retired = entry.listed, entry.retired
    tx.session.flush()
    put_costs(tx, plan, entry.costs, entry.credit_price)
    return ResellerPlanSaved(plan.id)
