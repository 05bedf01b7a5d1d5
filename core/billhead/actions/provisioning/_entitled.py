"""What of a line's paid time is still to be bought on a panel that sells time for credits.

A paid period is bought once: under a key of the service and the period's end, while the service is locked, and never
while the outcome of an earlier purchase for the line is not known. Nothing is bought for a blocked line, for time that
is over, or where the panel's expiry reaches the paid end already, give or take half a package.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.shops._supplying import is_supplied
from billhead.domain.periods import Term, local_date, start_of_day
from billhead.domain.upstream import SURE_AFTER, State, falls_short, unbought
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel, PanelPackage, UpstreamPurchase
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import UNOBSERVABLE, Due, Observed, Purchase

__all__ = ["FORGOTTEN", "TRIAL", "Entitled", "ToBuy", "entitled_of"]

TRIAL = "trial"
"""What the term of a package is called that serves a plan's trial."""


FORGOTTEN = "#"
"""Stands in the key of a purchase that counts no more, since staff had it bought again."""


@dataclass(frozen=True, slots=True)
class ToBuy:
    """One purchase that is due: for which paid period, and what. `step` is the module's, once it has planned."""

    service_id: int
    version: int
    entitlement: str
    paid_until: date
    package: str
    package_name: str
    package_term: str
    trial: bool
    max_cost_minor: int
    step: Purchase | None = None

    @property
    def due(self) -> Due:
        return Due(self.package, self.max_cost_minor)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The package that the operator has chosen for a plan and term."""

    package: str
    name: str
    term: str
    cost_minor: int


@dataclass(frozen=True, slots=True)
class Entitled:
    """`ends`: of the paid periods without a purchase, the oldest first. `open_why`: a purchase is not settled."""

    service_id: int
    panel_id: int
    version: int
    zone: str
    trial: bool
    blocked: bool
    sold_as: str  # "Premium, 1 month", for who reads why nothing was bought
    ends: tuple[date, ...]
    package: _Chosen | None
    open_why: str = ""
    open_until: datetime | None = None

    def missing(self, seen: Observed | None) -> date | None:
        """The end of the first paid period that needs a purchase, as far as the panel's expiry says."""
        if self.open_why or self.blocked:
            return None
        until = seen.expires_at if seen is not None else UNOBSERVABLE
        for end in self.ends:
            if self.package is None or until is UNOBSERVABLE:
                return end
            length = Term.parse(self.package.term)
            if falls_short(start_of_day(end, self.zone), until, length):
                return end
        return None

    def due(self, seen: Observed | None) -> ToBuy | None:
        end = self.missing(seen)
        if end is None or self.package is None:
            return None
        return ToBuy(
            service_id=self.service_id,
            version=self.version,
            entitlement=f"{self.service_id}@{self.panel_id}:{end.isoformat()}",
            paid_until=end,
            package=self.package.package,
            package_name=self.package.name,
            package_term=self.package.term,
            trial=self.trial,
            max_cost_minor=self.package.cost_minor,
        )

    def lacks_package(self, seen: Observed | None) -> str:
        """Why paid time can't be bought at all, "" where it can."""
        if self.package is not None or self.missing(seen) is None:
            return ""
        return f"no package of this panel is chosen for {self.sold_as}; choose one on the panel's page"

    def why_not_made(self) -> str:
        """Why a line that is not there is not bought."""
        if self.blocked:
            return "the line is not on the panel, and nothing is bought while it is blocked"
        if self.ends:
            return "the module plans no purchase for a line that is not there"
        return (
            "the line is not on the panel, and no paid time is left to be bought: what is paid was bought already, or "
            "is over. Staff can have it bought again on the page of its purchase"
        )


def entitled_of(session: Session, service: Service, panel: Panel) -> Entitled:
    """What is paid for this line and not bought yet. Three queries."""
    subscription = session.get_one(Subscription, service.subscription_id)
    mine = (UpstreamPurchase.service_id == service.id, UpstreamPurchase.panel_id == panel.id)
    rows = session.scalars(select(UpstreamPurchase).where(*mine)).all()
    trial = subscription.phase == "trial"
    sold = TRIAL if trial else subscription.term
    paid = _paid_until(subscription, service)
    covered = [row.paid_until for row in rows if row.state == State.BOUGHT and FORGOTTEN not in row.entitlement]
    today = clock.today_in(subscription.zone)
    length = Term.parse(subscription.term)
    if trial and paid is not None:
        length = Term("day", max(1, (paid - subscription.started_on).days))
    entitled = Entitled(
        service_id=service.id,
        panel_id=panel.id,
        version=service.desired_version,
        zone=subscription.zone,
        trial=trial,
        blocked=service.desired_blocked,
        sold_as=_sold_as(session, subscription, sold),
        ends=tuple(unbought(paid, length, max(covered, default=None), today)) if paid is not None else (),
        package=_chosen(session, panel.id, subscription.plan_id, sold),
    )
    unsettled = next((row for row in rows if row.state in (State.SENT, State.UNKNOWN)), None)
    if unsettled is None:
        return entitled
    why, until = _told(unsettled, clock.business_now())
    return replace(entitled, open_why=why, open_until=until)


def _paid_until(subscription: Subscription, service: Service) -> date | None:
    """What a shop's customer has paid is bought as far as its reseller's credits went: so far its line runs."""
    if not is_supplied(subscription):
        return subscription.paid_through
    ends = service.desired_expires_at
    return local_date(ends, subscription.zone) if ends is not None else None


def _chosen(session: Session, panel_id: int, plan_id: int, sold: str) -> _Chosen | None:
    row = session.scalar(
        select(PanelPackage).where(
            PanelPackage.panel_id == panel_id, PanelPackage.plan_id == plan_id, PanelPackage.term == sold
        )
    )
    return _Chosen(row.package, row.name, row.package_term, row.cost_minor) if row is not None else None


def _sold_as(session: Session, subscription: Subscription, sold: str) -> str:
    plan = session.get_one(Plan, subscription.plan_id)
    return f"{plan.name}, {sold}"


def _told(row: UpstreamPurchase, now: datetime) -> tuple[str, datetime]:
    what = f"the purchase of {row.package_name} (number {row.id})"
    soon = now + timedelta(minutes=1)  # whoever looks for it may be waiting for the same panel
    if row.state == State.SENT:
        return f"{what} is being made", max(row.sent_at + SURE_AFTER, soon)
    if row.look_at is None:
        return f"nobody knows whether {what} was made: somebody has to decide on its page", now + timedelta(hours=6)
    return f"it is not known whether {what} was made", max(row.look_at, soon)
