"""Add a credit package, or change one: what it is called, how many credits it gives, for how much, and to whom."""

from dataclasses import dataclass

from billhead.actions.resellers._joining import TIERS
from billhead.actions.resellers._packages import put_costs, saved_plan
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money

__all__ = ["PackageEntry", "PackageSaved", "save_credit_package"]


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """`roles`: in whose list it stands (reseller, super_reseller). `costs`: one amount a currency."""

    code: str
    name: str
    value: Money
    costs: tuple[Money, ...]
    roles: tuple[str, ...] = TIERS
    tax_class: str = "credits"
    offered: bool = True


@dataclass(frozen=True, slots=True)
class PackageSaved:
    plan_id: int


@verb("resellers.save_credit_package", permission="catalogue.write")
def save_credit_package(tx: Tx, seller_id: int, entry: PackageEntry, plan_id: int | None = None) -> PackageSaved:
    """Orders that wait unpaid keep what they were offered. Raises NotFound, InvalidInput or Conflict."""
    if entry.value.currency != CREDITS or entry.value.minor <= 0:
        raise InvalidInput("value", "must be credits above zero")
    if not entry.roles or set(entry.roles) - set(TIERS):
        raise InvalidInput("roles", f"say for whom it is: {', '.join(TIERS)}")
    if not entry.tax_class.strip():
        raise InvalidInput("tax_class", "is needed")
    plan = saved_plan(tx, seller_id, plan_id, entry.code.strip(), entry.name, "credit_package")
    plan.credits_minor, plan.tax_class = entry.value.minor, entry.tax_class.strip()
    plan.details = {**(plan.details or {}), "roles": [role for role in TIERS if role in entry.roles]}
    plan.listed, plan.retired = False, not entry.offered
    tx.session.flush()
    if any(not cost.minor for cost in entry.costs):
        raise InvalidInput("costs", "must be above zero", hint="credits as a gift are granted")
    put_costs(tx, plan, entry.costs)
    return PackageSaved(plan.id)
