"""Add a plan, an add-on or a bundle to the catalogue, or change one. Who has it keeps its price and its lines."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._bundles import fill_bundle, fill_bundles_of
from billhead.actions.catalogue._carried import without_addon, without_screens
from billhead.actions.catalogue._customers_say import (
    HoldRules,
    checked_changes,
    checked_hold,
    checked_money,
    checked_open,
)
from billhead.actions.catalogue._details import checked_details
from billhead.actions.catalogue._entered import plan_entered, put_bouquets, put_regions
from billhead.actions.catalogue._versions import normal_term
from billhead.actions.subscriptions.cancel import POLICIES
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.periods import refuse_far
from billhead.domain.proration import ProrationMode
from billhead.models.catalogue import BundlePart, Plan
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["HoldRules", "PartEntry", "PlanEntry", "PlanSaved", "ServiceEntry", "preview_save_plan", "save_plan"]

LINES = {("stream",): "stream", ("mag",): "mag", ("enigma2",): "enigma2", ("mag", "stream"): "paired"}
_ADDONS = ("bouquet", "connection", "device")


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One line that a plan makes: on a panel, or on any of a group of panels."""

    kind: str
    panel: str
    panel_plan: str = ""


@dataclass(frozen=True, slots=True)
class PartEntry:
    """A part of a bundle; its share of the revenue is its weight in that of all."""

    plan: str
    weight: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """`kind` line: what it is follows from its lines. `addon_of`: the plans to which an add-on can be added.
    `country_rule` only or except, with `countries`: where it may be sold. `hold`: what its customers may do by
    themselves; None: only staff put it on hold. `cancel_money` and `cancel_day_counts`: as `subscriptions.cancel` has
    it, for a cancellation that says nothing else; `open_invoices` as `MoneyBack` has it, "": as the seller's rule.
    `changes`: when a change from it to another plan or term is made, immediate or end_of_term; "": as the prices have
    it. A rule between two plans goes before it."""

    code: str
    name: str
    kind: str  # line | bundle | bouquet | connection | device
    description: str = ""
    tax_class: str = "tv"
    family: str = ""
    tier: int = 0
    connections: int = 1
    services: tuple[ServiceEntry, ...] = ()
    bouquets: tuple[str, ...] = ()
    parts: tuple[PartEntry, ...] = ()
    addon_of: tuple[str, ...] = ()
    min_units: int = 1
    max_units: int = 1
    once_per_customer: bool = False
    mac_swaps: int | None = None
    rented: bool = False
    renewal_from: str = "later"
    cancel_policy: str = "end_of_term"
    cancel_money: str = "nothing"
    cancel_day_counts: bool = False
    open_invoices: str = ""
    changes: str = ""
    hold: HoldRules | None = None
    proration: str = "actual_days"
    fixed_term: str = ""
    season_ends_on: date | None = None
    then_plan: str = ""
    country_rule: str = ""
    countries: tuple[str, ...] = ()
    listed: bool = True


@dataclass(frozen=True, slots=True)
class PlanSaved:
    plan_id: int


def preview_save_plan(session: Session, plan_id: int) -> int:
    """How many subscriptions have the plan, alone or as a part: a new one of them gets what is saved."""
    part = SubscriptionComponent
    query = (
        select(func.count(func.distinct(part.subscription_id)))
        .join(Subscription, Subscription.id == part.subscription_id)
        .where(part.plan_id == plan_id, part.ends_on.is_(None), Subscription.state.not_in(["canceled", "expired"]))
    )
    return int(session.scalar(query) or 0)


