"""What plans and what is bought once have in common when they are entered: words, bouquets, where they are sold."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._regions import checked_regions
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.regions import Regions
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet
from billhead.models.sellers import Seller

__all__ = ["checked_code", "plan_entered", "put_bouquets", "put_regions"]

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def checked_code(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", f"{code!r} is no code", hint="use a-z, 0-9, '-' and '_'")
    return code


def plan_entered(session: Session, seller_id: int, plan_id: int | None, code: str, name: str) -> Plan:
    """A new one, or the one of that id, locked.

    Raises NotFound, InvalidInput, or Conflict where another plan of the seller has the code.
    """
    if session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    plan = Plan(seller_id=seller_id) if plan_id is None else session.get(Plan, plan_id, with_for_update=True)
    if plan is None or plan.seller_id != seller_id:
        raise NotFound("plan", plan_id)
    checked_code(code)
    if not name.strip():
        raise InvalidInput("name", "is needed")
    other = session.scalar(select(Plan.id).where(Plan.seller_id == plan.seller_id, Plan.code == code))
    if other is not None and other != plan.id:
        raise Conflict(f"there is a plan {code} already", field="code", hint="choose another code")
    if plan.id is not None and plan.code != code:
        raise InvalidInput("code", f"it is {plan.code}, and stays so: files and links name it")
    return plan


def put_regions(plan: Plan, rule: str, countries: Sequence[str]) -> dict[str, Any]:
    """Returns what is sold elsewhere than before, for the audit trail."""
    before = Regions.of(plan.country_rule or "", plan.countries or ())
    after = checked_regions(rule, countries)
    plan.country_rule, plan.countries = after.rule, list(after.countries)
    return {"sold": {"before": before.told(), "after": after.told()}} if after != before else {}


def put_bouquets(session: Session, plan: Plan, codes: Sequence[str]) -> None:
    """Raises InvalidInput for a bouquet that the seller does not have."""
    known = dict(session.execute(select(Bouquet.code, Bouquet.id).where(Bouquet.seller_id == plan.seller_id)).all())
    for code in codes:
        if code not in known:
            raise InvalidInput("bouquets", f"there is no bouquet {code!r}")
    session.execute(delete(PlanBouquet).where(PlanBouquet.plan_id == plan.id))
    session.add_all([PlanBouquet(plan_id=plan.id, bouquet_id=known[code]) for code in dict.fromkeys(codes)])
