"""Credits that are set aside while nobody knows yet whether the panel does what they pay for.

    held → captured     every line is in step: the credits are consumed, and the subscription moves on
    held → released     proven that there is nothing to pay for: the credits go back into the lots that gave them;
                        a new order is canceled with its lines, a renewal's dates are put back
    held                as long as the panel does not answer, or staff have to mend something first

`settle_holds` is asked whenever the convergence of a line is recorded, in the same transaction. Whoever changes a hold
has locked its subscription.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.provisioning._stepping import Answer
from billhead.actions.provisioning.want import want
from billhead.actions.resellers._changed_parts import carry, stored, taken_by, undo_parts
from billhead.actions.resellers._coming_back import give_back, lock_payers
from billhead.actions.resellers._uses import note_use
from billhead.actions.resellers._wallet import book, put_back, repay, share_of, take, wallet, without
from billhead.actions.shops._supplying import supply_settled
from billhead.actions.subscriptions._shape import put_shapes, reshape
from billhead.actions.subscriptions._state import live_services, move, record
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period, start_of_day
from billhead.domain.subscription import Event, State
from billhead.models.credits import CreditHold
from billhead.models.people import Reseller
from billhead.models.subscriptions import Service, Subscription

__all__ = [
    "Purchase",
    "held_for",
    "hold_and_extend",
    "purchase_open",
    "purchases_open",
    "refuse_while_held",
    "return_unused",
    "settle_holds",
]

_BEGINS = {(State.PENDING, "trial"): Event.START_TRIAL, (State.PENDING, "recurring"): Event.ACTIVATE,
           (State.TRIAL, "recurring"): Event.ACTIVATE, (State.EXPIRED, "recurring"): Event.RENEW}  # fmt: skip
_asked, _paying = aliased(Service), aliased(Service)
_HELD_FOR = (  # made once: it is asked for every line that is brought in step
    select(CreditHold, _asked.subscription_id)
    .join(_paying, _paying.id == CreditHold.service_id)
    .join(_asked, _asked.subscription_id == _paying.subscription_id)
    .where(_asked.id == bindparam("service_id"), CreditHold.state == "held")
)
_LATER = ("renewal", "change")  # what stood before it is put back when it can't be done
SUPPLY = "supply"
"""For what a customer of the reseller's shop has paid by invoice."""
_DATES = ("anchor", "phase_ends_on", "billed_through", "paid_through")


@dataclass(frozen=True, slots=True)
class Purchase:
    """What credits are held for. `kind`: order, trial, renewal, change or supply. `more` is kept with the hold."""

    kind: str
    amount: Money
    period: Period
    anchor: date
    more: Mapping[str, Any] = field(default_factory=dict)


def hold_and_extend(tx: Tx, reseller: Reseller, subscription: Subscription, bought: Purchase) -> CreditHold:
    """Hold the credits and want the lines until the end of the period. Reseller and subscription are locked.

    Raises Conflict when an earlier purchase is not settled yet, when there is no line, or too few credits.
    """
    lines = live_services(tx, subscription)
    if not lines:
        raise Conflict("this subscription has no line any more", hint="order a new one")
    refuse_while_held(tx, subscription)
    dates = {name: _text(getattr(subscription, name)) for name in _DATES}
    held = CreditHold(
        reseller_id=reseller.id,
        service_id=lines[0].id,
        amount_minor=bought.amount.minor,
        created_at=clock.now(),
        details={
            **bought.more,
            "kind": bought.kind,
            "sold_on": clock.today_in(subscription.zone).isoformat(),
            "start": bought.period.start.isoformat(),
            "end": bought.period.end.isoformat(),
            "before": {"phase": subscription.phase, "zone": subscription.zone, **dates},
            "lines": {str(line.id): [_text(line.desired_expires_at), line.trial] for line in lines},
        },
    )
    tx.session.add(held)
    tx.session.flush()
    if bought.amount:
        key = f"credits_held:{held.id}"
        taken = take(tx, reseller, bought.amount, key)
        held.details = {**held.details, "taken": stored(taken)}
        held.entry_id = _moved(tx, reseller, held, key, AccountCode.CREDITS_AVAILABLE, AccountCode.CREDITS_HELD)
    if bought.kind != SUPPLY:  # there an invoice has moved it on
        _advance(subscription, bought)
    # no grace after it, as an invoice has for who pays late: nobody is late with credits
    expires = start_of_day(bought.period.end, subscription.zone)
    for line in lines:
        # an order of a shop that comes late takes nothing from what a later one has given
        later = line.desired_expires_at if bought.kind == SUPPLY else None
        want(tx, line, desired_expires_at=max(later or expires, expires), trial=subscription.phase == "trial")
    return held


