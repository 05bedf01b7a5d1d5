"""The blueprint, its menu, and what the area's pages share: staff's time zone and a row that must be there."""

from typing import Any, TypeVar

from flask import Blueprint, current_app, g, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.provisioning.label_of import label_of
from billhead.db import Model, reading
from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.models.operations import AuditEntry, FreezeSwitch
from billhead.models.people import User
from billhead.models.sign_in import StaffKey
from billhead.web.access import stated
from billhead.web.admin.deeds import deed
from billhead.web.admin.history import ABOUT
from billhead.web.admin.trail_names import login_name, name_all, thing
from billhead.web.movements import why_moved
from billhead.web.request_context import current_ctx, current_seller, signed_in
from billhead.web.speaking import marked

__all__ = ["MENU", "Trail", "admin", "found", "may_open", "own_seller_id", "staff_zone", "trail_of", "who"]

admin = Blueprint("admin", __name__, url_prefix="/admin")

M = TypeVar("M", bound=Model)
_TRAIL = 20

MENU = (
    ("", (("home", marked("Dashboard")),)),
    (
        marked("People"),
        (
            ("customers", marked("Customers")),
            ("resellers", marked("Resellers")),
            ("shop_orders", marked("Shop orders")),
            ("reseller_tree", marked("Reseller tree")),
            ("subscriptions", marked("Subscriptions")),
            ("services", marked("Services")),
            ("placed_orders", marked("Orders")),
            ("sharing", marked("Shared lines")),
            ("screening", marked("Order screening")),
            ("gifts", marked("Days given")),
            ("referrals", marked("Referrals")),
            ("bulks", marked("Bulk actions")),
            ("imports", marked("Imports")),
            ("notices", marked("Messages")),
            ("erasures", marked("Erasures")),
        ),
    ),
    (
        marked("Support"),
        (
            ("tickets", marked("Tickets")),
            ("bill_disputes", marked("Disputed bills")),
            ("support_mails", marked("Mail to support")),
            ("support_rules", marked("Rules")),
            ("prepared_answers", marked("Prepared answers")),
            ("articles", marked("Help articles")),
            ("announcements", marked("Announcements")),
            ("network_status", marked("Network status")),
            ("departments", marked("Departments")),
        ),
    ),
    (
        marked("Money"),
        (
            ("documents", marked("Documents")),
            ("payments", marked("Payments")),
            ("unassigned", marked("Without an owner")),
            ("proofs", marked("Proofs of transfers")),
            ("statements", marked("Bank statements")),
            ("refunds", marked("Refunds")),
            ("disputes", marked("Disputes")),
            ("payouts", marked("Payouts")),
            ("attempts", marked("Attempts")),
            ("runs", marked("Billing runs")),
            ("unbilled", marked("Not billed")),
            ("usage_imports", marked("Usage")),
            ("rejected_usage", marked("Rejected usage")),
            ("dunning", marked("Dunning")),
            ("reports", marked("Reports")),
            ("simulations", marked("Simulations")),
            ("gateways", marked("Gateway accounts")),
            ("callbacks", marked("Callbacks")),
            ("rates", marked("Exchange rates")),
        ),
    ),
    (
        marked("Machines"),
        (
            ("panels", marked("Panels")),
            ("purchases", marked("Upstream purchases")),
            ("adoptions", marked("Adoptions")),
            ("moves", marked("Moves")),
            ("viewings", marked("Viewings")),
            ("health", marked("Health")),
            ("jobs", marked("Jobs")),
            ("deliveries", marked("Event deliveries")),
            ("plugins", marked("Plugins")),
        ),
    ),
    (
        marked("Catalogue"),
        (
            ("catalogue", marked("Plans")),
            ("price_books", marked("Price books")),
            ("price_changes", marked("Price changes")),
            ("coupons", marked("Coupons")),
            ("credit_packages", marked("Credit packages")),
            ("reseller_plans", marked("Reseller plans")),
            ("bouquets", marked("Bouquets")),
            ("guides", marked("Set-up guides")),
            ("devices", marked("Boxes")),
            ("device_models", marked("Models of boxes")),
        ),
    ),
    (
        marked("Shop"),
        (("content_pages", marked("Pages")), ("own_words", marked("Words in other languages"))),
    ),
    (
        marked("House"),
        (
            ("setup", marked("Set up")),
            ("sellers", marked("Sellers")),
            ("retention", marked("Retention")),
            ("notice_texts", marked("Texts of mails")),
            ("staff", marked("Staff")),
            ("staff_roles", marked("Roles")),
            ("api_keys", marked("API keys")),
            ("switches", marked("Freeze switches")),
            ("audit", marked("Audit trail")),
            ("own_notices", marked("What I am told")),
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
        return login_name(actor)
    actor, behind, whom = actor.partition(" as ")
    if "staff_names" not in g:
        with reading() as session:
            people = select(User.id, User.email).where(User.role == Role.STAFF.value)
            keys = select(StaffKey.id, StaffKey.name, User.email).join(User, User.id == StaffKey.user_id)
            names = {f"staff:{key}": email for key, email in session.execute(people)}
            g.staff_names = names | {f"staff_key:{key}": f"{name} ({of})" for key, name, of in session.execute(keys)}
    return f"{g.staff_names.get(actor, actor)}{behind}{whom}"


def may_open(endpoint: str) -> bool:
    """What somebody may not open stands in no menu, and is not found either."""
    permission = stated(current_app.view_functions[f"admin.{endpoint}"])[1]
    return not permission or current_ctx().may(permission)


def _own_menu() -> list[tuple[str, list[tuple[str, str]]]]:
    """What this person may open; a heading with nothing below it is left out."""
    own = ((heading, [one for one in items if may_open(one[0])]) for heading, items in MENU)
    return [(heading, items) for heading, items in own if items]


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
    name_all(session, trail)
    return trail


def own_trail() -> Trail:
    """The history of what this page is about, where the page itself shows none."""
    about = ABOUT.get(str(request.endpoint).removeprefix("admin."))
    if about is None:
        return Trail()
    with reading() as session:
        return trail_of(session, about.format(**request.view_args or {}))


def _stopped_switches() -> list[FreezeSwitch]:
    """What is stopped, for the top of every page: nobody is to wonder why nothing happens."""
    with reading() as session:
        return list(session.scalars(select(FreezeSwitch).where(FreezeSwitch.on).order_by(FreezeSwitch.name)))


@admin.context_processor
def menu() -> dict[str, Any]:
    return {
        "stopped_switches": _stopped_switches,
        "menu": _own_menu,
        "zone": staff_zone(),
        "label_of": lambda row: str(label_of(row)),
        "who": who,
        "why_moved": why_moved,
        "thing": thing,
        "deed": deed,
        "own_trail": own_trail,
    }
