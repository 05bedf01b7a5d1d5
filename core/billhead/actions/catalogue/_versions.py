"""Versions of prices: added, never edited; and who pays which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.shops._sells import catalogue_of
from billhead.db import Tx
from billhead.domain.changes import DAYS_A_MONTH, price_per_day
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import LARGEST_MINOR, Money, Rounding, round_ratio
from billhead.domain.periods import Term, refuse_far
from billhead.domain.subscription import STANDING
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.models.usage import UsagePrice

__all__ = [
    "Affected",
    "Tag",
    "add_version",
    "affected",
    "normal_term",
    "totals",
]


@dataclass(frozen=True, slots=True)
class Tag:
    """What a price says, in minor units. `credit_minor`: what a reseller pays in credits, None: not for resellers."""

    amount_minor: int
    setup_minor: int = 0
    trial_term: str = ""
    trial_minor: int = 0
    credit_minor: int | None = None
    trial_credit_minor: int | None = None


def normal_term(text: str, field: str = "term") -> str:
    """As terms are kept: "1 month"; "" is something sold once. Raises InvalidInput."""
    if not text.strip():
        return ""
    try:
        return str(Term.parse(text))
    except InvalidInput as error:
        raise InvalidInput(field, error.why, hint=error.hint) from None


def _check_tag(tag: Tag, term: str) -> None:
    """Raises InvalidInput for what no price can say."""
    for field in ("amount_minor", "setup_minor", "trial_minor", "credit_minor", "trial_credit_minor"):
        value = getattr(tag, field)
        if value is not None and (type(value) is not int or not 0 <= value <= LARGEST_MINOR):
            raise InvalidInput(field.removesuffix("_minor"), "must be an amount from zero up")
    if tag.trial_term and not term:
        raise InvalidInput("trial_term", "what is sold once has no trial")
    if not tag.trial_term and (tag.trial_minor or tag.trial_credit_minor):
        raise InvalidInput("trial_term", "say how long the trial is")


def add_version(
    tx: Tx,
    book: PriceBook,
    plan: Plan,
    term: str,
    tag: Tag,
    *,
    valid_from: date | None,
    existing_from: date | None,
    valid_until: date | None = None,
    usage: Mapping[int, dict[str, Any] | None] | None = None,
) -> Price:
    """The next version of (book, plan, term). The caller holds the book locked. `valid_until` is the first day on which
    it is not sold any more; then the one before it is sold again, if that is. `usage`: metric → what its use costs
    from now on, None for nothing; what is not named there stays as it was.

    Raises InvalidInput for another seller's plan or dates that would change the past, Conflict when nothing changes or
    an earlier decision for existing subscriptions would come after this one.
    """
    if plan.seller_id != catalogue_of(tx.session, book.seller_id):
        raise InvalidInput("plan", f"{plan.code} is not this seller's")
    _check_tag(tag, term)
    before = tx.session.scalars(
        select(Price)
        .where(Price.book_id == book.id, Price.plan_id == plan.id, Price.term == term)
        .order_by(Price.version.desc())
    ).all()
    latest = next((one for one in before if one.withdrawn_on is None), None)
    _check_dates(before, valid_from, existing_from)
    for field, day in (("valid_from", valid_from), ("existing_from", existing_from), ("valid_until", valid_until)):
        refuse_far(field, day, clock.latest_today())
    if valid_until is not None and valid_until <= (valid_from or clock.latest_today()):
        raise InvalidInput("valid_until", "must lie after the day from which it is sold")
    same = latest is not None and all(getattr(latest, field) == getattr(tag, field) for field in Tag.__slots__)
    metered = metered_by(tx.session, latest) if latest is not None else {}
    wanted = {metric: terms for metric, terms in {**metered, **(usage or {})}.items() if terms is not None}
    same = same and wanted == metered and latest is not None and latest.valid_until == valid_until
    if same and existing_from is None:
        raise Conflict(f"{plan.name} for {term or 'one time'} costs that already", hint="nothing was changed")
    row = Price(
        book_id=book.id,
        plan_id=plan.id,
        term=term,
        version=before[0].version + 1 if before else 1,
        valid_from=valid_from if valid_from or not before else clock.latest_today() - timedelta(days=1),
        valid_until=valid_until,
        existing_from=existing_from,
        **{field: getattr(tag, field) for field in Tag.__slots__},
    )
    tx.session.add(row)
    tx.session.flush()
    tx.session.add_all([UsagePrice(price_id=row.id, metric_id=metric, terms=terms) for metric, terms in wanted.items()])
    tx.session.flush()
    return row


def latest_of(session: Session, book: PriceBook, plan: Plan, term: str) -> Price | None:
    """The newest version that was not withdrawn, whether it is sold already or not."""
    return session.scalar(
        select(Price)
        .where(Price.book_id == book.id, Price.plan_id == plan.id, Price.term == term, Price.withdrawn_on.is_(None))
        .order_by(Price.version.desc())
        .limit(1)
    )


def metered_by(session: Session, price: Price) -> dict[int, dict[str, Any]]:
    """What the use of each metric costs by this version."""
    rows = session.scalars(select(UsagePrice).where(UsagePrice.price_id == price.id).order_by(UsagePrice.id))
    return {row.metric_id: row.terms for row in rows}


def _check_dates(before: Iterable[Price], valid_from: date | None, existing_from: date | None) -> None:
    today = clock.latest_today()
    if valid_from is not None and before and valid_from < today - timedelta(days=2):
        raise InvalidInput("valid_from", f"{valid_from} has passed: what was sold stays as it was")
    if existing_from is None:
        return
    if existing_from <= today:
        raise InvalidInput("existing_from", f"must lie in the future, got {existing_from}")
    for one in before:
        if one.withdrawn_on is None and one.existing_from is not None and one.existing_from >= existing_from:
            raise Conflict(
                f"another price comes on {one.existing_from} already", hint="withdraw it first, or choose a later day"
            )


def _paying(session: Session, prices: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Of each price: (how many subscriptions pay by it, how many units they have)."""
    part = SubscriptionComponent
    rows = session.execute(
        select(part.price_id, func.count(func.distinct(part.subscription_id)), func.sum(part.quantity))
        .join(Subscription, Subscription.id == part.subscription_id)
        .where(
            part.price_id.in_(list(prices)),
            part.ends_on.is_(None),
            Subscription.state.in_([state.value for state in STANDING]),
            Subscription.settlement == "invoice",
        )
        .group_by(part.price_id)
    )
    return {price_id: (int(count), int(units)) for price_id, count, units in rows}


