"""Turn a proforma into its invoice: the moment that fixes the period, because now it is paid (or costs nothing)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._bridge import anchor_of_order
from billhead.actions.billing._calendars import move_anchor
from billhead.actions.billing._coupons import begin_redeemed, used_of_proforma
from billhead.actions.billing._late_part import cheaper_by, days_left
from billhead.actions.billing._limits import ends_on, lasts, limit_time, part_ends
from billhead.actions.billing._offered_anew import offer_anew
from billhead.actions.billing._rated import Advance, CouponUsed, LineDetail, Rated, RatedLine, Share
from billhead.actions.billing._reading import read_buyers
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.coupons._entering import lock_orders
from billhead.actions.documents._line_taxes import line_taxes
from billhead.actions.subscriptions._never_paid import end_unpaid
from billhead.actions.subscriptions._settle_change import offered_change, settle_change
from billhead.db import Tx
from billhead.domain.document import PROFORMA_TRANSITIONS, Kind, ProformaEvent, ProformaState
from billhead.domain.due import days_ahead, offered_on
from billhead.domain.errors import Conflict
from billhead.domain.periods import Period, Term, anchor_from, anchor_on_day, cycle, cycle_index
from billhead.domain.state import next_state
from billhead.domain.subscription import TRANSITIONS, Event, State
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription, SubscriptionEvent

__all__ = ["preview_settle_proforma", "settle_proforma"]

_TIMED = ("recurring", "trial")


class _Periods(NamedTuple):
    """What the proforma's term becomes, and the whole cycle in which that lies."""

    billed: Period
    whole: Period


_BEGINS = {(State.PENDING, "trial"): Event.START_TRIAL, (State.PENDING, "recurring"): Event.ACTIVATE,
           (State.TRIAL, "recurring"): Event.ACTIVATE, (State.EXPIRED, "recurring"): Event.RENEW}  # fmt: skip


def settle_proforma(tx: Tx, proforma_id: int, *, whole: bool = False) -> int | None:
    """Issue the invoice of an open (or expired) proforma and move its subscriptions on; returns the invoice's id.

    The proforma of a change makes the change. A subscription whose time is over by now (it or its season has ended, or
    a part of a period was ordered that has passed) is left out: its money is the customer's credit, and an order that
    never began ends. None where nothing is left, or the change can't be made any more.

    The invoice has the proforma's lines and amounts, so that it equals what was paid, with the period fixed by the
    rule of each subscription's plan (from expiry, from now, or the later); a part of a period costs what its days cost
    that are left. It is open: whoever calls books the payment on it, sets what is paid through, and extends the lines;
    an invoice over 0.00 is paid and done with at once.
    Raises IllegalTransition for a proforma that is settled or void; `whole`: also Conflict ("subscription_ended")
    instead of leaving anything out, where no money has come that could be credit.
    """
    session = tx.session
    session.flush()
    proforma = session.get_one(Document, proforma_id, with_for_update=True, populate_existing=True)
    if proforma.kind != Kind.PROFORMA:
        raise Conflict(f"document {proforma_id} is no proforma: there is nothing to settle")
    proforma.state = next_state(PROFORMA_TRANSITIONS, ProformaState(proforma.state), ProformaEvent.SETTLE).value
    proforma.settled_minor = proforma.total_minor
    change = offered_change(session, proforma_id)
    if change is not None:
        return settle_change(tx, proforma, change)
    rows = session.scalars(
        select(DocumentLine).where(DocumentLine.document_id == proforma_id).order_by(DocumentLine.position)
    ).all()
    parts = _parts(tx, proforma, rows, whole)
    if not parts:
        return None
    only = parts[0] if len(parts) == 1 else None
    lines = tuple([line for part in parts for line in part.lines])
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    seller = session.get_one(Seller, proforma.seller_id)
    issued_on = clock.today_in(seller.zone)
    taxes: dict[str, int] = {}
    for code, _, minor in (tax for line in lines for tax in line_taxes(line)):
        taxes[code] = taxes.get(code, 0) + minor
    rated = Rated(
        "invoice",
        proforma.seller_id,
        proforma.customer_id,
        only.subscription_id if only else None,
        None,
        proforma.currency,
        issued_on,
        issued_on + timedelta(days=seller.terms_days),
        lines,
        net,
        tax,
        net + tax,
        tuple((code, minor) for code, minor in taxes.items() if minor),
        (),
        read_buyers(session, [proforma.customer_id])[proforma.customer_id].party,
        False,
        only.advance if only else None,
        proforma_id=proforma_id,
        notes=tuple(proforma.notes),
        tax_inclusive=proforma.tax_inclusive,
        shares=() if only else tuple(Share(one.subscription_id, None, one.advance, len(one.lines)) for one in parts),
        used=tuple(used for part in parts for used in part.used),
    )
    return issue_invoice(tx, rated).document_id


