"""The steps of setting up, each done when what it is for is there: nobody has to tick anything off."""

from dataclasses import dataclass

from sqlalchemy import String, cast, exists, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.health._work import DEAD_AFTER
from billhead.models.catalogue import Plan, Price
from billhead.models.documents import Document
from billhead.models.health import HouseFact, WorkerPulse
from billhead.models.operations import Notice
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.sellers import Seller, SellerLogo, TaxRegistration
from billhead.wording import marked

__all__ = ["STEPS", "Step", "steps_of"]


@dataclass(frozen=True, slots=True)
class Step:
    """`optional`: a house runs without it. `checks`: those of the doctor that are about it."""

    name: str
    title: str
    about: str
    permission: str
    checks: tuple[str, ...] = ()
    optional: bool = False
    done: bool = False


STEPS = (
    Step(
        "company",
        "Your company",
        marked("Name, address and tax number as they stand on invoices."),
        "sellers.write",
        ("sellers",),
    ),
    Step("mail", "Mail", marked("The sender of invoices and access data. Done once a mail went out."), "plugins.write"),
    Step("panel", "A panel", marked("Where the lines of your customers live."), "panels.write"),
    Step(
        "plan",
        marked("A plan and its prices"),
        marked("What you sell, for 1, 3, 6 and 12 months."),
        "catalogue.write",
        ("plans",),
    ),
    Step(
        "gateway",
        marked("A way to be paid"),
        marked("A card or wallet account, or transfers to your bank."),
        "gateways.write",
    ),
    Step(
        "tax",
        "Tax",
        marked("Who reckons it, and where you are registered."),
        "sellers.write",
        ("tax",),
        optional=True,
    ),
    Step(
        "worker",
        "The worker",
        marked("What does the jobs by itself: lines, mails, billing."),
        "jobs.write",
        ("workers", "beat", "jobs"),
    ),
    Step(
        "look", "The look", marked("The theme and the logo of your shop."), "sellers.write", ("themes",), optional=True
    ),
    Step(
        "order",
        marked("The first order"),
        marked("Order in your own shop, see the line, and take it away again."),
        "subscriptions.write",
        ("switches",),
    ),
)


def steps_of(session: Session) -> list[Step]:
    """All steps in their order, by one statement."""
    is_there = {
        "company": exists().where(cast(Seller.address["street"].as_string(), String) != ""),
        "mail": or_(exists().where(Notice.state == "sent"), exists().where(HouseFact.name == "mail")),
        "panel": exists().where(Panel.last_ok_at.is_not(None)),
        "plan": exists().where(Price.plan_id == Plan.id, Plan.retired.is_(False)),
        "gateway": exists().where(GatewayAccount.enabled),
        "tax": exists().where(Seller.tax_engine != "", TaxRegistration.seller_id == Seller.id),
        "worker": exists().where(
            WorkerPulse.kind == "worker", WorkerPulse.ended.is_(False), WorkerPulse.seen_at > clock.now() - DEAD_AFTER
        ),
        "look": or_(exists().where(SellerLogo.seller_id > 0), exists().where(Seller.theme != "lounge")),
        "order": or_(
            exists().where(Payment.id > 0), exists().where(Document.kind == "invoice", Document.state == "paid")
        ),
    }
    row = session.execute(select(*(one.label(name) for name, one in is_there.items()))).one()
    return [
        Step(one.name, one.title, one.about, one.permission, one.checks, one.optional, bool(getattr(row, one.name)))
        for one in STEPS
    ]