@verb("catalogue.save_plan", permission="catalogue.write")
def save_plan(tx: Tx, seller_id: int, entry: PlanEntry, plan_id: int | None = None) -> PlanSaved:
    """Raises NotFound, InvalidInput (field and reason) and Conflict (the code is taken; a kind that is in use)."""
    session = tx.session
    plan = plan_entered(session, seller_id, plan_id, entry.code, entry.name)
    kind = _kind(entry)
    if plan_id is not None and plan.kind != kind and preview_save_plan(session, plan_id):
        raise Conflict(f"{plan.name} is in use as {plan.kind}", hint="add another plan, and retire this one")
    _check_rules(entry, kind)
    _check_season(session.get_one(Seller, plan.seller_id), entry.season_ends_on, plan.season_ends_on)
    _check_places(session, seller_id, entry)
    _check_carried(session, seller_id, entry, kind)
    plan.then_plan_id = _then(session, seller_id, entry, plan)
    plan.code, plan.name, plan.kind, plan.description = entry.code, entry.name.strip(), kind, entry.description.strip()
    plan.tax_class, plan.family, plan.tier = entry.tax_class, entry.family.strip(), entry.tier
    plan.connections, plan.listed = entry.connections, entry.listed
    plan.renewal_from, plan.cancel_policy, plan.proration = entry.renewal_from, entry.cancel_policy, entry.proration
    plan.fixed_term, plan.season_ends_on = normal_term(entry.fixed_term, "fixed_term"), entry.season_ends_on
    changed = {**put_regions(plan, entry.country_rule, entry.countries), **_put_details(plan, entry, kind)}
    if changed:
        note(tx, f"plan:{plan.id}" if plan.id else "", **changed)
    session.add(plan)
    session.flush()
    if kind == "bundle":
        _put_parts(session, seller_id, plan, entry)
        fill_bundle(session, plan)
    else:
        put_bouquets(session, plan, entry.bouquets)
        fill_bundles_of(session, plan)
    return PlanSaved(plan.id)


_USUAL = {"hold": None, "cancel_money": "nothing", "cancel_day_counts": False, "open_invoices": "", "changes": ""}


def _put_details(plan: Plan, entry: PlanEntry, kind: str) -> dict[str, Any]:
    """Returns what customers may do otherwise than before."""
    before = plan.details or {}
    after = plan.details = checked_details({**before, **_details(entry, kind)})
    told = {name: (before.get(name, usual), after.get(name, usual)) for name, usual in _USUAL.items()}
    return {name: {"before": was, "after": now} for name, (was, now) in told.items() if was != now}


def _kind(entry: PlanEntry) -> str:
    if entry.kind != "line":
        if entry.kind not in ("bundle", *_ADDONS):
            raise InvalidInput("kind", f"{entry.kind!r} can't be added here")
        return entry.kind
    found = LINES.get(tuple(sorted(service.kind for service in entry.services)))
    if found is None:
        raise InvalidInput("services", "use one stream, mag or enigma2, or a stream and a mag")
    return found


def _check_rules(entry: PlanEntry, kind: str) -> None:
    for field, value, choices in (
        ("cancel_policy", entry.cancel_policy, POLICIES[:3]),
        ("renewal_from", entry.renewal_from, ("expiry", "now", "later")),
        ("proration", entry.proration, tuple(mode.value for mode in ProrationMode)),
    ):
        if value not in choices:
            raise InvalidInput(field, f"{value!r} is not one of {', '.join(choices)}")
    if not 0 <= entry.tier <= 1000:
        raise InvalidInput("tier", "must be from 0 to 1000")
    if not 1 <= entry.min_units <= entry.max_units <= 1000:
        raise InvalidInput("max_units", "must be from 1 to 1000, and not below the least number")
    least = 0 if kind in ("bouquet", "device") else 1
    if not least <= entry.connections <= 1000:
        raise InvalidInput("connections", f"must be from {least} to 1000")
    if kind in _ADDONS and not entry.addon_of:
        raise InvalidInput("addon_of", "say to which plans it can be added")
    if kind == "bouquet" and not entry.bouquets:
        raise InvalidInput("bouquets", "say which bouquets it brings")
    refuse_far("season_ends_on", entry.season_ends_on, clock.latest_today())
    if entry.then_plan and not (entry.fixed_term or entry.season_ends_on):
        raise InvalidInput("then_plan", "nothing follows on what does not end", hint="give a fixed term or a season")


def _check_season(seller: Seller, ends_on: date | None, before: date | None) -> None:
    """One that is over already stays as it is; nobody enters another."""
    if ends_on is not None and ends_on != before and ends_on <= clock.today_in(seller.zone):
        raise InvalidInput("season_ends_on", f"must lie in the future, got {ends_on}")


def _check_places(session: Session, seller_id: int, entry: PlanEntry) -> None:
    panels = session.execute(select(Panel.code, Panel.group).where(Panel.seller_id == seller_id)).all()
    known = {code for code, _ in panels} | {group for _, group in panels if group}
    for service in entry.services:
        if service.panel not in known:
            raise InvalidInput("services", f"no panel or group of panels is called {service.panel!r}")


