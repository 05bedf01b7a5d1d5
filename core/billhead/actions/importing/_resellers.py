"""The resellers that a catalogue names: their places in the tree, their own customers, and their start-up credits."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.importing import _catalog as listed
from billhead.actions.resellers._joining import join_tree, start_up
from billhead.db import Tx
from billhead.models.people import Customer, Reseller
from billhead.models.sellers import Seller

__all__ = ["add_resellers"]


def add_resellers(tx: Tx, seller: Seller, catalog: listed.Catalog) -> tuple[int, int]:
    """Add who is not there yet; a parent always stands before its children in the file's mapping or is added first.

    (how many, their start-up credits in hundredths).
    """
    known = {r.code: r for r in tx.session.scalars(select(Reseller).where(Reseller.seller_id == seller.id))}
    waiting = [r for r in catalog.resellers.values() if r.code not in known]
    credits_minor = sum(catalog.reseller_plans[one.plan].startup_credits.minor for one in waiting)
    added = len(waiting)
    while waiting:
        told = next(r for r in waiting if not r.parent or r.parent in known)
        waiting.remove(told)
        known[told.code] = _add(tx, seller, told, catalog.reseller_plans[told.plan], known.get(told.parent))
    return added, credits_minor


def _add(
    tx: Tx, seller: Seller, told: listed.ResellerAccount, plan: listed.ResellerPlan, parent: Reseller | None
) -> Reseller:
    reseller = Reseller(
        seller_id=seller.id,
        code=told.code,
        name=told.name,
        tier=plan.role,
        rights={"sells": list(plan.sells), "trials_per_day": plan.trials_per_day, "terminate": plan.may_terminate},
        created_on=clock.today_in(seller.zone),
    )
    join_tree(tx, reseller, parent)
    tx.session.add(
        Customer(
            seller_id=seller.id,
            buys_for_reseller_id=reseller.id,
            external_ref=f"reseller:{told.code}",
            name=told.name,
            company=told.name,
            email=told.email,
            country=told.country,
            zone=told.zone,
            currency=told.currency,
            language=told.language,
            created_at=clock.now(),
        )
    )
    start_up(tx, reseller, plan.startup_credits, f"start_up:{reseller.id}")
    return reseller
