"""What judging a panel's lines needs of our own house, read once: plans as they look there, prices, resellers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.adopting._wish import AdoptionWish
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.provisioning._desired import PanelView, panel_view
from billhead.actions.provisioning._owners import owners_on
from billhead.domain.adoption import Candidate
from billhead.domain.due import days_ahead
from billhead.domain.periods import Term, by_length
from billhead.models.adoptions import Adoption
from billhead.models.catalogue import Plan, PlanBouquet
from billhead.models.panels import Panel, PanelOwner
from billhead.models.people import Reseller
from billhead.models.sellers import Seller

__all__ = ["House", "PlanHere", "open_house", "prices_of", "term_sold"]


@dataclass(frozen=True, slots=True)
class PlanHere:
    """A plan that one line of this panel can serve. `bouquets` are ours, as the service's row holds them."""

    plan: Plan
    candidate: Candidate
    bouquets: tuple[int, ...]

    def lead_days(self, term: str, seller: Seller) -> int:
        """How long before the end a renewal by hand is offered."""
        days = self.plan.lead_days
        return days_ahead(int(days.get(term, days.get("", seller.lead_days))), Term.parse(term))


@dataclass(slots=True)
class House:
    """Holds no session. `managed` is the panel's policy as it will be once the lines are adopted."""

    adoption_id: int
    dry_run: bool
    wish: AdoptionWish
    mapping: Mapping[str, Mapping[str, str]]
    view: PanelView
    managed: dict[str, str]
    seller: Seller
    plans: dict[int, PlanHere]
    resellers: dict[str, int]
    owners: Mapping[str, str]  # the panel's id of a reseller → our reseller's code: as named on the panel, or as wished
    owner_ids: Mapping[int | None, str]  # and back, for what a line's owner should be
    prices: dict[int | None, PriceList] = field(default_factory=dict)

    def plan_called(self, code: str) -> PlanHere | None:
        return next((one for one in self.plans.values() if one.plan.code == code), None)


def open_house(session: Session, adoption: Adoption) -> House:
    """Raises NotFound or InvalidInput where the panel's module or settings can't be used."""
    panel = session.get_one(Panel, adoption.panel_id)
    seller = session.get_one(Seller, panel.seller_id)
    view, wish = panel_view(session, panel), AdoptionWish.from_json(adoption.wish)
    managed = dict(view.managed)
    if "note" not in wish.writes:
        managed.setdefault("note", "accept")
    named = (
        select(PanelOwner.remote, Reseller.code)
        .join(Reseller, Reseller.id == PanelOwner.reseller_id)
        .where(Reseller.seller_id == seller.id)
    )
    resellers = select(Reseller.code, Reseller.id).where(Reseller.seller_id == seller.id)
    return House(
        adoption_id=adoption.id,
        dry_run=adoption.dry_run,
        wish=wish,
        mapping=adoption.mapping,
        view=view,
        managed=managed,
        seller=seller,
        plans={one.plan.id: one for one in _plans_here(session, panel, view)},
        resellers=dict(session.execute(resellers).all()),
        owners={**dict(session.execute(named.where(PanelOwner.panel_id == panel.id)).all()), **wish.owners},
        owner_ids=owners_on(session, view),
    )


def _plans_here(session: Session, panel: Panel, view: PanelView) -> list[PlanHere]:
    """Plans of one line that this panel serves, with all their bouquets named on it."""
    bouquets: dict[int, list[int]] = {}
    for plan_id, bouquet_id in session.execute(select(PlanBouquet.plan_id, PlanBouquet.bouquet_id)):
        bouquets.setdefault(plan_id, []).append(bouquet_id)
    here = []
    for plan in session.scalars(select(Plan).where(Plan.seller_id == panel.seller_id, Plan.retired.is_(False))):
        templates = plan.details.get("services", [])
        if len(templates) != 1 or templates[0]["panel"] not in (panel.code, panel.group):
            continue
        template = templates[0]
        # a panel that knows plans brings the plan's bouquets by itself
        ours = () if template["panel_plan"] else tuple(sorted(bouquets.get(plan.id, ())))
        if all(bouquet in view.bouquets for bouquet in ours):
            remote = frozenset(view.bouquets[bouquet] for bouquet in ours)
            connections = plan.connections if template["kind"] == "stream" else 1
            candidate = Candidate(plan.id, template["kind"], template["panel_plan"], remote, connections)
            here.append(PlanHere(plan, candidate, ours))
    return here


def prices_of(session: Session, house: House, reseller_id: int | None) -> PriceList:
    """What an adopted customer of this reseller (None: of ours) would be sold things at."""
    if reseller_id not in house.prices:
        seller = house.seller
        today = clock.today_in(seller.zone)
        audience = Audience(seller.id, seller.currency, seller.country, today, reseller_id=reseller_id)
        house.prices[reseller_id] = prices_for(session, audience)
    return house.prices[reseller_id]


def term_sold(prices: PriceList, plan: Plan, wanted: str) -> str:
    """The wanted term if the plan is sold for it, else the shortest; "" when it is not sold by term at all."""
    terms = [term for plan_id, term in prices if plan_id == plan.id and term]
    if wanted in terms:
        return wanted
    return min(terms, key=by_length, default="")
