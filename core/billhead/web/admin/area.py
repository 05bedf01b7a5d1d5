"""The blueprint, its menu, and what the area's pages share: staff's time zone and a row that must be there."""

from typing import Any, TypeVar

from flask import Blueprint, g
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.provisioning.label_of import label_of
from billhead.db import Model, reading
from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.models.operations import AuditEntry, FreezeSwitch
from billhead.models.people import User
from billhead.models.sign_in import StaffKey
from billhead.web.request_context import current_seller, signed_in

__all__ = ["MENU", "Trail", "admin", "found", "own_seller_id", "staff_zone", "trail_of", "who"]

admin = Blueprint("admin", __name__, url_prefix="/admin")

M = TypeVar("M", bound=Model)
_TRAIL = 20

MENU = (
    ("", (("home", "Dashboard"),)),
    (
        "People",
        (
            ("customers", "Customers"),
            ("resellers", "Resellers"),
            ("shop_orders", "Shop orders"),
            ("reseller_tree", "Reseller tree"),
            ("subscriptions", "Subscriptions"),
            ("services", "Services"),
            ("placed_orders", "Orders"),
            ("sharing", "Shared lines"),
            ("screening", "Order screening"),
            ("gifts", "Days given"),
            ("referrals", "Referrals"),
            ("bulks", "Bulk actions"),
            ("notices", "Messages"),
            ("erasures", "Erasures"),
        ),
    ),
    (
        "Support",
        (
            ("tickets", "Tickets"),
            ("bill_disputes", "Disputed bills"),
            ("support_mails", "Mail to support"),
            ("support_rules", "Rules"),
            ("prepared_answers", "Prepared answers"),
            ("articles", "Help articles"),
            ("announcements", "Announcements"),
            ("network_status", "Network status"),
            ("departments", "Departments"),
        ),
    ),
    (
        "Money",
        (
            ("documents", "Documents"),
            ("payments", "Payments"),
            ("unassigned", "Without an owner"),
            ("proofs", "Proofs of transfers"),
            ("statements", "Bank statements"),
            ("refunds", "Refunds"),
            ("disputes", "Disputes"),
            ("payouts", "Payouts"),
            ("attempts", "Attempts"),
            ("runs", "Billing runs"),
            ("unbilled", "Not billed"),
            ("rejected_usage", "Rejected usage"),
            ("dunning", "Dunning"),
            ("reports", "Reports"),
            ("simulations", "Simulations"),
            ("gateways", "Gateway accounts"),
            ("callbacks", "Callbacks"),
            ("rates", "Exchange rates"),
        ),
    ),
    (
        "Machines",
        (
            ("panels", "Panels"),
            ("purchases", "Upstream purchases"),
            ("adoptions", "Adoptions"),
            ("moves", "Moves"),
            ("viewings", "Viewings"),
            ("health", "Health"),
            ("jobs", "Jobs"),
            ("deliveries", "Event deliveries"),
            ("plugins", "Plugins"),
        ),
    ),
    (
        "Catalogue",
        (
            ("catalogue", "Plans"),
            ("price_books", "Price books"),
            ("price_changes", "Price changes"),
            ("coupons", "Coupons"),
            ("credit_packages", "Credit packages"),
            ("reseller_plans", "Reseller plans"),
            ("bouquets", "Bouquets"),
            ("guides", "Set-up guides"),
            ("devices", "Boxes"),
            ("device_models", "Models of boxes"),
        ),
    ),
    (
        "Shop",
        (("content_pages", "Pages"),),
    ),
    (
        "House",
        (
            ("setup", "Set up"),
            ("sellers", "Sellers"),
            ("retention", "Retention"),
            ("notice_texts", "Texts of mails"),
            ("staff", "Staff"),
            ("staff_roles", "Roles"),
            ("api_keys", "API keys"),
            ("switches", "Freeze switches"),
            ("audit", "Audit trail"),
        ),
    ),
)
"""(heading, ((endpoint, label), …)) of the side menu."""


def staff_zone() -> str:
    """Times are shown in the zone of the staff's own seller."""
    seller = current_seller()
    return seller.zone if seller is not None else "UTC"


def own_seller_id() -> int:
    """The seller that the staff works for."""
    login = signed_in()
    assert login is not None, "only staff comes here"
    return login.seller_id


def who(actor: str) -> str:
    """An actor of the audit trail as colleagues know them: "staff:7" is the e-mail address of that login, also where it
    looked in as somebody else, and "staff_key:3" what the key is for, and whose it is."""
    if not actor.startswith(("staff:", "staff_key:")):
        return actor
    actor, behind, whom = actor.partition(" as ")
    if "staff_names" not in g:
        with reading() as session:
            people = select(User.id, User.email).where(User.role == Role.STAFF.value)
            keys = select(StaffKey.id, StaffKey.name, User.email).join(User, User.id == StaffKey.user_id)
            names = {f"staff:{key}": email for key, email in session.execute(people)}
            g.staff_names = names | {f"staff_key:{key}": f"{name} ({of})" for key, name, of in session.execute(keys)}
    return f"{g.staff_names.get(actor, actor)}{behind}{whom}"


def found(session: Session, kind: type[M], key: Any, what: str) -> M:
    """The row, or NotFound in the words of the page."""
    row = session.get(kind, key)
    if row is None:
        raise NotFound(what, key)
    return row


class Trail(list[AuditEntry]):
    """The newest lines of the audit trail about some things; `about` leads to all of them."""

    about: str = ""


def trail_of(session: Session, *subjects: str) -> Trail:
    """The newest lines of the audit trail about these."""
    about = select(AuditEntry).where(AuditEntry.subject.in_(subjects))
    trail = Trail(session.scalars(about.order_by(AuditEntry.id.desc()).limit(_TRAIL)))
    trail.about = ",".join(subjects[:_TRAIL])
    return trail


def _stopped_switches() -> list[FreezeSwitch]:
    """What is stopped, for the top of every page: nobody is to wonder why nothing happens."""
    with reading() as session:
        return list(session.scalars(select(FreezeSwitch).where(FreezeSwitch.on).order_by(FreezeSwitch.name)))


@admin.context_processor
def menu() -> dict[str, Any]:
    return {
        "stopped_switches": _stopped_switches,
        "menu": MENU,
        "zone": staff_zone(),
        "label_of": lambda row: str(label_of(row)),
        "who": who,
    }