@dataclass(frozen=True, slots=True)
class Affected:
    """One price that changes: how many subscriptions pay it then, and how much more (or less) that is a month."""

    book: str
    currency: str
    plan: str
    term: str
    old_minor: int
    new_minor: int
    subscriptions: int
    a_month_minor: int


def affected(session: Session, book: PriceBook, plan: Plan, term: str, new_minor: int, on: date) -> Affected:
    """What existing subscriptions would pay from `on` by a new version, against what they would pay without it."""
    chain = session.scalars(
        select(Price)
        .where(Price.book_id == book.id, Price.plan_id == plan.id, Price.term == term, Price.withdrawn_on.is_(None))
        .order_by(Price.version)
    ).all()
    if not chain:
        raise NotFound("price of", f"{plan.code} for {term or 'one time'}")
    counted = _paying(session, [one.id for one in chain])
    count, more = 0, Fraction(0)
    for one in chain:
        subscriptions, units = counted.get(one.id, (0, 0))
        comes = [later for later in chain if later.version > one.version and later.existing_from]
        holds = [later for later in comes if later.existing_from is not None and later.existing_from <= on]
        old = max(holds, key=lambda later: (later.existing_from or on, later.version), default=one)
        count += subscriptions
        if term:
            length = Term.parse(term)
            after, now = Money(new_minor, book.currency), Money(old.amount_minor, book.currency)
            more += (price_per_day(after, length) - price_per_day(now, length)) * DAYS_A_MONTH * units
    a_month = round_ratio(more.numerator, more.denominator, Rounding.HALF_UP)
    return Affected(book.code, book.currency, plan.code, term, chain[-1].amount_minor, new_minor, count, a_month)


def totals(found: Iterable[Affected]) -> Mapping[str, int]:
    """Currency → more a month."""
    sums: dict[str, int] = {}
    for one in found:
        sums[one.currency] = sums.get(one.currency, 0) + one.a_month_minor
    return sums