def preview_settle_proforma(session: Session, proforma_id: int) -> dict[int, Period]:
    """Which period each subscription on the proforma gets if it is paid now; those that have ended get none.

    A change bills days of the period that runs, and begins none.
    """
    if offered_change(session, proforma_id) is not None:
        return {}
    query = select(DocumentLine).where(DocumentLine.document_id == proforma_id, DocumentLine.kind.in_(_TIMED))
    found: dict[int, Period] = {}
    for line in session.scalars(query.order_by(DocumentLine.position)):
        if line.subscription_id is None or line.subscription_id in found:
            continue
        subscription = session.get_one(Subscription, line.subscription_id)
        if subscription.state == State.CANCELED:
            continue
        plan = session.get_one(Plan, subscription.plan_id)
        customer = session.get_one(Customer, subscription.customer_id)
        _, whole, start = _whole(session, subscription, customer, plan, line)
        limits = (
            subscription.billing_ends_on,
            _limit(subscription, plan, line, whole, start),
            part_ends(session, subscription.id, start),
        )
        ends = [end for end in limits if end]
        if min([whole.end, *ends]) > start:
            found[subscription.id] = Period(start, min([whole.end, *ends]))
    return found


def _limit(subscription: Subscription, plan: Plan, line: DocumentLine, whole: Period, start: date) -> date | None:
    if subscription.billed_through is not None:
        return None
    return ends_on(plan, whole.end if line.kind == "trial" else start)


class _Part(NamedTuple):
    """One subscription's lines on the proforma (or those of none), and what becomes of it."""

    subscription_id: int | None
    lines: list[RatedLine]
    advance: Advance | None
    used: tuple[CouponUsed, ...]


def _parts(tx: Tx, proforma: Document, rows: Sequence[DocumentLine], whole: bool) -> list[_Part]:
    """In the order of the lines; those whose time is over are left out, unless the whole is wanted. The subscriptions
    are locked in the order of their ids, as everybody does it."""
    whose: dict[int | None, list[DocumentLine]] = {}
    for row in rows:
        whose.setdefault(row.subscription_id, []).append(row)
    if len(whose) > 1:
        lock_orders(tx, [key for key in whose if key is not None])
    done: dict[int | None, _Part] = {}
    late: list[int] = []
    for key in sorted(whose, key=lambda found: found or 0):
        try:
            with tx.session.begin_nested():
                periods, advance = _moved_on(tx, proforma, key, whose[key])
        except Conflict as refused:
            if whole or key is None or refused.code != "subscription_ended":
                raise
            if not end_unpaid(tx, key, "paid too late"):
                late.append(key)
            continue
        ordered = [_line(row, periods) for row in whose[key]]
        lines = days_left(tx.session, ordered, proforma)
        used = tuple(cheaper_by(_used(tx, proforma, key, periods), ordered, lines))
        done[key] = _Part(key, lines, advance, used)
    for key in late:
        _offer_again(tx, key)
    return [done[key] for key in whose if key in done]