def refuse_while_held(tx: Tx, subscription: Subscription) -> None:
    """Raises Conflict while an earlier purchase is not settled."""
    lines = live_services(tx, subscription)
    if lines and held_for(tx, lines[0].id) is not None:
        raise purchase_open()


def purchases_open(tx: Tx, lines: Mapping[int, Sequence[Service]]) -> set[int]:
    """Of subscriptions, locked, by id with their lines: those that `refuse_while_held` refuses."""
    with_lines = [key for key, found in lines.items() if found]
    held = select(Service.subscription_id).join(CreditHold, CreditHold.service_id == Service.id)
    open_ones = held.where(Service.subscription_id.in_(with_lines), CreditHold.state == "held")
    return set(tx.session.scalars(open_ones.distinct()))


def purchase_open() -> Conflict:
    return Conflict(
        "what was bought before for this subscription is not settled yet: its panel has not answered",
        code="purchase_open",
        hint="wait for the panel; nothing is taken twice",
    )


def held_for(tx: Tx, service_id: int) -> CreditHold | None:
    """The open hold of a line's subscription, if it has one, with the subscription locked.

    To be asked before the line itself is locked: everybody locks the subscription first.
    """
    found = tx.session.execute(_HELD_FOR, {"service_id": service_id}).first()
    if found is None:
        return None
    held, subscription_id = found
    tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    tx.session.refresh(held)
    return held if held.state == "held" else None


def settle_holds(tx: Tx, held: CreditHold | None, service: Service, answer: Answer | None = None) -> None:
    """Capture or release a hold if it is known now what came of it; `answer` is what its panel said last."""
    if held is None:
        return
    subscription = tx.session.get_one(Subscription, service.subscription_id)
    ids = [int(line_id) for line_id in held.details["lines"]]
    lines = tx.session.scalars(select(Service).where(Service.id.in_(ids)).order_by(Service.id)).all()
    if answer is not None and service.lifecycle == "wanted" and _refused(held, service, answer):
        if held.details["kind"] in (*_LATER, SUPPLY):
            _release(tx, held, subscription, answer.error)
            return
        _withdraw(tx, subscription, lines, service)
    if all(_is_away(line) for line in lines):
        _release(tx, held, subscription, answer.error if answer else "")
    elif all(_in_step(line) for line in lines):
        _capture(tx, held, subscription)


def return_unused(tx: Tx, held: CreditHold, amount: Money) -> None:
    """Give back a part of captured credits; the caller ends what they paid for, and has locked who paid it."""
    service = tx.session.get_one(Service, held.service_id)
    subscription = tx.session.get_one(Subscription, service.subscription_id)
    shares = share_of(taken_by(held), amount)
    give_back(tx, lock_payers(tx, subscription), held, subscription, shares, f"credits_returned:{held.id}")
    held.details = {**held.details, "returned_minor": amount.minor, "taken": stored(without(taken_by(held), shares))}


def _refused(held: CreditHold, service: Service, answer: Answer) -> bool:
    """Proven that it will not be done: nothing of ours is there, a change is not possible, or a renewal has not moved
    the line's end.

    A line that is there, but lacks something, keeps its credits held: staff mend it, or somebody cancels it.
    """
    if answer.sync != "impossible" and not answer.foreign:
        return False
    if answer.observed is None or held.details["kind"] == "change":
        return True
    before, shown = held.details["lines"][str(service.id)][0], answer.observed.expires_at
    if held.details["kind"] != "renewal" and not (held.details["kind"] == SUPPLY and before is not None):
        return False
    extended = isinstance(shown, datetime) and (before is None or shown > datetime.fromisoformat(before))
    return not extended


def _is_away(line: Service) -> bool:
    """Gone, or never there: a line that is not wanted and not paid for is asked of no panel."""
    return line.lifecycle == "gone" or (line.lifecycle == "unwanted" and line.desired_expires_at is None)


def _in_step(line: Service) -> bool:
    return line.lifecycle == "wanted" and line.sync == "ok" and line.converged_version == line.desired_version


