"""The roles that there are at the start; each but the owner's can be changed or removed."""

from sqlalchemy import select

from billhead.db import Tx
from billhead.models.sign_in import StaffRole
from billhead.wording import marked

__all__ = ["OWNER", "make_starting_roles"]

OWNER = "owner"

_ROLES = {
    OWNER: (marked("Everything, also staff and roles."), ["*"]),
    "billing": (
        marked("Documents, payments, refunds and debts."),
        [
            "billing.run", "credits.write", "customers.write", "documents.write", "dunning.write", "money.correct",
            "money.dispute", "money.refund", "money.write_off", "payments.write", "rates.write", "subscriptions.write",
            "usage.write",
        ],
    ),
    "support": (
        marked("Customers, their subscriptions, lines and tickets; may look into a customer's area."),
        ["customers.write", "devices.write", "people.look_in", "services.access", "services.write",
         "subscriptions.write", "tickets.write"],
    ),
    "technician": (
        marked("Panels, lines, jobs and plugins."),
        ["devices.write", "jobs.write", "panels.write", "plugins.write", "services.access", "services.write",
         "usage.write"],
    ),
    "read-only": (marked("Sees everything that is open to all staff, changes nothing."), []),
}  # fmt: skip


def make_starting_roles(tx: Tx) -> dict[str, int]:
    """Ids by name; what is there is left as it is, and what was removed is not made again."""
    known = {row.name: row.id for row in tx.session.scalars(select(StaffRole))}
    if known:
        return known
    rows = [StaffRole(name=name, about=about, permissions=list(given)) for name, (about, given) in _ROLES.items()]
    tx.session.add_all(rows)
    tx.session.flush()
    return {row.name: row.id for row in rows}