def _offer_again(tx: Tx, subscription_id: int) -> None:
    """The part until the account's billing day was paid when it was over: what is left today is offered next."""
    subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    today, ends_on = clock.today_in(subscription.zone), subscription.billing_ends_on
    running = subscription.state != State.CANCELED and (ends_on is None or ends_on > today)
    if running and tx.session.get_one(Customer, subscription.customer_id).billing_day is not None:
        offer_anew(tx, subscription)


def _used(tx: Tx, proforma: Document, subscription_id: int | None, periods: _Periods | None) -> tuple[CouponUsed, ...]:
    if subscription_id is None:
        return ()
    begin_redeemed(tx.session, subscription_id)
    whole = periods and (periods.whole.start, periods.whole.end)
    return used_of_proforma(tx.session, {}, proforma.id, subscription_id, whole)


def _line(row: DocumentLine, periods: _Periods | None) -> RatedLine:
    # A discount belongs to the period that it makes cheaper; set-up and one-off charges to none.
    timed = row.kind in _TIMED or row.kind.startswith("discount")
    return RatedLine(
        row.component_id,
        row.price_id,
        row.plan_id,
        row.kind,
        row.description,
        row.term,
        periods.billed.start if periods and timed else None,
        periods.billed.end if periods and timed else None,
        row.quantity,
        row.unit_minor,
        row.net_minor,
        row.tax_minor,
        row.tax_code,
        row.tax_rate_ppm,
        _detail(row, periods if timed else None),
        row.tax_class,
    )


def _detail(row: DocumentLine, periods: _Periods | None) -> LineDetail:
    detail = LineDetail(
        discount_minor=row.discount_minor,
        discount_code=row.discount_code,
        taxes=tuple((code, ppm, minor) for code, ppm, minor in row.taxes or ()),
    )
    if periods is None or periods.billed == periods.whole:
        return detail
    whole = row.unit_minor * row.quantity - row.discount_minor if row.cycle_minor is None else row.cycle_minor
    return detail._replace(cycle=(periods.whole.start, periods.whole.end), cycle_minor=whole)


def _moved_on(
    tx: Tx, proforma: Document, subscription_id: int | None, lines: Sequence[DocumentLine]
) -> tuple[_Periods | None, Advance | None]:
    """The period that the proforma's term becomes, and its subscription after it."""
    timed = [line for line in lines if line.kind in _TIMED]
    if subscription_id is None or not timed:
        return None, None
    session = tx.session
    subscription = session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if subscription.state == State.CANCELED:
        raise _over(f"subscription {subscription.id} has ended")
    plan = session.get_one(Plan, subscription.plan_id)
    customer = session.get_one(Customer, subscription.customer_id)
    trial = timed[0].kind == "trial"
    anchor, whole, start = _whole(session, subscription, customer, plan, timed[0])
    if start >= whole.end:
        raise _over(f"the part of a period that was ordered is over since {whole.end}")
    if subscription.billed_through is None:
        limit_time(session, subscription, plan, whole.end if trial else start)
    ends = [end for end in (subscription.billing_ends_on, part_ends(session, subscription.id, start)) if end]
    billed = _until(Period(start, whole.end), min(ends, default=None))
    if subscription.billed_through is not None and whole.start < start and anchor != subscription.anchor:
        move_anchor(session, subscription, anchor, start)
    end = billed.end
    phase = "trial" if trial else "recurring"
    event = _BEGINS.get((State(subscription.state), phase))
    state = next_state(TRANSITIONS, State(subscription.state), event).value if event else subscription.state
    session.add(
        SubscriptionEvent(
            subscription_id=subscription.id,
            kind="renewed" if subscription.billed_through else "began",
            effective_on=start,
            details={"proforma_id": proforma.id, "until": end.isoformat()},
            recorded_at=clock.now(),
        )
    )
    advance = Advance(
        anchor=anchor_of_order(customer, subscription.term, end) if trial else anchor,
        state=state,
        phase=phase,
        phase_ends_on=end if trial else _trial_ended(subscription, start),
        billed_through=end,
        paid_through=subscription.paid_through,
        next_bill_on=_next_bill_on(subscription, session.get_one(Seller, proforma.seller_id), plan, billed, phase),
        zone=customer.zone,
        expires_on=end,
    )
    return _Periods(billed, whole), advance