def _check_carried(session: Session, seller_id: int, entry: PlanEntry, kind: str) -> None:
    """What no panel gives is not sold: it would be paid, and nobody would have it."""
    lines = [{"kind": one.kind, "panel": one.panel} for one in entry.services]
    several = max(entry.connections, entry.max_units) > 1
    if several and (panel := without_screens(session, lines, by_unit=entry.max_units > 1)):
        raise InvalidInput("connections", f"a line on {panel} has no more connections than the panel gives it")
    if kind not in _ADDONS:
        return
    for plan in session.scalars(select(Plan).where(Plan.seller_id == seller_id, Plan.code.in_(entry.addon_of))):
        if panel := without_addon(session, plan.details.get("services", []), kind):
            raise InvalidInput("addon_of", f"{plan.name} has its lines on {panel}, which can't give them more of this")


def _then(session: Session, seller_id: int, entry: PlanEntry, plan: Plan) -> int | None:
    """The plan that follows. A circle of plans would never end."""
    if not entry.then_plan:
        return None
    then = session.scalar(select(Plan).where(Plan.seller_id == seller_id, Plan.code == entry.then_plan))
    if then is None:
        raise InvalidInput("then_plan", f"there is no plan {entry.then_plan!r}")
    step: Plan | None = then
    while step is not None:
        if step.id == plan.id or step.code == entry.code:
            raise InvalidInput("then_plan", f"{then.name} would lead back to {entry.name}")
        step = session.get(Plan, step.then_plan_id) if step.then_plan_id else None
    return then.id


def _details(entry: PlanEntry, kind: str) -> dict[str, Any]:
    details: dict[str, Any] = {"min_units": entry.min_units, "max_units": entry.max_units}
    if kind in _ADDONS:
        details["plans"] = list(entry.addon_of)
        if kind == "device":
            details["rented"] = entry.rented
    elif kind != "bundle":
        details["services"] = [
            {"kind": one.kind, "panel": one.panel, "panel_plan": one.panel_plan}
            # a box hangs on the stream line before it, however they were written down
            for one in sorted(entry.services, key=lambda one: one.kind != "stream")
        ]
        details["once_per_customer"] = entry.once_per_customer
        details["mac_swaps"] = entry.mac_swaps
    if kind not in _ADDONS:
        details["hold"] = checked_hold(entry.hold)
        details["cancel_money"] = checked_money(entry.cancel_money)
        details["cancel_day_counts"] = entry.cancel_day_counts
        details["open_invoices"] = checked_open(entry.open_invoices)
        details["changes"] = checked_changes(entry.changes)
    return details


def _put_parts(session: Session, seller_id: int, plan: Plan, entry: PlanEntry) -> None:
    if len(entry.parts) < 2:
        raise InvalidInput("parts", "a bundle has two parts or more")
    known = {row.code: row for row in session.scalars(select(Plan).where(Plan.seller_id == seller_id))}
    seen: set[str] = set()
    lines = 0
    for one in entry.parts:
        part = known.get(one.plan)
        if part is None or part.kind == "bundle" or part.id == plan.id:
            raise InvalidInput("parts", f"{one.plan!r} is no plan or add-on that can be part of a bundle")
        if one.plan in seen:
            raise InvalidInput("parts", f"{one.plan} stands there twice", hint="give it a quantity")
        if one.weight < 0 or not 1 <= one.quantity <= 20:
            raise InvalidInput("parts", f"{one.plan}: weights are from 0 up, quantities from 1 to 20")
        seen.add(one.plan)
        lines += len(part.details.get("services", [])) * one.quantity
    if not sum(one.weight for one in entry.parts):
        raise InvalidInput("parts", "one of the weights must be above zero")
    if not 1 <= lines <= 20:
        raise InvalidInput("parts", f"together they make so many lines: {lines}; it must be 1 to 20")
    session.execute(delete(BundlePart).where(BundlePart.bundle_id == plan.id))
    session.add_all(
        [
            BundlePart(bundle_id=plan.id, plan_id=known[one.plan].id, quantity=one.quantity, weight=one.weight)
            for one in entry.parts
        ]
    )