def _withdraw(tx: Tx, subscription: Subscription, lines: Sequence[Service], refused: Service) -> None:
    """An order that can't be fulfilled is none; what was made of it already is taken off its panel again."""
    today = clock.today_in(subscription.zone)
    subscription.billing_ends_on = subscription.service_ends_on = today
    move(tx, subscription, Event.CANCEL, today)
    want(tx, refused, lifecycle="unwanted", desired_expires_at=None)
    for line in lines:
        if line.lifecycle == "wanted":
            want(tx, line, lifecycle="unwanted")
    data = {"subscription_id": subscription.id, "ends_on": today.isoformat()}
    emit(tx, "subscription.canceled", f"subscription:{subscription.id}", data)


def _capture(tx: Tx, held: CreditHold, subscription: Subscription) -> None:
    held.state = "captured"
    payers = lock_payers(tx, subscription)  # whoever may act now: credits are settled for the suspended too
    reseller = payers[held.reseller_id]
    key = f"credits_captured:{held.id}"
    _moved(tx, reseller, held, key, AccountCode.CREDITS_HELD, AccountCode.CREDITS_CONSUMED)
    note_use(tx, held, "bought", taken_by(held))
    if "carried" in held.details:
        carry(tx, held, subscription, payers)
    on = date.fromisoformat(held.details["start"])
    if held.details["kind"] == SUPPLY:
        supply_settled(tx, held.id, "supplied")
    elif event := _BEGINS.get((State(subscription.state), subscription.phase)):
        move(tx, subscription, event, on)
    record(tx, subscription, "paid_by_credits", on, hold_id=held.id, until=held.details["end"])


def _release(tx: Tx, held: CreditHold, subscription: Subscription, why: str) -> None:
    held.state = "released"
    reseller = lock_payers(tx, subscription)[held.reseller_id]
    key = f"credits_released:{held.id}"
    _moved(tx, reseller, held, key, AccountCode.CREDITS_HELD, AccountCode.CREDITS_AVAILABLE)
    put_back(tx, taken_by(held))
    repay(tx, reseller, key)
    if "parts" in held.details:
        undo_parts(tx, held, subscription)
    if held.details["kind"] == "change":
        reshape(tx, subscription)
    if held.details["kind"] in _LATER:
        _put_dates_back(tx, held, subscription)
    if held.details["kind"] == SUPPLY:
        _put_lines_back(tx, held, subscription)
        supply_settled(tx, held.id, "refused", why)
    today = clock.today_in(subscription.zone)
    record(tx, subscription, "credits_released", today, hold_id=held.id, why=why[:300])


def _put_dates_back(tx: Tx, held: CreditHold, subscription: Subscription) -> None:
    before = held.details["before"]
    subscription.phase, subscription.zone = before["phase"], before["zone"]
    for name in _DATES:
        setattr(subscription, name, date.fromisoformat(before[name]) if before[name] else None)
    subscription.version += 1
    _put_lines_back(tx, held, subscription)


def _put_lines_back(tx: Tx, held: CreditHold, subscription: Subscription) -> None:
    """A line that was new has no time to go back to: then it is asked of no panel."""
    is_new = held.details["kind"] == SUPPLY
    put_shapes(tx, subscription, held.details.get("shapes", {}))
    for line in live_services(tx, subscription):
        expires, trial = held.details["lines"].get(str(line.id), (None, line.trial))
        if expires is not None or is_new:
            want(tx, line, desired_expires_at=datetime.fromisoformat(expires) if expires else None, trial=trial)


def _advance(subscription: Subscription, bought: Purchase) -> None:
    end, trial = bought.period.end, bought.kind == "trial"
    subscription.phase = "trial" if trial else "recurring"
    subscription.phase_ends_on = end if trial else subscription.phase_ends_on
    subscription.anchor = bought.anchor
    subscription.billed_through = subscription.paid_through = end
    subscription.version += 1


def _moved(tx: Tx, reseller: Reseller, held: CreditHold, key: str, out: AccountCode, into: AccountCode) -> int | None:
    """Book the held credits from one of the reseller's accounts to another; an order that costs none books none."""
    amount = Money(held.amount_minor, CREDITS)
    if not amount:
        return None
    legs = [debit(out, amount, wallet(reseller)), credit(into, amount, wallet(reseller))]
    service = tx.session.get_one(Service, held.service_id)
    return book(tx, reseller, key.partition(":")[0], key, legs, subscription_id=service.subscription_id)


def _text(value: Any) -> str | None:
    return value.isoformat() if value is not None else None
