"""What would be made of one line of a panel's list: pure, but for the house that was read before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from billhead import clock
from billhead.actions.adopting._house import House, PlanHere, term_sold
from billhead.actions.catalogue.prices_for import PriceList
from billhead.actions.provisioning._desired import desired_of
from billhead.actions.provisioning._observed import comparable, enforced
from billhead.actions.subscriptions._services import new_handle, new_login
from billhead.domain.adoption import Guess, Seen, nearest
from billhead.domain.periods import local_date, start_of_day
from billhead.models.subscriptions import Service
from billhead.plugin import UNOBSERVABLE, Free, Impossible, LineKind, ListedLine, Observed
from billhead.plugin_host import vault

__all__ = ["Judged", "Refused", "judge"]

_LONGEST_NAME = 80


class Refused(Exception):
    """A line that is not adopted: a word for counting, and a sentence for the operator."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


@dataclass(slots=True)
class Judged:
    """`service` is the row to be added, without its keys; None for a line that is not adopted. `claimed`: it carries
    the reference of another Billhead."""

    line: ListedLine
    name: str
    said: Mapping[str, str]
    reseller: str = ""
    plan: PlanHere | None = None
    term: str = ""
    score: int | None = None
    paid_through: date | None = None
    writes: tuple[str, ...] = ()
    service: Service | None = None
    known: bool = False
    claimed: bool = False
    refused: Refused | None = None
    guess: Guess = field(default_factory=Guess)


def word_of(house: House, line: ListedLine) -> Mapping[str, str]:
    """What the operator said of this very line."""
    seen = line.observed
    for key in (f"remote_id:{line.remote_id}", f"login:{seen.login}", f"mac:{seen.mac}"):
        if key in house.mapping:
            return house.mapping[key]
    return {}


def opened(house: House, line: ListedLine) -> Judged:
    """Who it would belong to, before anything is decided."""
    said, seen = word_of(house, line), line.observed
    login = seen.login if isinstance(seen.login, str) else ""
    mac = seen.mac if isinstance(seen.mac, str) else ""
    name = said.get("name") or line.name or login or mac or line.remote_id
    owner = seen.owner if isinstance(seen.owner, str) else ""
    reseller = said.get("reseller") or house.owners.get(owner, "")
    return Judged(line, name[:_LONGEST_NAME], said, reseller)


def judge(house: House, one: Judged, prices: PriceList) -> None:
    """Fill in plan, term, paid time and the service's row, or why not."""
    try:
        if one.said.get("skip") == "yes":
            raise Refused("skipped", "the mapping file says so")
        _refuse_stopped(one.line.observed)
        _refuse_hanging(one.line.observed)
        one.paid_through, ends_at = _paid_through(house, one)
        _choose_plan(house, one)
        one.term = _term(house, one, prices)
        _draw_up(house, one, ends_at)
    except Refused as refused:
        one.refused = refused


def _refuse_stopped(seen: Observed) -> None:
    if seen.banned:
        raise Refused("banned", "it is banned by the panel's staff")
    if seen.blocked is True:
        raise Refused("blocked", "it is blocked on the panel: to adopt it would open it")


def _refuse_hanging(seen: Observed) -> None:
    """Its line's customer would pay twice: the panel runs the box along with what is paid for the line."""
    if isinstance(seen.follows, str):
        why = f"it hangs on {seen.follows} and runs as long as that does: it belongs to who has that line"
        raise Refused("paired", why)


def _paid_through(house: House, one: Judged) -> tuple[date, datetime]:
    """The first day that is not paid for, and until when the line stays as it is. A day begun is a day paid."""
    zone, ends = house.seller.zone, one.line.observed.expires_at
    if said := one.said.get("paid_through"):
        day = date.fromisoformat(said)
        ends_at = start_of_day(day, zone)
        if isinstance(ends, datetime) and local_date(ends, zone) in (day, day - timedelta(days=1)):
            ends_at = ends  # the same day said in another way: nothing is to be written
    elif isinstance(ends, datetime):
        ends_at, day = ends, local_date(ends, zone)
        if start_of_day(day, zone) < ends:
            day += timedelta(days=1)
    elif house.wish.unlimited_until is not None:
        day = house.wish.unlimited_until
        ends_at = start_of_day(day, zone)
    elif ends is UNOBSERVABLE:
        raise Refused("end_unknown", "the panel does not tell when it ends: say paid_through in the mapping file")
    else:
        raise Refused("never_ends", "it never ends: say paid_through in the mapping file, or until when such lines run")
    if ends_at <= clock.business_now():
        raise Refused("expired", f"it ended on {day}")
    return day, ends_at


