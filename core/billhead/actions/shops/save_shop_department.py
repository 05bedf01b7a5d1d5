"""Who is written to in a reseller's shop: a department whose tickets are the reseller's."""

from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.support.save_department import DepartmentEntry, save_department
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["save_shop_department"]


@verb("shops.save_department")
def save_shop_department(tx: Tx, reseller_id: int, entry: DepartmentEntry, department_id: int | None = None) -> int:
    """Its id. Raises NotFound (also for another seller's), NotAllowed, and what `save_department` raises."""
    own = lock_shop(tx, reseller_id)
    return save_department(as_operator(tx, "sellers.write"), own.seller.id, entry, department_id, own.reseller.id)
