"""Add an event or a rental to the catalogue, or change one: what is bought once on a running subscription."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._details import checked_details
from billhead.actions.catalogue._entered import plan_entered, put_bouquets, put_regions
from billhead.actions.catalogue._for_everybody import books_of
from billhead.actions.catalogue._versions import Tag, add_version, latest_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.counted import counted
from billhead.domain.entitlement import State
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.entitlements import Entitlement

__all__ = ["KINDS", "SingleSale", "SingleSaleSaved", "save_single_sale"]

KINDS = ("ppv", "rental")
_LONGEST_HOURS = 24 * 3660


@dataclass(frozen=True, slots=True)
class SingleSale:
    """`ppv`: an event, whose bouquets are on from `starts` to `ends` (instants). `rental`: for `hours` from the moment
    it is paid, and `uses` of them for a pass, counted in `unit`. `prices` in the books for everybody: what is there and
    not named keeps its price."""

    code: str
    name: str
    kind: str
    description: str = ""
    tax_class: str = "tv"
    bouquets: tuple[str, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    hours: int = 0
    uses: int = 0
    unit: str = ""
    on_bill: bool = False
    country_rule: str = ""
    countries: tuple[str, ...] = ()
    prices: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class SingleSaleSaved:
    plan_id: int


@verb("catalogue.save_single_sale", permission="catalogue.write")
def save_single_sale(tx: Tx, seller_id: int, entry: SingleSale, plan_id: int | None = None) -> SingleSaleSaved:
    """Raises NotFound, InvalidInput (field and reason), and Conflict: the code is taken, or it has buyers, who keep
    the time that they bought."""
    session = tx.session
    plan = plan_entered(session, seller_id, plan_id, entry.code, entry.name)
    if entry.kind not in KINDS or (plan_id is not None and plan.kind != entry.kind):
        raise InvalidInput("kind", f"{entry.kind!r} can't be added here")
    details = _window(entry, session.get(Plan, plan_id) if plan_id is not None else None)
    _refuse_for_buyers(session, plan, details)
    plan.code, plan.name, plan.kind, plan.description = entry.code, entry.name.strip(), entry.kind, entry.description
    plan.tax_class, plan.listed = entry.tax_class, False
    before = {name: (plan.details or {}).get(name) for name in details}
    moved = {name: {"before": before[name], "after": value} for name, value in details.items() if value != before[name]}
    note(tx, f"plan:{plan.id}" if plan.id else "", **put_regions(plan, entry.country_rule, entry.countries), **moved)
    plan.details = checked_details({**(plan.details or {}), **details})
    session.add(plan)
    session.flush()
    put_bouquets(session, plan, entry.bouquets)
    for amount in entry.prices:
        _put_price(tx, plan, amount)
    return SingleSaleSaved(plan.id)


def _window(entry: SingleSale, before: Plan | None) -> dict[str, Any]:
    if entry.kind == "rental":
        if not 1 <= entry.hours <= _LONGEST_HOURS:
            raise InvalidInput("hours", f"must be from 1 to {_LONGEST_HOURS}: so long it may be watched")
        if not 0 <= entry.uses <= 10_000:
            raise InvalidInput("uses", "must be from 0 to 10000")
        return {"hours": entry.hours, "uses": entry.uses, "unit": entry.unit.strip(), "on_bill": entry.on_bill}
    if entry.starts is None or entry.ends is None:
        raise InvalidInput("starts" if entry.starts is None else "ends", "is missing")
    if entry.ends <= entry.starts:
        raise InvalidInput("ends", "is not after the beginning")
    kept = before is not None and before.details.get("ends") == entry.ends.isoformat()
    if entry.ends <= clock.business_now() and not kept:
        raise InvalidInput("ends", "has passed: nobody could buy it")
    if not entry.bouquets:
        raise InvalidInput("bouquets", "say which bouquets it brings")
    window = {"starts": entry.starts.isoformat(), "ends": entry.ends.isoformat()}
    return {**window, "on_bill": entry.on_bill}


def _refuse_for_buyers(session: Session, plan: Plan, details: dict[str, Any]) -> None:
    """Who has an event was told when it is, and who was offered a rental, how long: neither changes behind them."""
    timed = {name: value for name, value in details.items() if name in ("starts", "ends", "hours", "uses")}
    if plan.id is None or all(plan.details.get(name) == value for name, value in timed.items()):
        return
    states = [State.OFFERED.value, *([State.ACTIVE.value] if plan.kind == "ppv" else [])]
    count = session.scalar(
        select(func.count())
        .select_from(Entitlement)
        .where(Entitlement.plan_id == plan.id, Entitlement.state.in_(states))
    )
    if count:
        raise Conflict(
            counted(
                count,
                f"{count} has bought it, or is about to: its time stays",
                f"{count} have bought it, or are about to: its time stays",
            ),
            hint="call it off, and add another one",
        )


def _put_price(tx: Tx, plan: Plan, amount: Money) -> None:
    book = books_of(tx.session, plan.seller_id).get(amount.currency)
    if book is None:
        raise InvalidInput("prices", f"there is no price book for everybody in {amount.currency}")
    before = latest_of(tx.session, book, plan, "")
    if before is not None and before.amount_minor == amount.minor:
        return
    credits = before.credit_minor if before is not None else None
    add_version(
        tx, book, plan, "", Tag(amount.minor, credit_minor=credits), valid_from=None, existing_from=None
    )  # fmt: skip