def _choose_plan(house: House, one: Judged) -> None:
    if said := one.said.get("plan"):
        one.plan = house.plan_called(said)
        if one.plan is None:
            why = f"the plan {said} is not one line of this panel, or has bouquets that are not named on it"
            raise Refused("plan_not_here", why)
        if one.plan.candidate.kind != one.line.kind.value:
            raise Refused("other_kind", f"{said} is a plan for {one.plan.candidate.kind}, the line is {one.line.kind}")
        return
    guess = nearest(_seen(one.line), (here.candidate for here in house.plans.values()))
    one.guess, one.score = guess, guess.score
    if guess.tied:
        codes = ", ".join(house.plans[plan_id].plan.code for plan_id in guess.tied)
        raise Refused("several_plans", f"several plans fit equally well ({codes}): name one in the mapping file")
    if guess.plan_id is None:
        raise Refused("no_plan", f"no plan for {one.line.kind} lines of this panel can be compared with it")
    one.plan = house.plans[guess.plan_id]
    if guess.score < house.wish.least_score:
        raise Refused("far_plan", f"the nearest plan, {one.plan.plan.code}, fits at {guess.score} of 100 only")


def _seen(line: ListedLine) -> Seen:
    seen = line.observed
    return Seen(
        kind=line.kind.value,
        panel_plan=seen.plan if isinstance(seen.plan, str) else None,
        bouquets=seen.bouquets if isinstance(seen.bouquets, frozenset) else None,
        connections=seen.connections if isinstance(seen.connections, int) else None,
    )


def _term(house: House, one: Judged, prices: PriceList) -> str:
    assert one.plan is not None, "chosen before"
    plan = one.plan.plan
    said = one.said.get("term", "")
    term = term_sold(prices, plan, said or house.wish.term)
    if not term or (said and term != said):
        raise Refused("no_price", f"{plan.code} has no price for {said or 'any term'} in {house.seller.currency}")
    if one.reseller and prices.of(plan, term).credit_minor is None:
        raise Refused("no_credits", f"{plan.code} for {term} has no price in credits, so {one.reseller} can't renew it")
    return term


def _draw_up(house: House, one: Judged, ends_at: datetime) -> None:
    """The row as it will stand; what converge would do with it decides whether it may."""
    seen, line = one.line.observed, one.line
    assert one.plan is not None, "chosen before"
    service = Service(
        panel_id=house.view.id,
        kind=line.kind.value,
        handle=line.ref or new_handle(),
        handle_data=dict(seen.handle_data),
        login=seen.login if isinstance(seen.login, str) and seen.login else new_login(),
        # where the panel tells no password there is none to give, and none is written
        password=vault().encrypt(seen.password if isinstance(seen.password, str) else ""),
        mac=seen.mac if isinstance(seen.mac, str) and line.kind is not LineKind.STREAM else None,
        lifecycle="wanted",
        desired_plan=one.plan.candidate.panel_plan,
        desired_bouquets=list(one.plan.bouquets),
        desired_connections=one.plan.candidate.connections,
        desired_expires_at=ends_at,
        desired_blocked=False,
        trial=False,
        desired_version=1,
    )
    owner = house.owner_ids.get(house.resellers[one.reseller] if one.reseller else None, "")
    wanted = comparable(desired_of(service, house.view, owner=owner), seen, house.managed, clock.business_now())
    steps = enforced(house.view.module.plan(house.view.connection, wanted, seen), house.managed)
    for step in steps:
        if isinstance(step, Impossible):
            raise Refused("impossible", f"{step.field}: {step.why}")
        if not isinstance(step, Free):
            raise Refused("purchase", "to bring it in step would cost credit at the panel")
    one.writes = tuple(sorted({name for step in steps if isinstance(step, Free) for name in step.changes}))
    # our reference goes along with a change that is wanted anyway, as it will with the first renewal
    unasked = [name for name in one.writes if name not in house.wish.writes and house.managed.get(name) != "accept"]
    if unasked:
        why = f"to be in step with {one.plan.plan.code} it would need another {', '.join(unasked)}"
        raise Refused("would_write", why)
    one.service = service