def _whole(
    session: Session, subscription: Subscription, customer: Customer, plan: Plan, line: DocumentLine
) -> tuple[date, Period, date]:
    """The anchor, the cycle, and the first day of it that is billed if the line is paid today."""
    today = clock.today_in(customer.zone)
    if subscription.billed_through is None and line.cycle_start is not None and line.cycle_end is not None:
        first = max(today, line.cycle_start, subscription.started_on)
        if customer.billing_day is None and lasts(plan) and line.cycle_start >= subscription.started_on:
            # a part only because the plan ends by itself: as a whole one it begins when it is paid, as many days long
            return first, Period(first, line.cycle_end + (first - line.cycle_start)), first
        return subscription.anchor, Period(line.cycle_start, line.cycle_end), first
    start, term = _start(session, subscription, plan.renewal_from, today), Term.parse(line.term)
    if customer.billing_day is not None and line.cycle_start is not None and line.cycle_end is not None:
        anchor = anchor_on_day(subscription.anchor, term, customer.billing_day, line.cycle_start)
        # paid days are not bought twice: the part ends on the account's day, whenever it begins
        first = max(start, line.cycle_start, subscription.paid_through or start)
        return anchor, Period(line.cycle_start, line.cycle_end), first
    anchor = start if line.kind == "trial" else anchor_from(subscription.anchor, term, start)
    return anchor, Period(start, cycle(anchor, term, cycle_index(anchor, term, start)).end), start


def _until(whole: Period, ends_on: date | None) -> Period:
    """The cycle, cut off where the subscription ends."""
    if ends_on is None or ends_on >= whole.end:
        return whole
    if ends_on <= whole.start:
        raise _over(f"the subscription has ended on {ends_on}")
    return Period(whole.start, ends_on)


def _over(why: str) -> Conflict:
    return Conflict(why, code="subscription_ended", hint="book the money as the customer's credit")


def _start(session: Session, subscription: Subscription, renewal_from: str, today: date) -> date:
    """By the plan's rule. No day is bought twice: what is paid, or was given, runs to its end first, and only a trial
    that costs nothing ends early, where the plan counts from the payment."""
    expiry = subscription.paid_through
    if expiry is None:
        return max(today, subscription.started_on)  # ordered for a later day
    if renewal_from == "now" and subscription.phase == "trial" and not _paid_trial(session, subscription.id):
        return today
    return expiry if renewal_from == "expiry" else max(expiry, today)


def _trial_ended(subscription: Subscription, start: date) -> date | None:
    ended = subscription.phase_ends_on
    return min(ended, start) if ended is not None and subscription.phase == "trial" else ended


def _paid_trial(session: Session, subscription_id: int) -> bool:
    charged = select(DocumentLine.id).join(Document, Document.id == DocumentLine.document_id)
    charged = charged.where(DocumentLine.subscription_id == subscription_id, DocumentLine.kind == "trial")
    charged = charged.where(Document.kind == Kind.INVOICE.value, DocumentLine.net_minor > 0).limit(1)
    return session.scalar(charged) is not None


def _next_bill_on(subscription: Subscription, seller: Seller, plan: Plan, period: Period, phase: str) -> date | None:
    """Auto: when the next period begins. Manual, or as the plan says: early enough to be paid in time."""
    if subscription.billing_ends_on is not None and subscription.billing_ends_on <= period.end:
        return None
    if subscription.collection != "manual" and (phase == "trial" or not plan.lead_days):
        return period.end
    otherwise = seller.lead_days if subscription.collection == "manual" else 0
    days = plan.lead_days.get(subscription.term, plan.lead_days.get("", otherwise))
    return offered_on(period, days_ahead(days, Term.parse(subscription.term)))
